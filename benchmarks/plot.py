"""Time against horizon for every tool, log over log; a run beyond its limit is drawn as an arrow at it."""

from pathlib import Path
from typing import Any

from benchmarks.figures import Cells, gather
from benchmarks.harness import HORIZONS, Row
from benchmarks.peers import PEERS
from benchmarks.table import INSTANCES
from benchmarks.works.works_instance import WORKS

OURS = "#c0392b"
SHORT = {
    "gaoan-lp": "a linear program is enough",
    "gaoan": "integer decisions are needed",
    WORKS: "two buses, a unit is committed",
}
# by kind: HiGHS alone grey, Pyomo blue, energy tools green; apart within a kind by marker and shade
STYLES: dict[str, tuple[str, str, str]] = {
    "parkdispatch": (OURS, "o", "-"),
    "highs-lp": ("#333333", "s", "-"),
    "highs-ipm": ("#777777", "s", ":"),
    "highs-milp": ("#000000", "D", "--"),
    "scipy": ("#999999", "v", "-"),
    "pyomo-appsi": ("#1f5fa8", "^", "-"),
    "pyomo-highs": ("#5b9bd5", "v", "--"),
    "reference-appsi": ("#1f5fa8", "P", ":"),
    "reference-highs": ("#5b9bd5", "X", ":"),
    "linopy": ("#e08e0b", "h", "-"),
    "pypsa": ("#2e8b57", "p", "-"),
    "oemof": ("#8e44ad", "*", "-"),
    "flixopt": ("#16a085", "d", "-"),
}


def draw(rows: list[Row], path: Path) -> None:
    """Write the picture; the ending of the path says in which format."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "parkdispatch"  # the same rows give the same file
    import matplotlib.pyplot as plt

    cells = gather(rows)
    shown = [name for name in INSTANCES if any(key[0] == name for key in cells)]
    figure, axes = plt.subplots(
        1, len(shown), figsize=(5.4 * len(shown) + 2.4, 5.2), sharey=True, squeeze=False
    )
    for axis, instance in zip(axes[0], shown, strict=True):
        _panel(axis, cells, instance)
    axes[0][0].set_ylabel("build, hand over, solve and extract [s]")
    # the first panel's, for in the second some are pale
    lines = {line.get_label(): line for axis in reversed(axes[0]) for line in axis.get_lines()}
    named = [entry.title.replace("*", "").replace("`", "") for entry in PEERS.values()]
    order = [name for name in named if name in lines]
    figure.legend(
        [lines[name] for name in order], order, loc="center left", bbox_to_anchor=(0.995, 0.5), frameon=False
    )
    said = "arrow: beyond its limit, the run ended there; pale: a linear relaxation, only a bound"
    figure.text(0.5, -0.02, said, ha="center", fontsize=9, color="#555555")
    figure.tight_layout()
    figure.savefig(path, bbox_inches="tight", dpi=150, metadata=_undated(path))
    plt.close(figure)


def _undated(path: Path) -> dict[str, Any]:
    return {"Date": None} if path.suffix == ".svg" else {}


def _panel(axis: Any, cells: Cells, instance: str) -> None:
    sizes = {
        horizon: cell.last.said["intervals"]
        for (name, horizon, _), cell in cells.items()
        if name == instance and cell.ran
    }
    for who, entry in PEERS.items():
        color, marker, line = STYLES[who]
        cell_of = {h: cells[instance, h, who] for h in HORIZONS if (instance, h, who) in cells}
        is_bound = instance == "gaoan" and not entry.exact
        solved = [(sizes[h], c.work) for h, c in cell_of.items() if c.outcome == "optimal"]
        if not cell_of:
            continue
        style = {"color": color, "marker": marker, "linestyle": line, "markersize": 5.0}
        style |= {"linewidth": 2.6 if who == "parkdispatch" else 1.2}
        style |= {"alpha": 0.35 if is_bound else 1.0, "zorder": 5 if who == "parkdispatch" else 3}
        label = entry.title.replace("*", "").replace("`", "")
        x, middle = [size for size, _ in solved], [work.middle for _, work in solved]
        axis.plot(x, middle, label=label, **style)
        for size, work in solved:
            axis.plot([size, size], [work.low, work.high], color=color, linewidth=1.0, alpha=0.6)
        beyond = [
            (sizes[h], c.last.limit_s)
            for h, c in cell_of.items()
            if c.outcome in ("stopped", "killed") and h in sizes
        ]
        for size, limit in beyond:
            axis.plot(size, limit, marker=r"$\uparrow$", color=color, markersize=11, linestyle="none")
            if solved:
                axis.plot([x[-1], size], [middle[-1], limit], color=color, linestyle=":", linewidth=1.0)
    axis.set_xscale("log"), axis.set_yscale("log")
    axis.set_xticks(list(sizes.values()), [f"{h}\n{n:,}" for h, n in sizes.items()])
    axis.set_xticks([], minor=True)
    axis.grid(which="major", alpha=0.3)
    axis.set_xlabel(f"intervals of {'an hour' if instance == WORKS else '15 minutes'}")
    axis.set_title(f"{instance}: {SHORT[instance]}", fontsize=10)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
