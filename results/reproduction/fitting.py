"""Calibration: the assumptions inside standard ranges that reproduce published figures, and their spread.

    figures ── deviation / tolerance ──▶ bounded least squares from seeded starts: the best fit
                                    └──▶ fits to the corners of the tolerances: the spread of fitting sets

Parameters are named by their path in the case; the caller supplies the function that computes the figures.
"""

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares, lsq_linear
from scipy.stats import qmc

from parkdispatch.inputs.schema.calibrated import Calibrated

Array = NDArray[np.float64]
Measure = Callable[[Mapping[str, float]], Sequence[float | None]]  # values by path -> the target figures

UNREACHED = 1e3  # [tolerances] residual of a figure that does not exist, such as a payback never reached
STEP = 1e-6  # of a range: difference step of least squares
SLOPE = 1e-3  # of a range: difference step of the slopes for linear steps
LINEAR_STEPS = 4
EXACT = 0.01  # [tolerances] a smaller residual counts as exact
PROFILE_STEPS = 24  # values across the range of an assumed parameter
INSIDE = 0.999  # of a tolerance: corners aimed at, kept inside against rounding
SEED = 2023


@dataclass(frozen=True)
class Target:
    """A published figure and its relative tolerance [-]."""

    key: str
    value: float
    within: float


@dataclass(frozen=True)
class Fit:
    """A set of parameter values, and its residual of each target in tolerances."""

    values: Mapping[str, float]
    misses: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The largest absolute residual [tolerances]; at most 1 where every target is met."""
        return max(map(abs, self.misses), default=0.0)


@dataclass(frozen=True)
class Width:
    """The spread of a calibrated number over the sets that meet every target."""

    parameter: Calibrated
    value: float  # in the case
    least: float
    most: float
    sets: int  # number of sets that meet every target


class CalibrationSearch:
    """Least-squares search for values of `parameters` at which `measure` reproduces the `targets`.

    Integer parameters, named in `whole`, are enumerated; the others are fitted by least squares. Assumed ones
    stay at their start, because others make up for them; how far they may go is found by `_profiles`.
    """

    def __init__(
        self, parameters: Sequence[Calibrated], targets: Sequence[Target], measure: Measure, whole: set[str]
    ) -> None:
        self.parameters, self.targets, self._measure = list(parameters), list(targets), measure
        self.assumed = [parameter for parameter in parameters if parameter.assumed]
        self.free = [p for p in parameters if p.path not in whole and not p.assumed]
        self.whole = [parameter for parameter in parameters if parameter.path in whole]
        self._low = np.array([parameter.low for parameter in self.free])
        self._span = np.array([parameter.high - parameter.low for parameter in self.free])

    def misses(self, values: Mapping[str, float]) -> Array:
        """Relative deviation of each target in its tolerances, (targets,)."""
        figures = self._measure(values)
        return np.array(
            [
                UNREACHED if figure is None else (figure / target.value - 1.0) / target.within
                for figure, target in zip(figures, self.targets, strict=True)
            ]
        )

    def solve(self, start: Mapping[str, float]) -> Fit:
        """Bounded least squares from a start; integer parameters stay at their start."""
        fixed = self._fixed(start)
        if not self.free:
            return Fit(fixed, tuple(self.misses(fixed).tolist()))
        inside = np.clip(self._shares(start), 1e-6, 1.0 - 1e-6)

        def residual(share: Array) -> Array:
            return self.misses(self._values(share, fixed))

        solution = least_squares(
            residual, inside, bounds=(0.0, 1.0), diff_step=STEP, xtol=1e-9, ftol=1e-9, gtol=1e-9, max_nfev=25
        )
        values = self._values(solution.x, fixed)
        return Fit(values, tuple(self.misses(values).tolist()))

    def best(
        self,
        starts: int,
        progress: Callable[[str], None] = lambda _: None,
        assumed: Mapping[str, float] = MappingProxyType({}),
    ) -> Fit:
        """The best fit over seeded starts; among equals, the one nearest to the middle of the ranges.

        `assumed` are the values of the assumed parameters, by path.
        """
        fits: list[Fit] = []
        for whole in self._whole_numbers():
            fixed = {**whole, **{parameter.path: assumed[parameter.path] for parameter in self.assumed}}
            progress(f"searching with {_listed(whole)}")
            for share in _seeded(len(self.free), starts):
                fits.append(self.solve(self._values(share, fixed)))
                if fits[-1].worst <= EXACT:  # exact fits from other starts are the same
                    break
        return min(fits, key=lambda fit: (max(fit.worst, EXACT), self._from_middle(fit)))

    def fitting(
        self, start: Mapping[str, float], points: int, progress: Callable[[str], None] = lambda _: None
    ) -> list[Fit]:
        """Sets that meet every target: fits to the corners of the tolerances and to seeded points inside."""
        aims = self._aims(start, points)
        fits: list[Fit] = []
        for fixed in self._whole_numbers():
            progress(f"every set that fits, with {_listed(fixed)}")
            nearest = self.solve({**start, **fixed})
            # if even the least-squares fit lies farther than a corner of the tolerances, no set fits
            if float(np.linalg.norm(nearest.misses)) <= np.sqrt(len(self.targets)):
                fits += [nearest, *(self._around(nearest, aims) if self.free else ())]
                fits += self._profiles(nearest)
        return [fit for fit in fits if fit.worst <= 1.0]

    def _profiles(self, centre: Fit) -> Iterator[Fit]:
        """Fits with each assumed parameter at other values of its range, all searched ones fitted anew.

        From the centre outwards in both directions, each fit begun at the one before, until none fits.
        """
        for parameter in self.assumed:
            grid = np.linspace(parameter.low, parameter.high, PROFILE_STEPS + 1)
            value = centre.values[parameter.path]
            for outwards in (grid[grid > value], grid[grid < value][::-1]):
                fit = centre
                for further in outwards.tolist():
                    fit = self.solve({**fit.values, parameter.path: further})
                    if fit.worst > 1.0:
                        break
                    yield fit

    def _around(self, centre: Fit, aims: Sequence[Array]) -> Iterator[Fit]:
        """The set nearest to each aimed residual, by bounded linear steps with the slopes at `centre`."""
        fixed = self._fixed(centre.values)
        start = self._shares(centre.values)
        slopes = self._slopes(start, fixed)
        for aim in aims:
            share, misses = start, np.array(centre.misses)
            for _ in range(LINEAR_STEPS):
                step = lsq_linear(slopes, aim - misses, (-share - 1e-12, 1.0 - share + 1e-12)).x
                share = np.clip(share + step, 0.0, 1.0)
                misses = self.misses(self._values(share, fixed))
            yield Fit(self._values(share, fixed), tuple(misses.tolist()))

    def _slopes(self, share: Array, fixed: Mapping[str, float]) -> Array:
        """Derivatives of the residuals by each free parameter over its range, by central differences."""
        slopes = np.zeros((len(self.targets), len(self.free)))
        for column in range(len(self.free)):
            ends = [share.copy(), share.copy()]
            ends[0][column], ends[1][column] = (
                max(0.0, share[column] - SLOPE),
                min(1.0, share[column] + SLOPE),
            )
            low, high = (self.misses(self._values(end, fixed)) for end in ends)
            slopes[:, column] = (high - low) / (ends[1][column] - ends[0][column])
        return slopes

    def _aims(self, start: Mapping[str, float], points: int) -> list[Array]:
        """Residuals aimed at: corners of the tolerances and points inside, for targets that vary at all."""
        fixed = self._fixed(start)
        slopes = self._slopes(self._shares(start), fixed)
        affected = np.flatnonzero(np.abs(slopes).max(axis=1, initial=0.0) > STEP)
        corners = [INSIDE * np.array(signs) for signs in itertools.product((-1.0, 1.0), repeat=len(affected))]
        inner = 2.0 * _seeded(len(affected), points) - 1.0
        aims = []
        for aim in (*corners, *inner):
            aims.append(np.zeros(len(self.targets)))
            aims[-1][affected] = aim
        return aims

    def widths(self, values: Mapping[str, float], sets: Sequence[Fit]) -> list[Width]:
        """The spread of each parameter over the sets and `values`."""
        widths = []
        for parameter in self.parameters:
            value = values[parameter.path]
            fitting = [value, *(fit.values[parameter.path] for fit in sets)]
            widths.append(Width(parameter, value, min(fitting), max(fitting), len(sets)))
        return widths

    def _fixed(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values of the integer and assumed parameters."""
        return {parameter.path: values[parameter.path] for parameter in (*self.whole, *self.assumed)}

    def _values(self, share: Array, fixed: Mapping[str, float]) -> dict[str, float]:
        """Parameter values by path, from the positions of the free ones in their ranges."""
        free = self._low + share * self._span
        paths = [parameter.path for parameter in self.free]
        return dict(zip(paths, free.tolist(), strict=True)) | dict(fixed)

    def _shares(self, values: Mapping[str, float]) -> Array:
        """Positions of the free parameters in their ranges [-], (free,)."""
        free = np.array([values[parameter.path] for parameter in self.free])
        return np.asarray((free - self._low) / self._span)

    def _whole_numbers(self) -> Iterator[dict[str, float]]:
        """Every combination of the integer parameters."""
        paths = [parameter.path for parameter in self.whole]
        ranges = [range(round(parameter.low), round(parameter.high) + 1) for parameter in self.whole]
        for numbers in itertools.product(*ranges):
            yield dict(zip(paths, map(float, numbers), strict=True))

    def _from_middle(self, fit: Fit) -> float:
        """Squared distance from the middle of the ranges."""
        return sum(
            ((fit.values[p.path] - p.low) / (p.high - p.low) - 0.5) ** 2
            for p in self.parameters
            if p.high > p.low
        )


def _listed(fixed: Mapping[str, float]) -> str:
    """The integer parameters of a search as text."""
    return ", ".join(f"{value:g}" for value in fixed.values()) or "all"


def _seeded(dimensions: int, count: int) -> Array:
    """Points of a seeded Sobol sequence in the unit cube, (count, dimensions)."""
    if dimensions == 0:
        return np.zeros((1, 0))
    return np.asarray(qmc.Sobol(dimensions, seed=SEED).random(count))


def widths_csv(widths: Sequence[Width]) -> str:
    """The spread of the fitting sets as CSV, figures unrounded and shares as fractions."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["path", "unit", "value", "range_low", "range_high", "fits_least", "fits_most", "sets"])
    for width in widths:
        parameter = width.parameter
        figures = (width.value, parameter.low, parameter.high, width.least, width.most)
        numbers = [repr(float(figure)) for figure in figures]
        writer.writerow([parameter.path, parameter.unit, *numbers, width.sets])
    return text.getvalue()
