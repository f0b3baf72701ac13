"""The cheapest dispatch of a park whose exclusive pairs are relaxed: one strengthened linear program."""

import os
from collections.abc import Mapping

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.presolve.exclusive_pairs import tighten
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.infeasibility import unbalanced_buses
from parkdispatch.optimizer.relaxation.coarse_start import coarse_park, merged_coarse_park
from parkdispatch.optimizer.relaxation.strengthened_relaxation import solve_relaxation
from parkdispatch.optimizer.thread_pool import ThreadPool


def relaxed_dispatch(tiled: Tiled, devices: Mapping[str, Device], threads: int | None = None) -> Array:
    """The optimum of the relaxation, (columns of `tiled`,).

    Its cost is a lower bound; both members of an exclusive pair may exceed zero. Raises InfeasibleError where
    the relaxation has no optimum.
    """
    if unbalanced_buses(tiled):
        raise InfeasibleError("a bus cannot be balanced within the bounds")
    if not tiled.template.is_exclusive_only:
        return _presolved(tighten(tiled).program)
    merged = merge_identical_units(tiled, devices)
    coarse = (coarse_park if merged is None else merged_coarse_park)(tiled, devices)
    tiled = tiled if merged is None else merged.tiled
    try:
        with ThreadPool(threads or os.cpu_count() or 1) as pool:
            x = solve_relaxation(tiled, tighten(tiled), pool, coarse).x
        return x if merged is None else merged.point(x)
    except (InfeasibleProgram, UnboundedProgram):
        raise InfeasibleError("the relaxation has no optimum") from None


def _presolved(program: LinearProgram) -> Array:
    """The optimum of a linear program as a whole, by HiGHS with its presolve."""
    solver = Solver()
    solver.load(program)
    try:
        return solver.solve().x
    except (InfeasibleProgram, UnboundedProgram):
        raise InfeasibleError("the relaxation has no optimum") from None
