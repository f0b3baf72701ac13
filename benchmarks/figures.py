"""From rows to figures: medians with least and most, and how time grows with the horizon."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks.harness import HORIZONS, OUT_OF_MEMORY, Row

GROWS_FROM = "month"  # shorter horizons measure fixed costs


@dataclass(frozen=True)
class Spread:
    """Median, with least and most."""

    middle: float
    low: float
    high: float
    count: int

    def text(self, digits: int = 2) -> str:
        """Such as `3.21 (3.05 to 3.40)`; a single run has no spread."""
        if self.count == 1:
            return f"{self.middle:,.{digits}f}"
        return f"{self.middle:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    return Spread(statistics.median(values), min(values), max(values), len(values))


@dataclass(frozen=True)
class Cell:
    """All runs of one tool on one instance and horizon."""

    rows: tuple[Row, ...]

    @property
    def outcome(self) -> str:
        """That of the worst run."""
        worst = ("failed", OUT_OF_MEMORY, "killed", "stopped", "not tried", "optimal")
        return min((row.outcome for row in self.rows), key=worst.index)

    @property
    def ran(self) -> list[Row]:
        return [row for row in self.rows if row.ran]

    @property
    def last(self) -> Row:
        return (self.ran or list(self.rows))[-1]

    def phase(self, phase: str) -> Spread:
        return spread([row.said["phases_s"][phase] for row in self.ran])

    def of(self, figure: Callable[[Row], float]) -> Spread:
        return spread([figure(row) for row in self.ran])

    @property
    def total(self) -> Spread:
        return self.of(lambda row: row.wall_s)

    @property
    def work(self) -> Spread:
        return self.of(lambda row: row.work_s)

    @property
    def memory(self) -> Spread:
        return self.of(lambda row: row.peak_memory_mb)


Cells = dict[tuple[str, str, str], Cell]


def gather(rows: Iterable[Row]) -> Cells:
    """Cells by (instance, horizon, who), in the order of the rows."""
    rows_of: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        rows_of.setdefault((row.instance, row.horizon, row.who), []).append(row)
    return {key: Cell(tuple(group)) for key, group in rows_of.items()}


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """Slope of log time over log size by least squares; none from fewer than two sizes."""
    if len({size for size, _ in points}) < 2:
        return None
    logs = [(math.log(size), math.log(seconds)) for size, seconds in points]
    x, y = (statistics.fmean(values) for values in zip(*logs, strict=True))
    above = sum((a - x) * (b - y) for a, b in logs)
    return above / sum((a - x) ** 2 for a, _ in logs)


def growth(cells: Cells, instance: str, who: str) -> float | None:
    """Exponent of the work (build to extract) over the horizons from a month on that were solved."""
    from_month = HORIZONS[HORIZONS.index(GROWS_FROM) :]
    cells_from_month = [cells.get((instance, horizon, who)) for horizon in from_month]
    solved = [cell for cell in cells_from_month if cell is not None and cell.outcome == "optimal"]
    return exponent([(cell.last.said["intervals"], cell.work.middle) for cell in solved])
