"""The published tables, in Markdown."""

import csv
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from benchmarks.figures import Cell, Cells, gather, growth
from benchmarks.harness import HORIZONS, OUT_OF_MEMORY, PHASES, Row
from benchmarks.peers import PEERS
from benchmarks.works.works_instance import WORKS

INSTANCES = {
    "gaoan-lp": "surplus sold below every buying price, so that a linear program alone finds the optimum",
    "gaoan": "the park as it is, surplus sold above the valley prices: integer decisions are needed",
    WORKS: "in quarter-hours, two buses with a lossy link, a battery and a unit that is committed",
}


def machine() -> dict[str, str]:
    """What it ran on."""
    return {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "load before": f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "not known",
    }


def _line(path: str, key: str) -> str:
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), "")


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1024**3:.0f} GiB"
    except (AttributeError, ValueError, OSError):
        return "not known"


def render(rows: list[Row], missing: Mapping[str, list[str]], ran_on: Mapping[str, str]) -> str:
    """Everything between the markers of docs/performance.md."""
    cells = gather(rows)
    versions: dict[str, str] = {}
    for row in rows:
        versions |= row.said.get("versions", {})
    parts = [
        "Ran on: " + ", ".join(f"{name} {value}" for name, value in ran_on.items()) + ".",
        "Versions: " + ", ".join(f"{name} {value}" for name, value in versions.items()) + ".",
    ]
    if missing:
        named = (f"{PEERS[who].title} ({', '.join(needs)})" for who, needs in missing.items())
        parts.append("Not installed, so not run: " + "; ".join(named) + ".")
    parts += [_objectives(cells), *(_overview(cells, name) for name in INSTANCES), _ratios(cells)]
    for instance in INSTANCES:
        for horizon in HORIZONS:
            parts.append(_details(cells, instance, horizon))
    return "\n\n".join(part for part in parts if part) + "\n"


def _of(cells: Cells, instance: str, horizon: str) -> dict[str, Cell]:
    return {w: cells[instance, horizon, w] for w in PEERS if (instance, horizon, w) in cells}


def _is_bound(instance: str, who: str) -> bool:
    return instance == "gaoan" and not PEERS[who].exact


def _table(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    head = list(head)
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *lines))


def _objectives(cells: Cells) -> str:
    """What everybody found, and by how much they differ at most."""
    lines = []
    for instance in INSTANCES:
        for horizon in HORIZONS:
            group = _of(cells, instance, horizon)
            objective_of = {
                who: cell.last.said["objective_yuan"]
                for who, cell in group.items()
                if cell.outcome == "optimal" and not _is_bound(instance, who)
            }
            if not objective_of:
                continue
            best = objective_of.get("parkdispatch", min(objective_of.values()))
            apart = max(abs(value - best) for value in objective_of.values()) / max(1.0, abs(best))
            intervals = next(c.last.said["intervals"] for c in group.values() if c.ran)
            agreement = (str(len(objective_of)), f"{apart:.0e}")
            lines.append((instance, horizon, f"{intervals:,}", f"{best:,.2f}", *agreement))
    if not lines:
        return ""
    head = ("instance", "horizon", "intervals", "optimum, yuan", "found by", "largest relative difference")
    return "### The same optimum\n\n" + _table(head, lines)


def brief(cell: Cell, instance: str, who: str) -> str:
    """One cell of the overview: total seconds, or what happened instead."""
    row = cell.last
    if cell.outcome == "killed":
        return f"> {row.limit_s:g}, killed"
    if cell.outcome == "stopped":
        gap = row.said.get("gap")
        return f"> {row.limit_s:g}, " + ("no solution" if gap is None else f"gap {gap:.1e}")
    if cell.outcome == "not tried":
        return f"beyond its limit at the {row.why} already"
    if cell.outcome == OUT_OF_MEMORY:
        return OUT_OF_MEMORY
    if cell.outcome == "failed":
        return f"failed: {row.why}".replace("|", "/")
    return cell.total.text() + (" (a bound only)" if _is_bound(instance, who) else "")


def _overview(cells: Cells, instance: str) -> str:
    """Whole processes, one line a tool."""
    horizons = [h for h in HORIZONS if _of(cells, instance, h)]
    if not horizons:
        return ""
    lines = []
    for who, entry in PEERS.items():
        mine = [cells.get((instance, horizon, who)) for horizon in horizons]
        if any(mine):
            grows = growth(cells, instance, who)
            texts = [brief(cell, instance, who) if cell else "" for cell in mine]
            lines.append([entry.title, *texts, "" if grows is None else f"{grows:.2f}"])
    title = f"### `{instance}`: {INSTANCES[instance]}\n\nSeconds of the whole process, median (least to most)"
    title += " of the runs; the last column is the exponent by which building to extracting grows with the"
    return title + " horizon, from a month on.\n\n" + _table(["", *horizons, "exponent"], lines)


def _ratios(cells: Cells) -> str:
    """Each tool over this project, at the year where there is one."""
    lines = []
    for instance in INSTANCES:
        solved = [h for h in HORIZONS[:4] if (instance, h, "parkdispatch") in cells]
        if not solved:
            continue
        horizon = solved[-1]
        ours = cells[instance, horizon, "parkdispatch"]
        for who, cell in _of(cells, instance, horizon).items():
            if who == "parkdispatch" or not ours.ran:
                continue
            name = [
                instance,
                horizon,
                PEERS[who].title + (" (a bound only)" if _is_bound(instance, who) else ""),
            ]
            if cell.outcome == "optimal":
                pairs = ((cell.total, ours.total), (cell.work, ours.work), (cell.memory, ours.memory))
                lines.append([*name, *(f"{their.middle / mine.middle:.2f}" for their, mine in pairs)])
            elif cell.outcome == "not tried":
                lines.append([*name, brief(cell, instance, who), "", ""])
            elif cell.outcome in ("killed", "stopped"):
                least = cell.last.limit_s
                lines.append(
                    [*name, f"> {least / ours.total.middle:.0f}", f"> {least / ours.work.middle:.0f}", ""]
                )
    if not lines:
        return ""
    head = ("instance", "horizon", "over parkdispatch", "total", "build to extract", "peak memory")
    return "### Times this project's own\n\n" + _table(head, lines)


def _details(cells: Cells, instance: str, horizon: str) -> str:
    """Phases, memory and sizes of one instance and horizon."""
    group = _of(cells, instance, horizon)
    if not group:
        return ""
    lines = []
    for who, cell in group.items():
        title = PEERS[who].title
        if not cell.ran:
            lines.append([title, *["" for _ in PHASES], brief(cell, instance, who), *[""] * 6])
            continue
        said = cell.last.said
        lumped = said["lumped"]
        phases = [f"in {lumped[p]}" if p in lumped else f"{cell.phase(p).middle:.2f}" for p in PHASES]
        gap = "no bound" if said["gap"] is None else f"{said['gap']:.1e}"
        certified = "a bound only" if _is_bound(instance, who) else said["certified_by"]
        sizes = [f"{said[key]:,}" for key in ("rows", "columns", "nonzeros", "binaries")]
        shown = cell.total.text() if cell.outcome == "optimal" else brief(cell, instance, who)
        lines.append([title, *phases, shown, f"{cell.memory.middle:,.0f}", *sizes, f"{gap}, {certified}"])
    head = ["", *(p.replace("_", " ") for p in PHASES), "total, s", "MB", "rows", "columns", "nonzeros"]
    body = _table([*head, "binaries", "gap, certified by"], lines)
    return f"<details><summary>{instance}, {horizon}: phases, memory, sizes</summary>\n\n{body}\n\n</details>"


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """One line a run, for machines."""
    keys = ("intervals", "rows", "columns", "nonzeros", "binaries", "objective_yuan", "bound_yuan", "gap")
    head = ["who", "instance", "horizon", "outcome", "why", "limit_s", "wall_s", "peak_memory_mb"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*head, *(f"{p}_s" for p in PHASES), *keys, "certified_by"])
        for row in rows:
            phases = row.said.get("phases_s", {})
            named = [getattr(row, name) for name in head]
            rest = [*(phases.get(p, "") for p in PHASES), *(row.said.get(k, "") for k in keys)]
            plain = ["" if value is None or str(value) == "nan" else value for value in (*named, *rest)]
            writer.writerow([*plain, row.said.get("certified_by", "")])
