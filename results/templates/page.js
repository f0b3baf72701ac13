/* What every page of charts shares: its data and words, colours, legends, plain charts from their description in
   the data (`figures`), and drawing anew where width, light or paper change. */
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
const number = (v, digits) => v.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const font = () => ({ family: FONT, size: narrow() ? 11 : 13, color: css("--soft") });

/* ---- legends: a swatch and a name; a button where `toggled` may be hidden ---- */
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

/* ---- a chart over a few categories: bars beside or upon each other ---- */
function categories(at, title, mode) {
  return {
    height: narrow() ? 240 : 300, width: at.clientWidth, margin: { l: narrow() ? 46 : 62, r: 8, t: 10, b: 40 }, barmode: mode, bargap: 0.25, showlegend: false,
    hovermode: "closest", dragmode: false, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: font(),
    hoverlabel: { font: { family: FONT, size: 13 } },
    xaxis: { type: "category", tickfont: font(), fixedrange: true, tickangle: 0, ticks: "" },
    yaxis: { title: { text: title, font: font(), standoff: 6 }, tickfont: font(), gridcolor: css("--line"), zerolinecolor: css("--soft"), zeroline: true, fixedrange: true, rangemode: "tozero" },
  };
}
const bar = (name, x, y, fill, unit, digits) => ({
  type: "bar", name, x, y, marker: { color: fill }, hovertemplate: `%{x}: %{y:,.${digits}f} ${unit}<extra>${escaped(name)}</extra>`,
});

/* ---- when to draw ---- */
const parts = [];
/* `start` draws the first time, `draw` again; both return promises */
const add = (part) => parts.push(part);
async function start() {
  for (const part of parts) await (part.start || part.draw)();
  const again = () => Promise.all(parts.map((part) => part.draw()));
  let width = window.innerWidth, waiting = 0;
  window.addEventListener("resize", () => {
    if (printing || window.innerWidth === width) return; /* a phone's address bar changes the height only */
    width = window.innerWidth; clearTimeout(waiting); waiting = setTimeout(again, 120);
  });
  light.addEventListener("change", again);
  const paper = (on) => () => { printing = on; root.classList.toggle("paper", on); again(); };
  window.addEventListener("beforeprint", paper(true));
  window.addEventListener("afterprint", paper(false));
  root.dataset.ready = String(document.querySelectorAll(".plot .main-svg").length);
}
return { D, W, FONT, CONFIG, dark, narrow, css, colour, number, escaped, font, legendItem, categories, bar, add,
  start: () => start().catch((e) => { root.dataset.error = String(e); }) };
})();
