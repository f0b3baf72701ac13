"""Sensitivity of the optimal value to a few parameters of the park, such as a battery's power and energy.

Two programs of parks that differ in one parameter have the same columns and rows; their bounds, right-hand
sides and constants differ. The multipliers of one optimum then give the derivative of the optimal value
(`slope`), and a lower bound for a range of the parameters (`parametric_bound`).
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
    """Change of each part of a program per unit of one parameter."""

    offset: float
    row_lower: Array
    row_upper: Array
    lower: Array
    upper: Array


def parameter_direction(base: LinearProgram, shifted: LinearProgram, step: float) -> ParameterDirection:
    """The difference of two programs, divided by the `step` of the parameter between them.

    Raises SolverError if they differ in more than constants, bounds and right-hand sides.
    """
    if not (
        np.array_equal(base.cost, shifted.cost)
        and np.array_equal(base.matrix.indptr, shifted.matrix.indptr)
        and np.array_equal(base.matrix.indices, shifted.matrix.indices)
        and np.array_equal(base.matrix.data, shifted.matrix.data)
    ):
        raise SolverError("the parks differ in more than bounds and right-hand sides")

    def per_unit(values: Array, shifted_values: Array) -> Array:
        rate = np.zeros(len(values))
        finite = np.isfinite(values) & np.isfinite(shifted_values)
        rate[finite] = (shifted_values[finite] - values[finite]) / step
        return rate

    return ParameterDirection(
        (shifted.offset - base.offset) / step,
        per_unit(base.row_lower, shifted.row_lower),
        per_unit(base.row_upper, shifted.row_upper),
        per_unit(base.lower, shifted.lower),
        per_unit(base.upper, shifted.upper),
    )


def slope(final: FinalRelaxation, x: Array, tiled: Tiled, shifted: Tiled, step: float) -> float:
    """Derivative of the optimal value with respect to a parameter [yuan per unit].

    `shifted` is the park of `tiled` with the parameter larger by `step`; `x` and `final` are the optimum of
    `tiled`. Members of pairs that are fixed at zero remain so. Where the optimal value has a kink, the result
    lies between the derivatives on its two sides. Envelope theorem: it is the change of the Lagrangian at the
    optimum and its multipliers, including valid inequalities and tightened bounds.
    """
    base = final.program
    other = with_valid_inequalities(shifted, tighten(shifted), final.strengthened)
    reduced = base.cost - base.matrix.T @ final.row_dual
    change = other.offset - base.offset + float((other.cost - base.cost) @ x)
    change -= float(final.row_dual @ ((other.matrix - base.matrix) @ x))
    change += _support_change(
        final.row_dual, (base.row_lower, base.row_upper), (other.row_lower, other.row_upper)
    )
    fixed = final.fixed_at_zero
    bounds = [(program.lower, program.upper_fixed_at_zero(fixed)) for program in (base, other)]
    return (change + _support_change(reduced, *bounds)) / step


def _support_change(multiplier: Array, base: tuple[Array, Array], other: tuple[Array, Array]) -> float:
    """Change of the minimum of multiplier x value between two pairs of bounds."""
    old, new = (np.where(multiplier > 0, *bounds) for bounds in (base, other))
    active = (multiplier != 0) & np.isfinite(old) & np.isfinite(new)
    return float((multiplier[active] * (new[active] - old[active])).sum())


def loosest_bounds(corners: Sequence[Tiled]) -> TightenedProgram:
    """Implied bounds that are valid for all parameters between the corners; the program is the first one's.

    Implied bounds are affine in the parameters before they are clipped, so they are loosest at a corner.
    """
    tightened = [tighten(corner) for corner in corners]
    return TightenedProgram(
        tightened[0].program,
        np.max([corner.implied_upper for corner in tightened], axis=0),
        np.min([corner.idle_net_min for corner in tightened], axis=0),
        np.max([corner.idle_net_max for corner in tightened], axis=0),
    )


def with_bounds_of_range(tiled: Tiled, loosest: TightenedProgram, moving: Mask) -> TightenedProgram:
    """The relaxation with these implied bounds; columns whose bounds depend on a parameter keep theirs."""
    upper = np.where(moving, tiled.program.upper, loosest.implied_upper)
    return replace(loosest, program=replace(tiled.program, upper=upper))
