/* Draws the charts of the dispatch report from its embedded data: power in MW, energy in MWh, prices in yuan/kWh.
   Power and energy are shown in `per_mw` units a MW, called W.mw and W.mwh. */
(function () {
"use strict";
const { D, W, FONT, CONFIG, dark, narrow, css, colour, number, escaped, legendItem, categories, bar } = Page;
const HOUR = 3600000, DAY = 24 * HOUR;
const END = D.start_ms + D.count * D.step_ms;
const PER_HOUR = Math.max(1, Math.round(HOUR / D.step_ms)), PER_DAY = Math.round(DAY / D.step_ms);
const ZERO = 1e-6 * D.per_mw, LEAST = 0.5 * 10 ** -(D.digits + 1); /* less reads as zero */

/* ---- data ---- */
function decode(packed, count = D.count) {
  if ("value" in packed) return new Float64Array(count).fill(packed.value);
  const raw = atob(packed.base64), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  if (packed.type === "f8") return new Float64Array(bytes.buffer);
  return packed.type === "f4" ? new Float32Array(bytes.buffer) : bytes;
}
for (const list of [D.devices, D.curtailed, D.storage, D.prices]) {
  const factor = list === D.prices ? 1 : D.per_mw;
  for (const one of list) { one.values = decode(one.data).map((v) => v * factor); delete one.data; one.shown = true; }
}
for (const s of D.storage) { s.full_mwh *= D.per_mw; if (s.initial_mwh != null) s.initial_mwh *= D.per_mw; }
for (const m of D.months) { if (m.peak_mw != null) m.peak_mw *= D.per_mw; if (m.without_mw != null) m.without_mw *= D.per_mw; }
if (D.periods) D.periods.values = decode(D.periods.codes, D.count * D.periods.each);
const some = (values, test) => { for (const v of values) if (test(v)) return true; return false; };
for (const d of D.devices) {
  d.hasUp = some(d.values, (v) => v > ZERO);
  d.hasDown = some(d.values, (v) => v < -ZERO);
}
/* stacking order from the zero line outward: the grid first, so that a limited peak shows as a flat top; uses start
   with the consumers */
const rank = (order) => (a, b) => order.indexOf(a.role) - order.indexOf(b.role);
const ups = [...D.devices].sort(rank(["grid", "source", "storage", "consumer"])).filter((d) => d.hasUp);
const downs = [...D.devices].sort(rank(["consumer", "storage", "source", "grid"])).filter((d) => d.hasDown);
const consumers = D.devices.filter((d) => d.role === "consumer");
const load = new Float64Array(D.count);
for (const d of consumers) for (let i = 0; i < D.count; i++) load[i] -= d.values[i];
const ends = (() => {
  let high = 0, low = 0;
  for (let i = 0; i < D.count; i++) {
    let up = 0, down = 0;
    for (const d of D.devices) if (d.values[i] > 0) up += d.values[i]; else down += d.values[i];
    for (const c of D.curtailed) up += c.values[i];
    high = Math.max(high, up); low = Math.min(low, down);
  }
  return [low * 1.06, high * 1.06];
})();
const priceEnds = (() => {
  let high = 0, low = 0;
  for (const p of D.prices) for (const v of p.values) { high = Math.max(high, v); low = Math.min(low, v); }
  return [low * 1.1, high * 1.1 || 1];
})();

/* ---- time ---- */
const iso = (ms) => new Date(ms).toISOString().slice(0, 19);
const words = (ms, options) => new Date(ms).toLocaleString(W.locale, { timeZone: "UTC", ...options });
const longDay = (ms) => words(ms, { weekday: "short", day: "numeric", month: "short", year: "numeric" });
const clock = (ms) => iso(ms).slice(11, 16);
const midnight = (ms) => Math.floor(ms / DAY) * DAY;
const startOf = (i) => D.start_ms + i * D.step_ms;
const indexOf = (ms) => Math.round((ms - D.start_ms) / D.step_ms);
const clamp = (v, low, high) => Math.max(low, Math.min(high, v));

const state = { a: 0, b: D.count, mode: "all" };
function span(mode, ms) {
  ms = clamp(ms, D.start_ms, END - 1);
  if (mode === "all") return [D.start_ms, END];
  if (mode === "day") return [midnight(ms), midnight(ms) + DAY];
  if (mode === "week") {
    const monday = midnight(ms) - ((new Date(ms).getUTCDay() + 6) % 7) * DAY;
    return [monday, monday + 7 * DAY];
  }
  const t = new Date(ms);
  return [Date.UTC(t.getUTCFullYear(), t.getUTCMonth(), 1), Date.UTC(t.getUTCFullYear(), t.getUTCMonth() + 1, 1)];
}
function show(from, to, mode) {
  state.a = clamp(indexOf(from), 0, D.count - 1);
  state.b = clamp(indexOf(to), state.a + 1, D.count);
  state.mode = mode;
  draw();
}
const go = (mode, ms) => show(...span(mode, ms), mode);

/* ---- colours ---- */
function veil(hex, alpha) {
  const n = parseInt(hex.slice(1), 16);
  return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
}
const shade = (code) => `rgba(${dark() ? "150,135,215" : "117,95,178"},${D.periods.shades[code]})`;
const PRICES = [["#1c2430", "#e4e9ef"], ["#D55E00", "#F0894B"], ["#009E73", "#22B98D"], ["#CC79A7", "#D98CB6"]];

/* ---- buckets: single intervals, or means of hours or days for long ranges ---- */
function buckets() {
  const days = ((state.b - state.a) * D.step_ms) / DAY;
  const size = days <= 35 ? 1 : days <= 100 ? PER_HOUR : PER_DAY;
  const edges = [state.a];
  for (let i = (Math.floor(state.a / size) + 1) * size; i < state.b; i += size) edges.push(i);
  edges.push(state.b);
  return { size, edges, x: edges.map((i) => iso(startOf(i))) };
}
function means(values, edges, part) {
  const out = [];
  for (let k = 0; k + 1 < edges.length; k++) {
    let sum = 0;
    for (let i = edges[k]; i < edges[k + 1]; i++) sum += part(values[i]);
    out.push(sum / (edges[k + 1] - edges[k]));
  }
  out.push(out[out.length - 1]); /* a step line needs an end point */
  return out;
}
function extremes(values, edges) {
  const low = [], high = [];
  for (let k = 0; k + 1 < edges.length; k++) {
    let least = Infinity, most = -Infinity;
    for (let i = edges[k]; i < edges[k + 1]; i++) { least = Math.min(least, values[i]); most = Math.max(most, values[i]); }
    low.push(least); high.push(most);
  }
  low.push(low[low.length - 1]); high.push(high[high.length - 1]);
  return [low, high];
}
const positive = (v) => (v > 0 ? v : 0), negative = (v) => (v < 0 ? v : 0), same = (v) => v;

/* ---- drawing ---- */
const margins = () => ({ l: narrow() ? 46 : 62, r: narrow() ? 8 : 14, t: 10, b: narrow() ? 52 : 58, pad: 0 });
const coarse = window.matchMedia("(pointer: coarse)").matches;

function layout(name, height, title, y) {
  const text = css("--text"), soft = css("--soft"), line = css("--line");
  const days = ((state.b - state.a) * D.step_ms) / DAY;
  const width = charts[name].clientWidth;
  const font = { family: FONT, size: narrow() ? 11 : 13, color: soft };
  const axis = { tickfont: font, gridcolor: line, zeroline: false, ticks: "", automargin: false };
  const x = {
    ...axis, type: "date", range: [iso(startOf(state.a)), iso(startOf(state.b))], showgrid: true,
    fixedrange: coarse, ticks: "outside", tickcolor: line, nticks: Math.max(3, Math.floor(width / (narrow() ? 70 : 95))),
    title: { text: `${W.local_time} (${D.timezone})`, font: { ...font, size: 12 }, standoff: 4 },
    tickformatstops: [
      { dtickrange: [null, 3600000 * 12], value: days <= 1.01 ? W.clock : W.clock_date },
      { dtickrange: [3600000 * 12, 86400000], value: W.day_date },
      { dtickrange: [86400000, "M1"], value: W.day_month },
      { dtickrange: ["M1", null], value: W.month_year },
    ],
    tickangle: 0, ticklabeloverflow: "hide past div",
  };
  if (days <= 1.01) Object.assign(x, { dtick: HOUR * (width < 500 ? 6 : width < 900 ? 3 : 2), tick0: iso(midnight(startOf(state.a))) });
  else if (days <= 7.01) Object.assign(x, { dtick: DAY * (width < 500 && days > 4 ? 2 : 1), tick0: iso(midnight(startOf(state.a))) });
  if (days < 0.5) delete x.dtick;
  return {
    height, width, autosize: false, margin: margins(), showlegend: false, hovermode: false,
    dragmode: coarse ? false : "zoom", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: FONT, color: text }, xaxis: x, shapes: [], annotations: [],
    yaxis: { ...axis, fixedrange: true, zeroline: true, zerolinecolor: soft, zerolinewidth: 1,
      title: { text: title, font, standoff: 6 }, ...y },
  };
}
const charts = {};
for (const name of ["power", "soc", "price"]) {
  const plot = document.getElementById("chart-" + name);
  if (plot) charts[name] = plot;
}
const flat = { type: "scatter", mode: "lines", hoverinfo: "skip" };
const tip = document.getElementById("tip");

function drawPower(cut) {
  const traces = [], step = { width: 0, shape: "hv" };
  const area = (d, y, group) => traces.push({ ...flat, x: cut.x, y, stackgroup: group, line: step, fillcolor: veil(colour(d.colour), 0.88) });
  for (const d of ups) if (d.shown) area(d, means(d.values, cut.edges, positive), "up");
  for (const c of D.curtailed) {
    if (!c.shown) continue;
    traces.push({ ...flat, x: cut.x, y: means(c.values, cut.edges, same), stackgroup: "up", line: step, fillcolor: "rgba(0,0,0,0)",
      fillpattern: { shape: "/", size: 6, solidity: 0.35, fgcolor: colour(c.colour), bgcolor: "rgba(0,0,0,0)", fillmode: "replace" } });
  }
  for (const d of downs) if (d.shown) area(d, means(d.values, cut.edges, negative), "down");
  if (consumers.length && consumers.some((d) => d.shown)) {
    traces.push({ ...flat, x: cut.x, y: means(load, cut.edges, same), line: { shape: "hv", color: css("--text"), width: cut.edges.length > 800 ? 1 : 1.8 } });
  }
  const L = layout("power", narrow() ? 330 : 430, W.mw, { range: ends });
  const soft = css("--text");
  const seen = D.months.filter((m, k) => m.peak_mw != null && m.first < state.b && (D.months[k + 1] ? D.months[k + 1].first : D.count) > state.a);
  for (const m of seen) {
    const k = D.months.indexOf(m), to = D.months[k + 1] ? D.months[k + 1].first : D.count;
    const a = Math.max(m.first, state.a), b = Math.min(to, state.b);
    L.shapes.push({ type: "line", x0: iso(startOf(a)), x1: iso(startOf(b)), y0: m.peak_mw, y1: m.peak_mw, line: { color: soft, width: 1.4, dash: "dash" } });
  }
  const held = document.getElementById("held"); /* the figure is shown in the legend, where it hides no line */
  if (held) held.textContent = seen.length === 1 ? `${W.peak_held}: ${number(seen[0].peak_mw, D.digits)} ${W.mw}` : W.peak_held;
  return Plotly.react(charts.power, traces, L, CONFIG);
}

function band(cut, values, pair) {
  const [low, high] = extremes(values, cut.edges), line = { width: 0, shape: "hv" };
  return [{ ...flat, x: cut.x, y: low, line }, { ...flat, x: cut.x, y: high, line, fill: "tonexty", fillcolor: veil(colour(pair), 0.16) }];
}
function drawStore(cut) {
  const traces = [];
  const L = layout("soc", narrow() ? 200 : 230, W.percent, { range: [0, 100], dtick: 25 });
  for (const limit of new Set(D.storage.flatMap((s) => [s.low, s.high]))) {
    if (limit > 0 && limit < 1) {
      L.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: 100 * limit, y1: 100 * limit, line: { color: css("--soft"), width: 1, dash: "dash" } });
    }
  }
  for (const s of D.storage) {
    if (!s.shown) continue;
    const share = (mwh) => (100 * mwh) / s.full_mwh;
    if (cut.size > 1) {
      const all = Array.from(s.values, share);
      traces.push(...band(cut, all, s.colour), { ...flat, x: cut.x, y: means(all, cut.edges, same), line: { shape: "hv", color: colour(s.colour), width: 1.5 } });
      continue;
    }
    const x = [], y = [], before = state.a ? s.values[state.a - 1] : s.initial_mwh;
    if (before != null) { x.push(iso(startOf(state.a))); y.push(share(before)); }
    for (let i = state.a; i < state.b; i++) { x.push(iso(startOf(i + 1))); y.push(share(s.values[i])); }
    traces.push({ ...flat, x, y, line: { color: colour(s.colour), width: 2, dash: D.storage.indexOf(s) % 2 ? "6px,2px" : "solid" } });
  }
  return Plotly.react(charts.soc, traces, L, CONFIG);
}
function drawPrice(cut) {
  const L = layout("price", narrow() ? 200 : 230, W.yuan_per_kwh, { range: priceEnds, nticks: 6 });
  if (D.periods && cut.size === 1) {
    const codes = D.periods.values, each = D.periods.each;
    for (let i = state.a * each; i < state.b * each;) {
      let j = i; while (j < state.b * each && codes[j] === codes[i]) j++;
      L.shapes.push({ type: "rect", layer: "below", yref: "paper", y0: 0, y1: 1, x0: iso(startOf(i / each)), x1: iso(startOf(j / each)), line: { width: 0 }, fillcolor: shade(codes[i]) });
      i = j;
    }
  }
  const traces = [];
  D.prices.forEach((p, k) => {
    if (!p.shown) return;
    const pair = PRICES[k % PRICES.length];
    if (cut.size > 1) traces.push(...band(cut, p.values, pair));
    traces.push({ ...flat, x: cut.x, y: means(p.values, cut.edges, same), line: { shape: "hv", color: colour(pair), width: 2, dash: k % 2 ? "dash" : "solid" } });
  });
  return Plotly.react(charts.price, traces, L, CONFIG);
}

function draw() {
  const cut = buckets();
  const done = [drawPower(cut)];
  if (charts.soc) done.push(drawStore(cut));
  if (charts.price) done.push(drawPrice(cut));
  const text = cut.size === 1 ? W.own.replace("{minutes}", number(D.step_ms / 60000, 0)) : cut.size === PER_DAY ? W.daily : W.hourly;
  for (const at of document.querySelectorAll(".resolution")) at.textContent = text;
  const from = startOf(state.a), to = startOf(state.b);
  const range = document.getElementById("range");
  if (range) {
    const whole = from === midnight(from) && to === midnight(to), last = whole ? to - DAY : to;
    range.textContent = whole && last === from ? longDay(from) : whole ? `${longDay(from)} – ${longDay(last)}`
      : `${longDay(from)} ${clock(from)} – ${longDay(to)} ${clock(to)}`;
    for (const b of document.querySelectorAll("[data-mode]")) b.setAttribute("aria-pressed", String(b.dataset.mode === state.mode));
    document.getElementById("previous").disabled = state.a === 0;
    document.getElementById("next").disabled = state.b === D.count;
    document.getElementById("date").value = iso(from).slice(0, 10);
  }
  tip.style.display = "none";
  return Promise.all(done);
}

/* ---- legends ---- */
function legends() {
  const fill = (name, items) => { const at = document.getElementById("legend-" + name); if (at) at.replaceChildren(...items); };
  const both = (d) => (d.hasUp && d.hasDown ? `${d.up} / ${d.down.slice(d.label.length).trim()}` : d.hasUp ? d.up : d.down);
  const order = [...ups, ...downs.filter((d) => !ups.includes(d))];
  const hatch = (pair) => `repeating-linear-gradient(135deg, ${colour(pair)} 0 2px, transparent 2px 5px)`;
  fill("power", [
    ...order.map((d) => legendItem(both(d), colour(d.colour), "", [d], draw)),
    ...D.curtailed.map((c) => legendItem(c.label, hatch(c.colour), "", [c], draw)),
    ...(consumers.length ? [legendItem(W.load, css("--text"), "rule", null)] : []),
    ...(D.months.some((m) => m.peak_mw != null) ? [legendItem(W.peak_held, css("--text"), "dash", null)] : []),
  ]);
  const last = document.querySelector("#legend-power .item:last-child i.dash + span");
  if (last) last.id = "held";
  fill("soc", D.storage.map((s, k) => legendItem(`${s.label}, ${s.full}`, colour(s.colour), k % 2 ? "dash" : "rule", [s], draw)));
  fill("price", [
    ...D.prices.map((p, k) => legendItem(p.label, colour(PRICES[k % PRICES.length]), k % 2 ? "dash" : "rule", [p], draw)),
    ...(D.periods ? [...D.periods.used].reverse().map((code) => legendItem(D.periods.names[code], shade(code), "", null)) : []),
  ]);
}

/* ---- tooltip at the pointer ---- */
const node = (className, text) => { const n = document.createElement("div"); n.className = className; if (text) n.textContent = text; return n; };
function row(name, value, swatch) {
  const line = node("row"), left = document.createElement("span"), right = document.createElement("span");
  left.style.setProperty("--swatch", swatch);
  left.textContent = name; right.textContent = value; line.append(left, right);
  return line;
}
function describe(i, j) {
  const mean = (values, part) => { let s = 0; for (let k = i; k < j; k++) s += part(values[k]); return s / (j - i); };
  const from = startOf(i), to = startOf(j), end = clock(to) === "00:00" ? "24:00" : clock(to);
  const out = [node("when", to - from >= DAY ? longDay(from) : `${longDay(from)}, ${clock(from)}–${end}`)];
  if (D.periods && j - i === 1) {
    const codes = new Set(D.periods.values.slice(i * D.periods.each, j * D.periods.each));
    out.push(node("", [...codes].map((code) => D.periods.names[code]).join(" / ")));
  }
  D.prices.forEach((p, k) => out.push(row(p.label, `${number(mean(p.values, same), 4)} ${W.yuan_per_kwh}`, colour(PRICES[k % PRICES.length]))));
  for (const [title, list, part, key] of [[W.sources, ups, positive, "up"], [W.uses, downs, negative, "down"]]) {
    const rows = [];
    for (const d of list) {
      const mw = Math.abs(mean(d.values, part));
      if (mw >= LEAST) rows.push(row(d[key], `${number(mw, D.digits + 1)} ${W.mw}`, colour(d.colour)));
    }
    if (rows.length) out.push(node("head", title), ...rows);
  }
  for (const c of D.curtailed) { const mw = mean(c.values, same); if (mw >= LEAST) out.push(row(c.label, `${number(mw, D.digits + 1)} ${W.mw}`, colour(c.colour))); }
  if (D.storage.length) out.push(node("head", `${W.stored}, ${j - i === 1 ? clock(to) === "00:00" ? "24:00" : clock(to) : longDay(to - 1) + " 24:00"}`));
  for (const s of D.storage) out.push(row(s.label, `${number(s.values[j - 1], D.digits + 1)} ${W.mwh} · ${number((100 * s.values[j - 1]) / s.full_mwh, 1)} %`, colour(s.colour)));
  return out;
}
function point(event, plot) {
  const m = margins(), box = plot.getBoundingClientRect(), share = (event.clientX - box.left - m.l) / (box.width - m.l - m.r);
  const hide = share < 0 || share >= 1;
  for (const p of Object.values(charts)) {
    const cross = p.parentElement.querySelector(".cross");
    cross.style.display = hide ? "none" : "block";
    cross.style.left = `${event.clientX - box.left}px`;
    cross.style.top = `${m.t}px`; cross.style.height = `${p.clientHeight - m.t - m.b}px`;
  }
  if (hide) { tip.style.display = "none"; return; }
  const cut = buckets(), at = clamp(Math.floor(state.a + share * (state.b - state.a)), state.a, state.b - 1);
  let k = 0; while (cut.edges[k + 1] <= at) k++;
  tip.replaceChildren(...describe(cut.edges[k], cut.edges[k + 1]));
  tip.style.display = "block";
  const left = event.clientX + 18 + tip.offsetWidth > window.innerWidth ? event.clientX - 18 - tip.offsetWidth : event.clientX + 18;
  const top = clamp(event.clientY - tip.offsetHeight / 2, 8, Math.max(8, window.innerHeight - tip.offsetHeight - 8));
  tip.style.left = `${clamp(left, 4, Math.max(4, window.innerWidth - tip.offsetWidth - 4)) + window.scrollX}px`;
  tip.style.top = `${top + window.scrollY}px`;
}
function leave() {
  tip.style.display = "none";
  for (const cross of document.querySelectorAll(".cross")) cross.style.display = "none";
}

/* ---- months ---- */
function drawMonths() {
  const energy = document.getElementById("chart-energy"), peaks = document.getElementById("chart-peaks");
  if (!energy) return [];
  const labels = D.months.map((m) => W.months[Number(m.label.slice(5)) - 1]);
  const sums = (values, part) => D.months.map((m, k) => {
    const to = D.months[k + 1] ? D.months[k + 1].first : D.count;
    let s = 0; for (let i = m.first; i < to; i++) s += part(values[i]);
    return (s * D.step_ms) / HOUR / 1000;
  });
  const bars = [
    ...ups.map((d) => bar(d.up, labels, sums(d.values, positive), colour(d.colour), W.gwh, 2)),
    ...downs.map((d) => bar(d.down, labels, sums(d.values, negative), colour(d.colour), W.gwh, 2)),
  ];
  const rate = (name, y, fill) => bar(name, labels, y, fill, W.mw, D.digits);
  const both = D.months.some((m) => m.without_mw != null);
  const grey = dark() ? "#5b6877" : "#c3ccd6", strong = dark() ? "#3A9BDC" : "#0072B2";
  const rates = [
    ...(both ? [rate(W.without_storage, D.months.map((m) => m.without_mw), grey)] : []),
    rate(both ? W.with_storage : W.peak, D.months.map((m) => m.peak_mw), strong),
  ];
  const at = document.getElementById("legend-energy");
  at.replaceChildren(...[...ups, ...downs.filter((d) => !ups.includes(d))].map((d) => legendItem(d.label, colour(d.colour), "", null)));
  document.getElementById("legend-peaks").replaceChildren(...rates.map((r) => legendItem(r.name, r.marker.color, "", null)));
  const axes = (at, unit, mode) => {
    const L = categories(at, unit, mode);
    L.xaxis.tickvals = narrow() ? labels.filter((_, k) => k % 2 === 0) : labels; /* a phone has no room for twelve */
    return L;
  };
  return [Plotly.react(energy, bars, axes(energy, W.gwh, "relative"), CONFIG), Plotly.react(peaks, rates, axes(peaks, W.mw, "group"), CONFIG)];
}

/* ---- controls and events ---- */
function all() { legends(); return Promise.all([draw(), ...drawMonths()]); }
const page = document.getElementById("controls");
if (page) {
  const middle = () => (startOf(state.a) + startOf(state.b)) / 2;
  for (const b of page.querySelectorAll("[data-mode]")) {
    b.addEventListener("click", () => go(b.dataset.mode, state.mode === "all" ? D.focus_ms : startOf(state.a)));
  }
  const move = (sign) => () => {
    if (["day", "week", "month"].includes(state.mode)) {
      const [from, to] = span(state.mode, middle());
      go(state.mode, sign < 0 ? from - 1 : to);
    } else {
      const width = state.b - state.a, a = clamp(state.a + sign * width, 0, D.count - width);
      show(startOf(a), startOf(a + width), "");
    }
  };
  document.getElementById("previous").addEventListener("click", move(-1));
  document.getElementById("next").addEventListener("click", move(1));
  document.getElementById("date").addEventListener("change", (e) => {
    const ms = Date.parse(e.target.value + "T00:00:00Z");
    if (Number.isFinite(ms)) go(["day", "month"].includes(state.mode) ? state.mode : "week", ms);
  });
}
const home = () => (page ? go("week", clamp(D.focus_ms, D.start_ms, END - 1)) : show(D.start_ms, END, "all"));
async function start() {
  const hash = /^#(day|week|month|all)(?:=(\d{4}-\d\d-\d\d))?$/.exec(location.hash);
  legends();
  if (page && hash) go(hash[1], hash[2] ? Date.parse(hash[2] + "T00:00:00Z") : D.focus_ms); else home();
  await Promise.all(drawMonths());
  for (const plot of Object.values(charts)) {
    plot.on("plotly_relayout", (e) => {
      const from = e["xaxis.range[0]"] || (e["xaxis.range"] || [])[0], to = e["xaxis.range[1]"] || (e["xaxis.range"] || [])[1];
      if (from && to) show(Date.parse(from.replace(" ", "T") + (from.length > 10 ? "Z" : "")), Date.parse(to.replace(" ", "T") + (to.length > 10 ? "Z" : "")), "");
    });
    plot.on("plotly_doubleclick", () => { home(); });
    plot.addEventListener("pointermove", (e) => point(e, plot));
    plot.addEventListener("pointerdown", (e) => point(e, plot));
    plot.addEventListener("pointerleave", leave);
  }
}
Page.add({ start, draw: all });
})();
