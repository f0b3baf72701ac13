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
const scaled = (packed) => decode(packed).map((v) => v * D.per_mw);
for (const one of [...D.balances.flatMap((b) => [...b.devices, ...b.curtailed]), ...D.storage, ...D.set_points, ...D.imports, ...D.activities, ...D.flows]) {
  one.values = scaled(one.data); delete one.data; one.shown = true;
}
for (const p of D.prices) { p.values = decode(p.data); delete p.data; p.shown = true; }
for (const s of D.storage) { s.full_mwh *= D.per_mw; if (s.initial_mwh != null) s.initial_mwh *= D.per_mw; }
for (const a of D.activities) {
  a.most_mw *= D.per_mw; a.running = decode(a.on); if (a.usual) a.usual = scaled(a.usual);
}
for (const p of D.set_points) p.most_mw *= D.per_mw;
for (const f of D.flows) f.shares = decode(f.loading).map((v) => 100 * v);
for (const m of D.months) { if (m.peak_mw != null) m.peak_mw *= D.per_mw; if (m.without_mw != null) m.without_mw *= D.per_mw; }
if (D.periods) D.periods.values = decode(D.periods.codes, D.count * D.periods.each);
const some = (values, test) => { for (const v of values) if (test(v)) return true; return false; };
/* stacking order from the zero line outward: the grid first, so that a limited peak shows as a flat top; uses start
   with the consumers */
const rank = (order) => (a, b) => order.indexOf(a.role) - order.indexOf(b.role);
for (const b of D.balances) {
  for (const d of b.devices) {
    d.hasUp = some(d.values, (v) => v > ZERO);
    d.hasDown = some(d.values, (v) => v < -ZERO);
  }
  b.electric = b.carrier === "electricity";
  b.name = b.electric ? "power" : b.carrier; /* of its chart */
  b.stores = D.storage.filter((s) => s.carrier === b.carrier);
  b.ups = [...b.devices].sort(rank(["grid", "source", "storage", "consumer"])).filter((d) => d.hasUp);
  b.downs = [...b.devices].sort(rank(["consumer", "storage", "source", "grid"])).filter((d) => d.hasDown);
  b.consumers = b.devices.filter((d) => d.role === "consumer");
  for (const d of b.consumers) d.shown = false; /* their sum is the line; what it consists of can be shown */
  b.demand = new Float64Array(D.count);
  for (const d of b.consumers) for (let i = 0; i < D.count; i++) b.demand[i] -= d.values[i];
}
/* the least and the largest that is stacked of what is shown, and the line of the demand */
function ends(b) {
  let high = 0, low = 0;
  for (let i = 0; i < D.count; i++) {
    let up = 0, down = 0;
    for (const d of b.devices) if (d.shown) if (d.values[i] > 0) up += d.values[i]; else down += d.values[i];
    for (const c of b.curtailed) if (c.shown) up += c.values[i];
    high = Math.max(high, up, b.demand[i]); low = Math.min(low, down);
  }
  return [low * 1.06, high * 1.06 || 1];
}
const power = D.balances[0], levelName = (b) => (b.electric ? "soc" : `${b.carrier}-level`);
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
const PRICES = [["#1c2430", "#e4e9ef"], ["#D55E00", "#F0894B"], ["#009E73", "#22B98D"], ["#CC79A7", "#D98CB6"], ["#0072B2", "#56B4E9"], ["#9A6700", "#E3B341"], ["#7A4FBF", "#A98BE0"], ["#5C6B7A", "#93A1AF"]];

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
for (const name of [...D.balances.flatMap((b) => [b.name, levelName(b)]), "set-points", "imports", "activities", "flows", "price"]) {
  const plot = document.getElementById("chart-" + name);
  if (plot) charts[name] = plot;
}
const flat = { type: "scatter", mode: "lines", hoverinfo: "skip" };
const tip = document.getElementById("tip");

function drawBalance(cut, b) {
  const traces = [], step = { width: 0, shape: "hv" };
  const area = (d, y, group) => traces.push({ ...flat, x: cut.x, y, stackgroup: group, line: step, fillcolor: veil(colour(d.colour), 0.88) });
  for (const d of b.ups) if (d.shown) area(d, means(d.values, cut.edges, positive), "up");
  for (const c of b.curtailed) {
    if (!c.shown) continue;
    traces.push({ ...flat, x: cut.x, y: means(c.values, cut.edges, same), stackgroup: "up", line: step, fillcolor: "rgba(0,0,0,0)",
      fillpattern: { shape: "/", size: 6, solidity: 0.35, fgcolor: colour(c.colour), bgcolor: "rgba(0,0,0,0)", fillmode: "replace" } });
  }
  for (const d of b.downs) if (d.shown) area(d, means(d.values, cut.edges, negative), "down");
  if (b.consumers.length) {
    traces.push({ ...flat, x: cut.x, y: means(b.demand, cut.edges, same), line: { shape: "hv", color: css("--text"), width: cut.edges.length > 800 ? 1 : 1.8 } });
  }
  const height = b.electric ? (narrow() ? 330 : 430) : narrow() ? 250 : 300;
  const L = layout(b.name, height, W.mw, { range: ends(b) });
  return Plotly.react(charts[b.name], traces, L, CONFIG);
}
/* a row for each store: its set point, above zero while it discharges */
function drawSetPoints(cut) {
  const rows = D.set_points, traces = [], gap = 0.16 / rows.length, line = { width: 0, shape: "hv" };
  const L = layout("set-points", (narrow() ? 118 : 132) * rows.length + margins().t + margins().b, "", {});
  const axis = L.yaxis, size = narrow() ? 11 : 13; delete L.yaxis;
  rows.forEach((p, k) => {
    const name = k ? `yaxis${k + 1}` : "yaxis", top = 1 - k / rows.length, most = p.most_mw;
    L[name] = { ...axis, title: { text: "" }, domain: [top - 1 / rows.length, top - gap], range: [-most * 1.05, most * 1.05], tickvals: [-most, 0, most], tickformat: `,.${D.digits}~f` };
    for (const part of [positive, negative]) {
      traces.push({ ...flat, x: cut.x, y: means(p.values, cut.edges, part), yaxis: k ? `y${k + 1}` : "y", line, fill: "tozeroy", fillcolor: veil(colour(p.colour), 0.88) });
    }
    const text = { xref: "paper", yref: "paper", y: top - gap, yanchor: "bottom", showarrow: false, borderpad: 0 };
    L.annotations.push({ ...text, x: 0, xanchor: "left", text: escaped(p.label), font: { family: FONT, size, color: css("--text") } });
    L.annotations.push({ ...text, x: 1, xanchor: "right", text: escaped(p.energy), font: { family: FONT, size: size - 1, color: css("--soft") } });
  });
  L.xaxis.anchor = rows.length > 1 ? `y${rows.length}` : "y";
  return Plotly.react(charts["set-points"], traces, L, CONFIG);
}
/* what is bought at each connection, beside the peak that the month is billed */
function drawImports(cut) {
  let high = 0;
  for (const g of D.imports) if (g.shown) for (const v of g.values) high = Math.max(high, v);
  for (const m of D.months) high = Math.max(high, m.peak_mw || 0, m.without_mw || 0);
  const L = layout("imports", narrow() ? 220 : 260, W.mw, { range: [0, high * 1.08 || 1] }), traces = [], line = { width: 0, shape: "hv" };
  for (const g of D.imports) {
    if (!g.shown) continue;
    if (cut.size > 1) traces.push(...band(cut, g.values, g.colour));
    traces.push({ ...flat, x: cut.x, y: means(g.values, cut.edges, same), stackgroup: cut.size > 1 ? undefined : "bought", line: cut.size > 1 ? { shape: "hv", color: colour(g.colour), width: 1.5 } : line, fillcolor: veil(colour(g.colour), 0.88) });
  }
  const seen = D.months.filter((m, k) => m.first < state.b && (D.months[k + 1] ? D.months[k + 1].first : D.count) > state.a);
  for (const m of seen) {
    const k = D.months.indexOf(m), to = D.months[k + 1] ? D.months[k + 1].first : D.count;
    const x0 = iso(startOf(Math.max(m.first, state.a))), x1 = iso(startOf(Math.min(to, state.b)));
    for (const [mw, dash, tone] of [[m.peak_mw, "dash", "--text"], [m.without_mw, "dot", "--soft"]]) {
      if (mw != null) L.shapes.push({ type: "line", x0, x1, y0: mw, y1: mw, line: { color: css(tone), width: 1.4, dash } });
    }
  }
  const told = (id, name, key) => { /* figures are shown in the legend, where they hide no line */
    const at = document.getElementById(id), known = seen.filter((m) => m[key] != null);
    if (at) at.textContent = known.length === 1 ? `${name}: ${number(known[0][key], D.digits)} ${W.mw}` : name;
  };
  told("held", W.peak_held, "peak_mw"); told("held-without", W.peak_without, "without_mw");
  return Plotly.react(charts.imports, traces, L, CONFIG);
}

function band(cut, values, pair) {
  const [low, high] = extremes(values, cut.edges), line = { width: 0, shape: "hv" };
  return [{ ...flat, x: cut.x, y: low, line }, { ...flat, x: cut.x, y: high, line, fill: "tonexty", fillcolor: veil(colour(pair), 0.16) }];
}
function drawLevel(cut, b) {
  const traces = [];
  const L = layout(levelName(b), narrow() ? 200 : 230, b.share, { range: [0, 100], dtick: 25 });
  for (const limit of new Set(b.stores.flatMap((s) => [s.low, s.high]))) {
    if (limit > 0 && limit < 1) {
      L.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: 100 * limit, y1: 100 * limit, line: { color: css("--soft"), width: 1, dash: "dash" } });
    }
  }
  for (const s of b.stores) {
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
    traces.push({ ...flat, x, y, line: { color: colour(s.colour), width: 2, dash: b.stores.indexOf(s) % 2 ? "6px,2px" : "solid" } });
  }
  return Plotly.react(charts[levelName(b)], traces, L, CONFIG);
}
/* a row for each unit, work and interruption: whether it is on, its power, its usual power */
function drawActivities(cut) {
  const rows = D.activities, traces = [], full = 0.62; /* of a row; above it is its name */
  const L = layout("activities", 48 * rows.length + margins().t + margins().b, "", { range: [0, rows.length], showticklabels: false, showgrid: false, zeroline: false });
  const line = { width: 0, shape: "hv" };
  rows.forEach((a, k) => {
    const base = rows.length - 1 - k, share = (mw) => base + (full * Math.max(0, mw)) / a.most_mw, ground = cut.x.map(() => base);
    const area = (y, alpha) => traces.push({ ...flat, x: cut.x, y: ground, line }, { ...flat, x: cut.x, y, line, fill: "tonexty", fillcolor: veil(colour(a.colour), alpha) });
    area(means(a.running, cut.edges, (on) => base + full * on), 0.2);
    area(means(a.values, cut.edges, share), 0.88);
    if (a.usual) traces.push({ ...flat, x: cut.x, y: means(a.usual, cut.edges, share), line: { shape: "hv", color: css("--text"), width: 1.3, dash: "dot" } });
    L.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: base, y1: base, line: { color: css("--soft"), width: 1 } });
    const text = { xref: "paper", y: base + full, yanchor: "bottom", showarrow: false, borderpad: 0 };
    const size = narrow() ? 11 : 13;
    L.annotations.push({ ...text, x: 0, xanchor: "left", text: escaped(a.label), font: { family: FONT, size, color: css("--text") } });
    L.annotations.push({ ...text, x: 1, xanchor: "right", text: W.of.replace("{most}", a.most), font: { family: FONT, size: size - 1, color: css("--soft") } });
  });
  return Plotly.react(charts.activities, traces, L, CONFIG);
}
/* loading in % of the limit, with the sign of the flow */
function drawFlows(cut) {
  let high = 100, low = 0;
  for (const f of D.flows) for (const v of f.shares) { high = Math.max(high, v); low = Math.min(low, v); }
  if (low < -1) low = Math.min(low, -100);
  const L = layout("flows", narrow() ? 250 : 300, "%", { range: [low * 1.06, high * 1.06], dtick: low < 0 ? 50 : 25 }), traces = [];
  for (const limit of low < 0 ? [-100, 100] : [100]) {
    L.shapes.push({ type: "line", xref: "paper", x0: 0, x1: 1, y0: limit, y1: limit, line: { color: css("--soft"), width: 1, dash: "dash" } });
  }
  D.flows.forEach((f, k) => {
    if (!f.shown) return;
    if (cut.size > 1) traces.push(...band(cut, f.shares, f.colour));
    traces.push({ ...flat, x: cut.x, y: means(f.shares, cut.edges, same), line: { shape: "hv", color: colour(f.colour), width: 2, dash: k % 2 ? "6px,2px" : "solid" } });
  });
  return Plotly.react(charts.flows, traces, L, CONFIG);
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
  const done = D.balances.filter((b) => charts[b.name]).map((b) => drawBalance(cut, b));
  for (const b of D.balances) if (charts[levelName(b)]) done.push(drawLevel(cut, b));
  if (charts["set-points"]) done.push(drawSetPoints(cut));
  if (charts.imports) done.push(drawImports(cut));
  if (charts.activities) done.push(drawActivities(cut));
  if (charts.flows) done.push(drawFlows(cut));
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
  const hatch = (pair) => `repeating-linear-gradient(135deg, ${colour(pair)} 0 2px, transparent 2px 5px)`;
  for (const b of D.balances) {
    const order = [...b.ups, ...b.downs.filter((d) => !b.ups.includes(d))];
    fill(b.name, [
      ...order.map((d) => legendItem(both(d), colour(d.colour), "", [d], draw)),
      ...b.curtailed.map((c) => legendItem(c.label, hatch(c.colour), "", [c], draw)),
      ...(b.consumers.length ? [legendItem(b.load, css("--text"), "rule", null)] : []),
    ]);
    fill(levelName(b), b.stores.map((s, k) => legendItem(`${s.label}, ${s.full}`, colour(s.colour), k % 2 ? "dash" : "rule", [s], draw)));
  }
  const marked = (id, item) => { item.querySelector("span").id = id; return item; };
  fill("imports", [
    ...D.imports.map((g) => legendItem(g.label, colour(g.colour), "", D.imports.length > 1 ? [g] : null, draw)),
    ...(D.months.some((m) => m.peak_mw != null) ? [marked("held", legendItem(W.peak_held, css("--text"), "dash", null))] : []),
    ...(D.months.some((m) => m.without_mw != null) ? [marked("held-without", legendItem(W.peak_without, css("--soft"), "dash", null))] : []),
  ]);
  fill("flows", D.flows.map((f, k) => legendItem(`${f.label}, ${f.rating}`, colour(f.colour), k % 2 ? "dash" : "rule", [f], draw)));
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
/* what is told depends on the chart: a balance with its stores, activities, flows; on all others, electricity */
function describe(i, j, plot) {
  const mean = (values, part) => { let s = 0; for (let k = i; k < j; k++) s += part(values[k]); return s / (j - i); };
  const from = startOf(i), to = startOf(j), end = clock(to) === "00:00" ? "24:00" : clock(to);
  const out = [node("when", to - from >= DAY ? longDay(from) : `${longDay(from)}, ${clock(from)}–${end}`)];
  const mw = (v) => `${number(v, D.digits + 1)} ${W.mw}`;
  if (D.periods && j - i === 1) {
    const codes = new Set(D.periods.values.slice(i * D.periods.each, j * D.periods.each));
    out.push(node("", [...codes].map((code) => D.periods.names[code]).join(" / ")));
  }
  if (plot === charts.activities) {
    for (const a of D.activities) {
      const told = mean(a.running, same) > 0 ? mw(mean(a.values, same)) : W.off;
      out.push(row(a.label, a.usual ? `${told}, ${W.usual.replace("{power}", mw(mean(a.usual, same)))}` : told, colour(a.colour)));
    }
    return out;
  }
  if (plot === charts.flows) {
    for (const f of D.flows) out.push(row(f.label, `${mw(mean(f.values, same))} · ${number(mean(f.shares, same), 1)} %`, colour(f.colour)));
    return out;
  }
  const b = D.balances.find((b) => plot === charts[b.name] || plot === charts[levelName(b)]) || power;
  D.prices.forEach((p, k) => out.push(row(p.label, `${number(mean(p.values, same), 4)} ${W.yuan_per_kwh}`, colour(PRICES[k % PRICES.length]))));
  for (const [title, list, part, key] of [[W.sources, b.ups, positive, "up"], [W.uses, b.downs, negative, "down"]]) {
    const rows = [];
    for (const d of list) {
      const power_mw = Math.abs(mean(d.values, part));
      if (power_mw >= LEAST) rows.push(row(d[key], mw(power_mw), colour(d.colour)));
    }
    if (rows.length) out.push(node("head", title), ...rows);
  }
  for (const c of b.curtailed) { const lost = mean(c.values, same); if (lost >= LEAST) out.push(row(c.label, mw(lost), colour(c.colour))); }
  if (b.stores.length) out.push(node("head", `${b.stored}, ${j - i === 1 ? clock(to) === "00:00" ? "24:00" : clock(to) : longDay(to - 1) + " 24:00"}`));
  for (const s of b.stores) out.push(row(s.label, `${number(s.values[j - 1], D.digits + 1)} ${W.mwh} · ${number((100 * s.values[j - 1]) / s.full_mwh, 1)} %`, colour(s.colour)));
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
  tip.replaceChildren(...describe(cut.edges[k], cut.edges[k + 1], plot));
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
    ...power.ups.map((d) => bar(d.up, labels, sums(d.values, positive), colour(d.colour), W.gwh, 2)),
    ...power.downs.map((d) => bar(d.down, labels, sums(d.values, negative), colour(d.colour), W.gwh, 2)),
  ];
  const rate = (name, y, fill) => bar(name, labels, y, fill, W.mw, D.digits);
  const both = D.months.some((m) => m.without_mw != null);
  const grey = dark() ? "#5b6877" : "#c3ccd6", strong = dark() ? "#3A9BDC" : "#0072B2";
  const rates = [
    ...(both ? [rate(W.without_storage, D.months.map((m) => m.without_mw), grey)] : []),
    rate(both ? W.with_storage : W.peak, D.months.map((m) => m.peak_mw), strong),
  ];
  const at = document.getElementById("legend-energy");
  at.replaceChildren(...[...power.ups, ...power.downs.filter((d) => !power.ups.includes(d))].map((d) => legendItem(d.label, colour(d.colour), "", null)));
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
