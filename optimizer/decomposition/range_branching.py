"""An auction in which a window's binaries keep every plane below its cost: the range is divided.

At an end of a range a line can touch the cost of anybody and lie below it in all of the range, however it
bends there, if it is steep enough. So where the best value is and no plane shows it, the range is divided
there, and each half has lines of its own (branch and bound over the one decision that is disputed). Mostly
the first division is the last.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.decomposition.benders_cuts import BendersCuts, CutPool
from parkdispatch.optimizer.decomposition.value_functions import (
    BendersSolution,
    ContinuousValueFunction,
    IntegerValueFunction,
    ValueAtPoint,
)
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

MOST_RANGES = 24
PROBE = 1e-3  # relative; how far from a value the others are asked what is beside it


def values_beside(at: Array) -> tuple[Array, Array]:
    """Values of what is disputed, a little below and above some."""
    probe = PROBE * np.maximum(1.0, np.abs(at))
    return at - probe, at + probe


@dataclass(frozen=True)
class _Trial:
    """A value of what is disputed, what that costs all, and how."""

    at: float
    yuan: float
    of: Mapping[int, ValueAtPoint]  # of each window
    others: Array


@dataclass(frozen=True)
class _Range:
    """Values of what is disputed, and lines through each window's cost at those ends that were tried.

    `near` is a value beside the end that was tried last, which the others are still to be asked about.
    """

    lower: float
    upper: float
    lines: tuple[tuple[int, BendersCuts], ...] = ()
    near: float | None = None


def branch_on_range(
    at: Array,
    price: Array,
    bounds: tuple[Array, Array],
    choosers: Mapping[int, IntegerValueFunction],
    rest: ContinuousValueFunction,
    known: CutPool,
    tolerance: float,
    deadline: float,
) -> BendersSolution | None:
    """Least cost of one shared decision, all windows and the others, begun by dividing at `at`.

    None where too many ranges are needed, or the others cannot be told.
    """
    best = _tried(float(at[0]), price, choosers, rest, known)
    if best is None:
        return None
    halves = _halves(_Range(float(bounds[0][0]), float(bounds[1][0])), best, choosers)
    if halves is None:
        return None
    ranges, bound = halves, best.yuan
    for _ in range(MOST_RANGES):
        if not ranges or time.monotonic() > deadline:
            break
        here = ranges.pop()
        found = _least(here, price, known)
        if found is None:
            return None
        least, value = found
        if least >= best.yuan - tolerance:
            bound = min(bound, least)
            continue
        if here.near is not None:
            # how fast the others' cost falls or rises there: often the planes that are known tell it
            rest.ask(np.array([here.near]), known)
            ranges.append(replace(here, near=None))
            continue
        if min(value - here.lower, here.upper - value) < FEASIBILITY_TOLERANCE:
            return None  # a line does not touch where it should
        needs = len(known.needs)
        trial = _tried(value, price, choosers, rest, known)
        if trial is None:
            if len(known.needs) == needs:
                return None
            ranges.append(here)
            continue
        best = trial if trial.yuan < best.yuan else best
        halves = _halves(here, trial, choosers)
        if halves is None:
            return None
        ranges += halves
    if ranges:
        return None
    windows = [best.of[number].x for number in sorted(best.of)]
    return BendersSolution(min(bound, best.yuan), np.array([best.at]), windows, best.others)


def _least(here: _Range, price: Array, known: CutPool) -> tuple[float, float] | None:
    """What the planes and lines say that a range costs at least, and where."""
    said = known.copy()
    for number, line in here.lines:
        said.add(number, line)
    solver = Solver()
    solver.load(said.program(price, np.array([here.lower]), np.array([here.upper])))
    try:
        answer = solver.solve()
    except InfeasibleProgram:
        return np.inf, here.lower
    except UnboundedProgram:
        return None
    return answer.bound, float(answer.x[0])


def _tried(
    value: float,
    price: Array,
    choosers: Mapping[int, IntegerValueFunction],
    rest: ContinuousValueFunction,
    known: CutPool,
) -> _Trial | None:
    """What a value costs; none where it is impossible."""
    at = np.array([value])
    others = rest.ask(at, known)
    claims = {number: chooser.at(at) for number, chooser in choosers.items()}
    of = {number: claim for number, claim in claims.items() if claim is not None}
    if others is None or len(of) < len(claims):
        return None
    total = float(price @ at) + others.yuan + sum(claim.yuan for claim in of.values())
    return _Trial(value, total, of, others.x)


def _halves(here: _Range, trial: _Trial, choosers: Mapping[int, IntegerValueFunction]) -> list[_Range] | None:
    """The range on both sides of a value, with lines through what that costs; none where there are none."""
    made, (below, above) = [], values_beside(np.array([trial.at]))
    for lower, upper, near in (
        (here.lower, trial.at, float(below[0])),
        (trial.at, here.upper, float(above[0])),
    ):
        lines = list(here.lines)
        for number, chooser in choosers.items():
            line = chooser.line(trial.at, trial.of[number], lower, upper)
            if line is None:
                return None
            lines.append((number, line))
        made.append(_Range(lower, upper, tuple(lines), near if lower < near < upper else None))
    return made
