"""Shadow prices of a dispatch: what another MWh is worth on each bus and in each store, by interval."""

from collections.abc import Mapping
from dataclasses import dataclass

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime
from parkdispatch.optimizer.mip.whole_optimum import solve_within
from parkdispatch.optimizer.mip.whole_program import bounds_as_decided, lesser_members

SAME_COST = 1e-7  # relative
ENERGY_BALANCE = "energy_balance"  # what stores call the row of what they hold


@dataclass(frozen=True)
class ShadowPrices:
    """Multipliers of the linear program with the decisions of a dispatch, each of shape (intervals,)."""

    of_bus_yuan_per_mwh: Mapping[str, Array]  # by bus: what one more MWh drawn costs
    of_stored_yuan_per_mwh: Mapping[str, Array]  # by store: what one more MWh in it is worth


def shadow_prices(tiled: Tiled, x: Array) -> ShadowPrices | None:
    """The shadow prices of an optimal dispatch, with its pairs and binaries as they are.

    None where the linear program does not have the cost of the dispatch, which is then no optimum.
    """
    program, template = tiled.program, tiled.template
    try:
        bounds = bounds_as_decided(tiled, program, x, lesser_members(tiled, x))
        optimal, row_dual = solve_within(program, bounds)
    except (InfeasibleProgram, OutOfTime, SolverError):
        return None
    cost_yuan = program.objective(x)
    is_same = abs(program.objective(optimal) - cost_yuan) <= SAME_COST * max(1.0, abs(cost_yuan))
    if not (is_same and row_dual.size):
        return None
    by_interval = row_dual[: len(tiled.horizon) * len(template.rows)].reshape(len(tiled.horizon), -1)
    numbers = {row.key: number for number, row in enumerate(template.rows)}
    return ShadowPrices(
        {
            key[1]: by_interval[:, number] / tiled.horizon.hours
            for key, number in numbers.items()
            if key[0] == "balance"
        },
        {key[0]: -by_interval[:, n] for key, n in numbers.items() if key[1] == ENERGY_BALANCE},
    )
