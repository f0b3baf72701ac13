/* Charts of a sizing study: heat map over power and duration, scatter plots, and distribution functions. */
(function () {
"use strict";
const { CONFIG, FONT, css, colour, number, escaped, font, narrow, dark, signed, wrapped } = Page;

/* ---- legends with the symbols of points ---- */
const GLYPHS = { "circle-open": "○", "square-open": "□", "diamond-open": "◇", "triangle-up-open": "△", "triangle-down-open": "▽", "hexagon-open": "⬡", "star": "★", x: "✕", "circle": "●" };
function item(text, pair, symbol) {
  const at = document.createElement("span"), mark = document.createElement(symbol ? "b" : "i"), name = document.createElement("span");
  at.className = "item";
  if (symbol) { mark.textContent = GLYPHS[symbol]; mark.className = "glyph"; mark.style.color = colour(pair); } else { mark.className = "rule"; mark.style.borderColor = colour(pair); }
  name.textContent = text;
  at.append(mark, name);
  return at;
}
const legend = (f, items) => document.getElementById("legend-" + f.name).replaceChildren(...items);
const ink = () => [css("--text"), css("--text")];

/* ---- axes of numbers ---- */
const axis = (title, range) => ({
  type: "linear", title: { text: title, font: font(), standoff: 6 }, tickfont: font(), gridcolor: css("--line"), zeroline: true, zerolinecolor: css("--soft"), zerolinewidth: 1.5,
  fixedrange: true, tickangle: 0, tickformat: ",", automargin: true, ...(range ? { range } : {}),
});
const layout = (at, height, x, y) => ({
  height, width: at.clientWidth, margin: { l: narrow() ? 46 : 62, r: narrow() ? 12 : 18, t: 12, b: 46 }, showlegend: false, hovermode: "closest", dragmode: false,
  paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: font(), hoverlabel: { font: { family: FONT, size: 13 } }, xaxis: x, yaxis: y,
});
/* a range that includes zero, with a margin at both ends */
function around(values, room) {
  const low = Math.min(0, ...values), high = Math.max(0, ...values), more = (high - low || 1) * room;
  return [low < 0 ? low - more : low - more / 3, high > 0 ? high + more : high + more / 3];
}

/* ---- heat map: blue above zero, orange below, darker with the amount ---- */
const rgb = (hex) => [1, 3, 5].map((k) => parseInt(hex.slice(k, k + 2), 16));
const mixed = (a, b, share) => a.map((v, k) => v + (b[k] - v) * share);
const light = (c) => (0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2]) / 255;
function edges(centres) {
  const mid = centres.slice(1).map((v, k) => (v + centres[k]) / 2), n = centres.length;
  if (n === 1) return [centres[0] - 0.5, centres[0] + 0.5];
  const first = 2 * centres[0] - mid[0]; // of size zero there is little to say: its cells are narrow
  return [centres[0] > 0 ? Math.max(0, first) : -0.3 * mid[0], ...mid, 2 * centres[n - 1] - mid[n - 2]];
}
/* without the sizes of zero, whose numbers are all zero and leave no room on a phone for the others */
function withoutZero(f) {
  return f.x[0] > 0 || f.x.length < 2 ? f : { ...f, x: f.x.slice(1), values: f.values.map((row) => row.slice(1)) };
}
function drawGrid(at, all) {
  const f = narrow() ? withoutZero(all) : all;
  const X = edges(f.x), Y = edges(f.y), rows = f.y.length, columns = f.x.length;
  const height = Math.min(560, rows * (rows > 8 ? 30 : 56)) + 64, L = layout(at, Math.max(height, 200), axis(f.axes[0], [X[0], X[columns]]), axis(f.axes[1], [Y[0], Y[rows]]));
  const low = rgb(colour(f.colours.down)), high = rgb(colour(f.colours.up)), none = dark() ? [27, 33, 41] : [255, 255, 255];
  /* square-root scale, so that sizes near break-even remain distinguishable beside the largest loss */
  const root = (v) => Math.sign(v) * Math.sqrt(Math.abs(v));
  const most = Math.max(1e-9, ...f.values.flat().map((v) => Math.abs(v === null ? 0 : v))), css3 = (c) => `rgb(${c.map(Math.round)})`;
  const fill = (v) => (v === null ? none : mixed(none, v < 0 ? low : high, Math.min(1, root(Math.abs(v)) / root(most)) * 0.85));
  for (const side of [L.xaxis, L.yaxis]) { side.showgrid = false; side.zeroline = false; }
  const some = (ticks, room) => ticks.filter((_, k) => k % Math.max(1, Math.ceil((ticks.length * 40) / room)) === 0);
  L.xaxis.tickvals = some(f.x, at.clientWidth - 80); L.yaxis.tickvals = some(f.y, L.height * 1.6);
  const widths = f.x.map((_, k) => ((X[k + 1] - X[k]) / (X[columns] - X[0])) * (at.clientWidth - (narrow() ? 62 : 84))), wide = Math.min(...widths);
  const words = f.values.map((row) => row.map((v) => (v === null ? "–" : signed(v, f.digits))));
  const fits = widths.every((width, k) => words.every((row) => wrapped(row[k], Infinity).width < width - 6)), tall = (L.height - 58) / rows;
  const cells = { x: [], y: [], text: [], at: [], colours: [], hover: [] };
  f.y.forEach((y, j) => f.x.forEach((x, k) => {
    const near = f.marks.filter((m) => (Math.abs(m.x - x) / (X[k + 1] - X[k])) * wide < wrapped(words[j][k], Infinity).width / 2 + 16 && (Math.abs(m.y - y) / (Y[j + 1] - Y[j])) * tall < 20);
    cells.x.push(x); cells.y.push(y);
    cells.text.push(fits && (!near.length || tall > 44) ? words[j][k] : "");
    cells.at.push(near.length ? (near[0].y >= y ? "bottom center" : "top center") : "middle center");
    cells.colours.push(light(fill(f.values[j][k])) > 0.5 ? "#1c2430" : "#ffffff");
    cells.hover.push(`${escaped(f.axes[0])} ${number(x, 1)}<br>${escaped(f.axes[1])} ${number(y, 1)}<br><b>${words[j][k]} ${escaped(f.unit)}</b>`);
  }));
  const traces = [{
    type: "heatmap", x: X, y: Y, z: f.values.map((row) => row.map((v) => (v === null ? null : root(v)))), zmin: -root(most), zmax: root(most), showscale: false, hoverinfo: "skip", xgap: 1, ygap: 1,
    colorscale: [[0, css3(fill(-most))], [0.5, css3(none)], [1, css3(fill(most))]],
  }];
  const flat = f.values.flat().filter((v) => v !== null), crossed = Math.min(...flat) < 0 && Math.max(...flat) > 0;
  if (crossed) traces.push({ type: "scatter", mode: "lines", ...zeroBoundary(f.values, X, Y), hoverinfo: "skip", line: { color: css("--text"), width: 3 } });
  traces.push({
    type: "scatter", mode: "markers+text", x: cells.x, y: cells.y, text: cells.text, textposition: cells.at, textfont: { size: narrow() ? 11 : 13, family: FONT, color: cells.colours },
    marker: { size: cells.at.map((p) => (p === "middle center" ? 1 : 22)), opacity: 0 }, hovertemplate: cells.hover.map((t) => t + "<extra></extra>"), cliponaxis: true,
  });
  for (const m of f.marks) traces.push(point(m));
  const items = f.marks.map((m) => item(m.name, ink(), m.symbol));
  if (crossed) items.push(item(f.zero, ink()));
  items.push(item(f.signs[0], f.colours.up, "square"), item(f.signs[1], f.colours.down, "square"));
  if (!fits) items.push(item(f.hint, ink(), "none"));
  legend(f, items);
  return Plotly.react(at, traces, L, CONFIG);
}
/* the boundary between cells above zero and the others, as a line with gaps */
function zeroBoundary(values, X, Y) {
  const x = [], y = [], up = (j, k) => values[j] && values[j][k] !== null && values[j][k] !== undefined ? values[j][k] > 0 : null;
  const differ = (a, b) => a !== null && b !== null && a !== b;
  values.forEach((row, j) => row.forEach((_, k) => {
    if (differ(up(j, k), up(j, k + 1))) { x.push(X[k + 1], X[k + 1], null); y.push(Y[j], Y[j + 1], null); }
    if (differ(up(j, k), up(j + 1, k))) { x.push(X[k], X[k + 1], null); y.push(Y[j + 1], Y[j + 1], null); }
  }));
  return { x, y };
}
GLYPHS.square = "■"; GLYPHS.none = "";
/* a mark with a contour, visible on every colour */
function point(m) {
  const open = m.symbol.endsWith("-open");
  return {
    type: "scatter", mode: "markers", x: [m.x], y: [m.y], cliponaxis: false, name: m.name, hovertemplate: `${escaped(m.name)}<br>${escaped(m.hover)}<extra></extra>`,
    marker: { symbol: m.symbol, size: open ? 18 : m.symbol === "star" ? 12 : 9, color: css("--text"), line: { color: open ? css("--text") : css("--page"), width: open ? 2.5 : 1 } },
  };
}

/* ---- scatter plots, with lines through some of the series ---- */
function drawPoints(at, f) {
  const xs = [...f.series.flatMap((s) => s.x), ...f.marks.map((m) => m.x)], ys = [...f.series.flatMap((s) => s.y), ...f.marks.map((m) => m.y)];
  const L = layout(at, narrow() ? 300 : 380, axis(f.axes[0], around(xs, 0.06)), axis(f.axes[1], around(ys, 0.08)));
  L.xaxis.nticks = Math.floor(at.clientWidth / 90);
  const traces = f.series.map((s) => ({
    type: "scatter", mode: s.line ? "lines+markers" : "markers", name: s.name, x: s.x, y: s.y, line: { color: colour(s.colour), width: 2.5 },
    marker: { color: colour(s.colour), size: s.line ? 7 : 6 }, hovertemplate: s.hover.map((t) => `${escaped(t)}<extra></extra>`),
  }));
  for (const m of f.marks) traces.push(point(m));
  legend(f, [...f.series.map((s) => item(s.name, s.colour, s.line ? "" : "circle")), ...f.marks.map((m) => item(m.name, ink(), m.symbol))]);
  return Plotly.react(at, traces, L, CONFIG);
}

/* ---- empirical distribution functions, one per choice ---- */
const DASHES = ["solid", "dash", "dot", "dashdot"];
function drawShares(at, f) {
  const all = f.series.flatMap((s) => s.values), L = layout(at, narrow() ? 280 : 340, axis(f.axes[0], around(all, 0.03)), axis(f.axes[1], [-5, 101])); /* room below 0%, or the first number of the other axis may touch it */
  L.yaxis.ticksuffix = "%"; L.xaxis.zerolinewidth = 2.5; L.xaxis.zerolinecolor = css("--text"); L.xaxis.nticks = Math.floor(at.clientWidth / 90);
  const traces = f.series.map((s, k) => {
    const n = s.values.length;
    return {
      type: "scatter", mode: "lines", name: s.name, x: [s.values[0], ...s.values], y: [0, ...s.values.map((_, i) => (100 * (i + 1)) / n)],
      line: { color: colour(s.colour), width: 2.5, shape: "hv", dash: DASHES[k % DASHES.length] },
      hovertemplate: `%{y:.0f}%: %{x:,.${f.digits}f} ${escaped(f.unit)}<extra>${escaped(s.name)}</extra>`,
    };
  });
  legend(f, f.series.map((s, k) => { const own = item(s.name, s.colour); own.firstChild.style.borderTopStyle = ["solid", "dashed", "dotted", "double"][k % 4]; return own; }));
  return Plotly.react(at, traces, L, CONFIG);
}
Object.assign(Page.kinds, { grid: drawGrid, points: drawPoints, shares: drawShares });
})();
