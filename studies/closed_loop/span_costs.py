"""What a dispatch of a span costs by month: energy, demand, and the highest import."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.results.audit import MONEY_TOLERANCE


@dataclass(frozen=True)
class SpanCosts:
    """By month of the span ("2026-07"): energy and demand [yuan], highest demand metered [MW].

    The highest demand of several connections is the sum of that of each, which is what they pay for.
    """

    energy_yuan: Mapping[str, float]  # bought less sold, wear and all else that is paid by the interval
    demand_yuan: Mapping[str, float]
    peak_mw: Mapping[str, float]

    @property
    def energy_total(self) -> float:
        """Over all months."""
        return sum(self.energy_yuan.values())

    @property
    def demand_total(self) -> float:
        """Over all months."""
        return sum(self.demand_yuan.values())

    @property
    def total(self) -> float:
        """Energy and demand of all months [yuan]."""
        return self.energy_total + self.demand_total


def span_costs(tiled: Tiled, x: Array, grids: Sequence[str]) -> SpanCosts:
    """The costs of a dispatch in the columns of a horizon, of a park with some connections.

    Raises SolverError where their sum is not the objective, which is computed otherwise.
    """
    horizon, template = tiled.horizon, tiled.template
    months, names = horizon.period("month"), horizon.labels("month")
    interval_yuan = sum(
        (tiled.evaluate(functional, x) for functional in template.costs.values()), np.zeros(len(horizon))
    )
    demand_yuan = np.zeros(len(names))
    for shared, start in zip(template.shared, tiled.shared_starts, strict=False):
        first = horizon.first(shared.per)
        for functional in shared.costs.values():
            unit_yuan = tiled.constant_term(functional, first)
            np.add.at(demand_yuan, months[first], unit_yuan * x[start : start + len(first)])
    keys, peaks_mw = [column.key for column in template.columns], np.zeros(len(names))
    for grid in grids:
        import_mw = x[tiled.column_of(keys.index((grid, "import_mw")))]
        demand_mw = metered_demand_mw(horizon.times, horizon.hours, import_mw)
        peaks_mw += np.maximum.reduceat(demand_mw, horizon.first("month"))
    costs = SpanCosts(
        dict(zip(names, np.bincount(months, interval_yuan, len(names)).tolist(), strict=True)),
        dict(zip(names, demand_yuan.tolist(), strict=True)),
        dict(zip(names, peaks_mw.tolist(), strict=True)),
    )
    objective_yuan = tiled.program.objective(x) * tiled.money_unit_yuan
    turnover_yuan = float(np.abs(interval_yuan).sum() + np.abs(demand_yuan).sum())
    if not abs(costs.total - objective_yuan) <= MONEY_TOLERANCE * max(1.0, turnover_yuan):
        raise SolverError(f"the months cost {costs.total:.6f} yuan, the objective is {objective_yuan:.6f}")
    return costs
