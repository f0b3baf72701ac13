"""Calibration: which assumptions inside standard ranges give published figures, and how wide that set is.

    figures measured ── deviation in tolerances ──▶ least squares from seeded starts: the best set
                                               └──▶ behind each corner of the tolerances: how wide the set is

Numbers go by their path in the case; what a figure is, and how it is measured, is the caller's.
"""

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, lsq_linear
from scipy.stats import qmc

from parkdispatch.inputs.schema.calibrated import Calibrated

Array = NDArray[np.float64]
Measure = Callable[[Mapping[str, float]], Sequence[float | None]]  # values by path -> the target figures

UNREACHED = 1e3  # tolerances that a figure counts which does not exist, such as a payback that never comes
STEP = 1e-6  # of a range, for the slopes of least squares
SLOPE = 1e-3  # of a range, for the slopes of a whole neighbourhood
LINEAR_STEPS = 4
EXACT = 0.01  # tolerances: nearer is on the target
INSIDE = 0.999  # of a tolerance: where corners are aimed at, so that rounding does not carry them out
SEED = 2023


@dataclass(frozen=True)
class Target:
    """A published figure and how near it must be met [-]."""

    key: str
    value: float
    within: float


@dataclass(frozen=True)
class Fit:
    """A set of values and how far each target is missed, in its tolerances."""

    values: Mapping[str, float]
    misses: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The largest miss, in tolerances; at most 1 where every target is met."""
        return max(map(abs, self.misses), default=0.0)


@dataclass(frozen=True)
class Width:
    """How far a calibrated number ranges in the sets that meet every target."""

    parameter: Calibrated
    value: float  # of the case
    least: float
    most: float
    sets: int  # that meet every target


class CalibrationSearch:
    """The search for values of `parameters` at which `measure` gives the `targets`.

    Numbers that are whole in the case, named in `whole`, are tried one by one; the others by least squares.
    """

    def __init__(
        self, parameters: Sequence[Calibrated], targets: Sequence[Target], measure: Measure, whole: set[str]
    ) -> None:
        self.parameters, self.targets, self._measure = list(parameters), list(targets), measure
        self.free = [one for one in parameters if one.path not in whole]
        self.whole = [one for one in parameters if one.path in whole]
        self._low = np.array([one.low for one in self.free])
        self._span = np.array([one.high - one.low for one in self.free])

    def misses(self, values: Mapping[str, float]) -> Array:
        """Deviation of each target in its tolerance [-]."""
        found = self._measure(values)
        return np.array(
            [
                UNREACHED if x is None else (x / target.value - 1.0) / target.within
                for x, target in zip(found, self.targets, strict=True)
            ]
        )

    def solve(self, start: Mapping[str, float]) -> Fit:
        """Least squares from a start, inside the ranges."""
        fixed = {one.path: start[one.path] for one in self.whole}
        if not self.free:
            return Fit(fixed, tuple(self.misses(fixed).tolist()))
        inside = np.clip(self._shares(start), 1e-6, 1.0 - 1e-6)

        def residual(share: Array) -> Array:
            return self.misses(self._values(share, fixed))

        found = least_squares(
            residual, inside, bounds=(0.0, 1.0), diff_step=STEP, xtol=1e-9, ftol=1e-9, gtol=1e-9, max_nfev=25
        )
        values = self._values(found.x, fixed)
        return Fit(values, tuple(self.misses(values).tolist()))

    def best(self, starts: int, progress: Callable[[str], None] = lambda _: None) -> Fit:
        """The set nearest to every target, from seeded starts; of equals, that nearest to all middles."""
        found = []
        for fixed in self._whole_numbers():
            progress(f"searching with {', '.join(f'{value:g}' for value in fixed.values()) or 'all'}")
            for share in _seeded(len(self.free), starts):
                found.append(self.solve(self._values(share, fixed)))
                if found[-1].worst <= EXACT:  # all starts that end on the targets end at the same place
                    break
        return min(found, key=lambda fit: (max(fit.worst, EXACT), self._from_middle(fit)))

    def fitting(
        self, start: Mapping[str, float], points: int, progress: Callable[[str], None] = lambda _: None
    ) -> list[Fit]:
        """Sets that meet every target, behind the corners of the tolerances and seeded points in them."""
        aims = self._aims(start, points)
        found = []
        for fixed in self._whole_numbers():
            progress(
                f"every set that fits, with {', '.join(f'{value:g}' for value in fixed.values()) or 'all'}"
            )
            here = self.solve({**start, **fixed})
            # least squares leave no nearer set; where even the nearest is beyond every corner, none fits
            if float(np.linalg.norm(here.misses)) <= np.sqrt(len(self.targets)):
                found += [here, *(self._around(here, aims) if self.free else ())]
        return [fit for fit in found if fit.worst <= 1.0]

    def _around(self, here: Fit, aims: Sequence[Array]) -> Iterator[Fit]:
        """The sets nearest to each aim, by a few linear steps with the slopes at `here`, in range."""
        fixed = {one.path: here.values[one.path] for one in self.whole}
        begin = self._shares(here.values)
        slopes = self._slopes(begin, fixed)
        for aim in aims:
            share, misses = begin, np.array(here.misses)
            for _ in range(LINEAR_STEPS):
                step = lsq_linear(slopes, aim - misses, (-share - 1e-12, 1.0 - share + 1e-12)).x
                share = np.clip(share + step, 0.0, 1.0)
                misses = self.misses(self._values(share, fixed))
            yield Fit(self._values(share, fixed), tuple(misses.tolist()))

    def _slopes(self, share: Array, fixed: Mapping[str, float]) -> Array:
        """How the misses move with each free number over its range, central differences."""
        found = np.zeros((len(self.targets), len(self.free)))
        for column in range(len(self.free)):
            ends = [share.copy(), share.copy()]
            ends[0][column], ends[1][column] = (
                max(0.0, share[column] - SLOPE),
                min(1.0, share[column] + SLOPE),
            )
            low, high = (self.misses(self._values(end, fixed)) for end in ends)
            found[:, column] = (high - low) / (ends[1][column] - ends[0][column])
        return found

    def _aims(self, start: Mapping[str, float], points: int) -> list[Array]:
        """Corners of the tolerances of the targets that the numbers move at all, and points between them."""
        slopes = self._slopes(self._shares(start), {one.path: start[one.path] for one in self.whole})
        moved = np.flatnonzero(np.abs(slopes).max(axis=1, initial=0.0) > STEP)
        corners = [INSIDE * np.array(signs) for signs in itertools.product((-1.0, 1.0), repeat=len(moved))]
        inner = 2.0 * _seeded(len(moved), points) - 1.0
        aims = []
        for aim in (*corners, *inner):
            aims.append(np.zeros(len(self.targets)))
            aims[-1][moved] = aim
        return aims

    def widths(self, values: Mapping[str, float], sets: Sequence[Fit]) -> list[Width]:
        """Least and most of each number in those sets and in `values`."""
        found = []
        for one in self.parameters:
            seen = [values[one.path], *(fit.values[one.path] for fit in sets)]
            found.append(Width(one, values[one.path], min(seen), max(seen), len(sets)))
        return found

    def _values(self, share: Array, fixed: Mapping[str, float]) -> dict[str, float]:
        free = self._low + share * self._span
        return dict(zip([one.path for one in self.free], free.tolist(), strict=True)) | dict(fixed)

    def _shares(self, values: Mapping[str, float]) -> Array:
        """Where in their ranges the free numbers are [-]."""
        return np.asarray((np.array([values[one.path] for one in self.free]) - self._low) / self._span)

    def _whole_numbers(self) -> Iterator[dict[str, float]]:
        ranges = [range(round(one.low), round(one.high) + 1) for one in self.whole]
        for numbers in itertools.product(*ranges):
            yield {one.path: float(n) for one, n in zip(self.whole, numbers, strict=True)}

    def _from_middle(self, fit: Fit) -> float:
        return sum(
            ((fit.values[one.path] - one.low) / (one.high - one.low) - 0.5) ** 2
            for one in self.parameters
            if one.high > one.low
        )


def _seeded(dimensions: int, count: int) -> Array:
    """Points spread evenly in the unit cube, the same every time, shape (count, dimensions)."""
    if dimensions == 0:
        return np.zeros((1, 0))
    return np.asarray(qmc.Sobol(dimensions, seed=SEED).random(count))


def widths_csv(widths: Sequence[Width]) -> str:
    """The width of the fitting set as a CSV file has it, nothing rounded; shares are fractions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "unit", "value", "range_low", "range_high", "fits_least", "fits_most", "sets"])
    for one in widths:
        given = one.parameter
        numbers = [repr(float(x)) for x in (one.value, given.low, given.high, one.least, one.most)]
        writer.writerow([given.path, given.unit, *numbers, one.sets])
    return text.getvalue()
