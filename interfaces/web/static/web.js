/* What pages do beside links and forms; they work without it. */
"use strict";
document.documentElement.classList.add("script");
for (const select of document.querySelectorAll("select[data-submit]")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
/* a form whose answer takes seconds is sent once */
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.querySelectorAll("button").forEach((button) => (button.disabled = true)));
  });
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
/* the page of now loads itself anew while it is looked at and nothing is being read in it */
const reload = document.querySelector('meta[name="parkdispatch-reload"]');
if (reload) {
  setInterval(() => {
    if (document.visibilityState === "visible" && !document.querySelector("details[open]")) location.reload();
  }, 1000 * Number(reload.content));
}
/* the figures of the interval under the pointer, from the table of the chart */
for (const table of document.querySelectorAll("table[data-of]")) {
  const figure = document.getElementById(table.dataset.of), area = figure.querySelector(".area");
  const names = [...table.querySelectorAll("thead th")].slice(1).map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  const cross = document.createElement("div"), read = document.createElement("div");
  cross.className = "cross"; cross.hidden = true; read.className = "read"; read.ariaHidden = "true";
  area.append(cross); figure.querySelector(".frame").after(read);
  area.addEventListener("pointermove", (event) => {
    const box = area.getBoundingClientRect(), share = (event.clientX - box.left) / box.width;
    const at = Math.min(rows.length - 1, Math.max(0, Math.floor(share * rows.length)));
    cross.hidden = false; cross.style.left = `${(100 * (at + 0.5)) / rows.length}%`;
    read.textContent = [rows[at][0], ...names.map((name, k) => `${name} ${rows[at][k + 1] || "–"}`)].join("  ·  ");
  });
  area.addEventListener("pointerleave", () => { cross.hidden = true; read.textContent = ""; });
}
