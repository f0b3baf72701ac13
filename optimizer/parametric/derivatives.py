"""How an optimum moves with a few numbers of the park, such as a battery's power and energy.

Two tilings of like parks, which differ in one of these numbers, have the same columns and rows; what
differs is their bounds, right-hand sides and constants. From the multipliers of one optimum follows what a
little more of the number is worth (`slope`), and a bound for a range of the numbers
(`parametric_bound.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.presolve.exclusive_pairs import TightenedProgram, tighten
from parkdispatch.optimizer.presolve.valid_inequalities import with_valid_inequalities
from parkdispatch.optimizer.tiled_optimum import FinalRelaxation


@dataclass(frozen=True)
class ParameterDirection:
    """What a unit more of a number adds to each part of a program."""

    offset: float
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array

    @property
    def moved(self) -> Mask:
        """Columns whose bounds move, (columns,)."""
        return np.asarray((self.lower != 0) | (self.upper != 0))


def direction(here: LinearProgram, there: LinearProgram, distance: float) -> ParameterDirection:
    """From one program towards another one that lies `distance` units off.

    Raises SolverError if more than constants, bounds and right-hand sides differ.
    """
    if not (
        np.array_equal(here.cost, there.cost)
        and np.array_equal(here.matrix.indptr, there.matrix.indptr)
        and np.array_equal(here.matrix.indices, there.matrix.indices)
        and np.array_equal(here.matrix.data, there.matrix.data)
    ):
        raise SolverError("the parks differ in more than bounds and right-hand sides")

    def per_unit(one: Array, other: Array) -> Array:
        found = np.zeros(len(one))
        finite = np.isfinite(one) & np.isfinite(other)
        found[finite] = (other[finite] - one[finite]) / distance
        return found

    return ParameterDirection(
        (there.offset - here.offset) / distance,
        per_unit(here.row_lower, there.row_lower),
        per_unit(here.row_upper, there.row_upper),
        per_unit(here.lower, there.lower),
        per_unit(here.upper, there.upper),
    )


def slope(priced: FinalRelaxation, x: Array, tiled: Tiled, there: Tiled, distance: float) -> float:
    """What the optimum of `tiled` changes by for a unit more of the number [yuan], those at rest at rest.

    `there` is the same park a little, `distance`, further on; `x` and `priced` are the optimum of `tiled`.
    Where the optimum has a kink it lies between the slopes on its two sides. Envelope theorem: the change of
    the Lagrangian at the optimum and its multipliers, in which chords and tightened bounds take part.
    """
    here = priced.program
    other = with_valid_inequalities(there, tighten(there), priced.chorded)
    fixed_at_zero = priced.fixed_at_zero
    reduced = here.cost - here.matrix.T @ priced.row_dual
    changed = other.offset - here.offset + float((other.cost - here.cost) @ x)
    changed -= float(priced.row_dual @ ((other.matrix - here.matrix) @ x))
    changed += _support_change(
        priced.row_dual, (here.row_lower, here.row_upper), (other.row_lower, other.row_upper)
    )
    bounds = [(program.lower, program.upper_fixed_at_zero(fixed_at_zero)) for program in (here, other)]
    return (changed + _support_change(reduced, *bounds)) / distance


def _support_change(multiplier: Array, here: tuple[Array, Array], there: tuple[Array, Array]) -> float:
    """Change of the least of multiplier x value within bounds."""
    old, new = (np.where(multiplier > 0, *bounds) for bounds in (here, there))
    pressed = (multiplier != 0) & np.isfinite(old) & np.isfinite(new)
    return float((multiplier[pressed] * (new[pressed] - old[pressed])).sum())


def loosest(corners: Sequence[Tiled]) -> TightenedProgram:
    """What exclusivity implies anywhere in the range between the corners; the program is of the first.

    Implied bounds are straight in the numbers, and then cut off; so they are loosest at a corner.
    """
    tights = [tighten(corner) for corner in corners]
    return TightenedProgram(
        tights[0].program,
        np.max([one.implied_upper for one in tights], axis=0),
        np.min([one.idle_net_min for one in tights], axis=0),
        np.max([one.idle_net_max for one in tights], axis=0),
    )


def in_range(tiled: Tiled, loose: TightenedProgram, moving: Mask) -> TightenedProgram:
    """The relaxation with such bounds; columns whose own bounds move with the numbers keep their own."""
    upper = np.where(moving, tiled.program.upper, loose.implied_upper)
    return replace(loose, program=replace(tiled.program, upper=upper))
