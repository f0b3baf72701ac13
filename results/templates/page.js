/* Shared by all pages with charts: data and words, colours, legends, charts from their descriptions in the data
   (`figures`), and redrawing when the width, the colour scheme or the print mode changes. */
const Page = (function () {
"use strict";
const root = document.documentElement;
const D = JSON.parse(document.getElementById("data").textContent);
const W = D.words;
const FONT = getComputedStyle(document.body).fontFamily;
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: false, displaylogo: false };
let printing = false;

const light = window.matchMedia("(prefers-color-scheme: dark)");
const dark = () => !printing && light.matches;
const narrow = () => !printing && window.innerWidth < 640;
const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const colour = (pair) => pair[dark() ? 1 : 0];
const number = (v, digits) => v.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace(/^-(?=[0.]*$)/, ""); /* no -0.0 */
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const font = () => ({ family: FONT, size: narrow() ? 11 : 13, color: css("--soft") });

/* ---- legends: a swatch and a name; a button if the items in `toggled` can be hidden ---- */
function legendItem(text, mark, className, toggled, redraw) {
  const item = document.createElement(toggled ? "button" : "span");
  const swatch = document.createElement("i");
  if (className) swatch.className = className;
  swatch.style[className ? "borderColor" : "background"] = mark;
  const name = document.createElement("span");
  name.textContent = text;
  item.append(swatch, name);
  if (!toggled) { item.className = "item"; return item; }
  item.type = "button";
  const mirror = () => item.setAttribute("aria-pressed", String(toggled[0].shown));
  item.addEventListener("click", () => { const on = !toggled[0].shown; toggled.forEach((t) => { t.shown = on; }); mirror(); redraw(); });
  mirror();
  return item;
}

/* ---- layout of a bar chart by category, grouped or stacked ---- */
function categories(at, title, mode) {
  return {
    height: narrow() ? 240 : 300, width: at.clientWidth, margin: { l: narrow() ? 46 : 62, r: 8, t: 10, b: 40 }, barmode: mode, bargap: 0.25, showlegend: false,
    hovermode: "closest", dragmode: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: font(),
    hoverlabel: { font: { family: FONT, size: 13 } },
    xaxis: { type: "category", tickfont: font(), ticklabeloverflow: "hide past div", fixedrange: true, tickangle: 0, ticks: "" },
    yaxis: { automargin: true, title: { text: title, font: font(), standoff: 6 }, tickfont: font(), gridcolor: css("--line"), zerolinecolor: css("--soft"), zeroline: true, zerolinewidth: 1.5, tickformat: ",", fixedrange: true, rangemode: "tozero" },
  };
}
const bar = (name, x, y, fill, unit, digits) => ({
  type: "bar", name, x, y, marker: { color: fill }, hovertemplate: `%{x}: %{y:,.${digits}f} ${unit}<extra>${escaped(name)}</extra>`,
});

/* ---- charts from their descriptions ---- */
const pen = document.createElement("canvas").getContext("2d");
/* wrap text to lines of at most `room` pixels, at spaces or between Chinese characters */
function wrapped(text, room) {
  const size = narrow() ? 11 : 13, out = [""];
  pen.font = `${size}px ${FONT}`;
  for (const word of text.match(/[⺀-鿿＀-￯]|[^\s⺀-鿿＀-￯]+\s*|\s+/g) || []) {
    const longer = out[out.length - 1] + word;
    if (out[out.length - 1] && pen.measureText(longer.trimEnd()).width > room) out.push(word); else out[out.length - 1] = longer;
  }
  return { text: out.map((line) => escaped(line.trim())).join("<br>"), width: Math.max(...out.map((line) => pen.measureText(line.trim()).width)), lines: out.length };
}
const signed = (v, digits) => (v > 0 ? "+" : v < 0 ? "−" : "") + number(Math.abs(v), digits);
/* layout of horizontal bars with wrapped names at the left */
function rows(at, f, ends) {
  const names = f.labels.map((text) => wrapped(text, narrow() ? 112 : 250)), left = Math.max(...names.map((n) => n.width)) + 14;
  const step = narrow() ? 13 : 16, height = names.reduce((sum, n) => sum + Math.max(narrow() ? 30 : 32, n.lines * step + 8), 0) + 52;
  const plot = Math.max(60, at.clientWidth - left - (narrow() ? 8 : 14));
  const widest = Math.max(...(f.values || [...f.low, ...f.high]).map((v) => wrapped(signed(v, f.digits), Infinity).width), 30) + 10;
  const room = ((ends[1] - ends[0] || 1) * widest) / (plot - widest); /* space for the figures at the ends of bars */
  return {
    height, width: at.clientWidth, margin: { l: left, r: narrow() ? 8 : 14, t: 6, b: 46 }, showlegend: false, bargap: 0.3, barmode: "overlay",
    hovermode: "closest", dragmode: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: font(),
    hoverlabel: { font: { family: FONT, size: 13 } }, shapes: [], annotations: [],
    yaxis: { autorange: "reversed", tickvals: f.labels.map((_, k) => k), ticktext: names.map((n) => n.text), tickfont: { ...font(), color: css("--text") }, fixedrange: true, showgrid: false, zeroline: false, ticks: "outside", ticklen: 6, tickcolor: "rgba(0,0,0,0)" },
    xaxis: { title: { text: f.unit, font: font(), standoff: 6 }, tickfont: font(), gridcolor: css("--line"), zeroline: true, zerolinecolor: css("--soft"), zerolinewidth: 1.5, fixedrange: true, tickangle: 0, ticklabeloverflow: "hide past div", nticks: narrow() ? 4 : 9, tickformat: ",", range: [ends[0], ends[1] + room] },
  };
}
function drawSteps(at, f) {
  const base = [], size = [...f.values];
  let sum = 0;
  for (const v of f.values) { base.push(sum); sum += v; }
  base.push(0); size.push(sum);
  const edges = base.flatMap((b, k) => [b, b + size[k]]), last = size.length - 1;
  const L = rows(at, f, [Math.min(0, ...edges), Math.max(0, ...edges)]);
  for (let k = 0; k < last; k++) {
    const x = base[k] + size[k];
    L.shapes.push({ type: "line", x0: x, x1: x, y0: k - 0.35, y1: k + 1.35, line: { color: css("--soft"), width: 1, dash: "dot" } });
  }
  /* figures are placed to the right of their bars */
  size.forEach((v, k) => L.annotations.push({ x: Math.max(base[k], base[k] + v), y: k, text: signed(v, f.digits), showarrow: false, xanchor: "left", xshift: 3, font: { ...font(), color: css("--text") } }));
  const fill = size.map((v, k) => colour(k === last ? f.colours.total : v < 0 ? f.colours.down : f.colours.up));
  legend(f, [f.colours.up, f.colours.down, f.colours.total].map((pair, k) => [f.legend[k], pair]));
  return Plotly.react(at, [{
    type: "bar", orientation: "h", y: size.map((_, k) => k), x: size, base, marker: { color: fill },
    hovertemplate: size.map((v, k) => `${escaped(f.labels[k])}: ${signed(v, f.digits)} ${escaped(f.unit)}<extra></extra>`),
  }], L, CONFIG);
}
function drawSpans(at, f) {
  const all = [...f.low, ...f.high, f.middle], L = rows(at, f, [Math.min(...all), Math.max(...all)]);
  const [least, most] = L.xaxis.range, reach = most - Math.max(...all);
  L.xaxis.range = [least - reach, most + reach];
  L.shapes.push({ type: "line", x0: f.middle, x1: f.middle, yref: "paper", y0: 0, y1: 1, line: { color: css("--text"), width: 1.5 } });
  legend(f, [[f.ends[0], f.colours[0]], [f.ends[1], f.colours[1]]]);
  /* the longer bar of a row is drawn below the shorter; if both are on one side, only the longer has a figure */
  const far = f.low.map((low, k) => Math.abs(low - f.middle) >= Math.abs(f.high[k] - f.middle)), same = f.low.map((low, k) => (low - f.middle) * (f.high[k] - f.middle) > 0);
  const side = (low, mute) => {
    const values = low.map((is, k) => (is ? f.low : f.high)[k]);
    return {
      type: "bar", orientation: "h", y: values.map((_, k) => k), x: values.map((v) => v - f.middle), base: f.middle, marker: { color: low.map((is) => colour(f.colours[is ? 0 : 1])) },
      text: values.map((v, k) => (mute && same[k] ? "" : number(v, f.digits))), textposition: "outside", cliponaxis: false, textfont: { ...font(), color: css("--text") }, constraintext: "none",
      hovertemplate: values.map((v, k) => `${escaped(f.labels[k])}, ${escaped(f.ends[low[k] ? 0 : 1])}: ${number(v, f.digits)} ${escaped(f.unit)}<extra></extra>`),
    };
  };
  return Plotly.react(at, [side(far, false), side(far.map((is) => !is), true)], L, CONFIG);
}
function drawBars(at, f) {
  legend(f, f.series.map((s) => [s.name, s.colour]));
  const L = categories(at, f.unit, f.mode), widest = Math.max(...f.labels.map((label) => wrapped(label, Infinity).width)) + 8;
  const every = Math.max(1, Math.ceil((f.labels.length * widest) / Math.max(60, at.clientWidth - 70)));
  L.xaxis.tickvals = f.labels.filter((_, k) => k % every === 0);
  return Plotly.react(at, f.series.map((s) => bar(s.name, f.labels, s.values, colour(s.colour), escaped(f.unit), f.digits)), L, CONFIG);
}
function drawLines(at, f) {
  legend(f, f.series.map((s) => [s.name, s.colour, "rule"]));
  const L = categories(at, f.unit, "group");
  L.xaxis = { ...L.xaxis, type: "linear", gridcolor: css("--line"), zeroline: false, tickformat: "d", nticks: Math.floor(at.clientWidth / 60), title: { text: f.axis, font: font(), standoff: 6 } };
  L.yaxis.rangemode = f.zero ? "tozero" : "normal";
  return Plotly.react(at, f.series.map((s) => ({
    type: "scatter", mode: "lines+markers", name: s.name, x: f.labels, y: s.values, line: { color: colour(s.colour), width: 2 }, marker: { size: 5 },
    hovertemplate: `${escaped(f.axis)} %{x}: %{y:,.${f.digits}f} ${escaped(f.unit)}<extra>${escaped(s.name)}</extra>`,
  })), L, CONFIG);
}
function legend(f, items) {
  const at = document.getElementById("legend-" + f.name);
  if (at) at.replaceChildren(...items.map(([text, pair, className]) => legendItem(text, colour(pair), className || "", null)));
}
const KINDS = { steps: drawSteps, spans: drawSpans, bars: drawBars, lines: drawLines };
const drawFigures = () => Promise.all((D.figures || []).map((f) => KINDS[f.kind](document.getElementById("chart-" + f.name), f)));

/* ---- drawing and redrawing ---- */
const parts = [{ draw: drawFigures }];
/* `start` draws for the first time, `draw` redraws; both return promises */
const add = (part) => parts.push(part);
async function start() {
  for (const part of parts) await (part.start || part.draw)();
  const drawn = () => { root.dataset.ready = String(document.querySelectorAll(".plot .main-svg").length); };
  const again = () => Promise.all(parts.map((part) => part.draw())).then(drawn);
  let width = window.innerWidth, waiting = 0;
  window.addEventListener("resize", () => {
    if (printing || window.innerWidth === width) return; /* the address bar of a phone changes the height only */
    width = window.innerWidth; delete root.dataset.ready; clearTimeout(waiting); waiting = setTimeout(again, 120);
  });
  light.addEventListener("change", again);
  const paper = (on) => () => { printing = on; root.classList.toggle("paper", on); again(); };
  window.addEventListener("beforeprint", paper(true));
  window.addEventListener("afterprint", paper(false));
  drawn();
}
return { D, W, FONT, CONFIG, dark, narrow, css, colour, number, escaped, font, legendItem, categories, bar, add, wrapped, signed, kinds: KINDS,
  start: () => start().catch((e) => { root.dataset.error = String(e); }) };
})();
