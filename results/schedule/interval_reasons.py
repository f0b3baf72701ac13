"""Why storage runs in each interval, read off the solution: prices, origins, limits that bind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.ordered_bounds import ordered_name
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.grid_exchange import (
    electric_mw,
    export_by_origin_mw,
    market_price_yuan_per_mwh,
)
from parkdispatch.results.solution import times_of, values

# bought, or not bought thanks to a discharge; sold; surplus that is charged and would be sold, or curtailed
Purpose = Literal["purchase", "sale", "unsold", "curtailed"]
# month's billed peak, contracted demand, import limit, what an operator orders
Limit = Literal["peak", "contract", "connection", "ordered"]
LEAST_MW = 1e-3  # a kilowatt: less is rounding, and nobody dispatches it
LEAST_SHARE = 1e-4  # of the storage's rated power, where that is less
AT_LIMIT_SHARE = 1e-5  # of a limit: closer is at it


class Priced(NamedTuple):
    """What some of an interval's energy costs or brings."""

    purpose: Purpose
    connection: str  # "" of energy that would be curtailed
    yuan_per_kwh: float


@dataclass(frozen=True)
class Held:
    """A limit of a connection's import [MW], and the intervals whose import is at it, both (intervals,)."""

    limit: Limit
    limit_mw: Array
    binding: NDArray[np.bool_]


class Reasons:
    """Prices, origins and limits by interval; `set_points_mw` are those of the stores, plus is discharge.

    Of some stores only, `of_stores` are their names; what the others charge takes of the surplus too.
    """

    def __init__(
        self,
        solution: xr.Dataset,
        case: Case,
        set_points_mw: Mapping[str, Array],
        rated_mw: float,
        of_stores: Sequence[str] | None = None,
    ) -> None:
        self.grids, self.sources = case.of_role("grid"), case.of_role("source")
        self.least_mw = min(LEAST_MW, LEAST_SHARE * rated_mw)
        zero = np.zeros(solution.sizes["time"])

        def of_grids(key: str, otherwise: float) -> dict[str, Array]:
            names = {grid: f"{grid}.{key}" for grid in self.grids}
            return {
                grid: values(solution, name) if name in solution else zero + otherwise
                for grid, name in names.items()
            }

        self.import_mw, export_mw = of_grids("import_mw", 0.0), of_grids("export_mw", 0.0)
        limit_mw = of_grids("export_limit_mw", np.inf)
        self.blackout = blackout_of(solution, case)
        self.room_mw = {grid: limit_mw[grid] - export_mw[grid] for grid in self.grids}
        self.export_mw = export_mw
        in_market = market_price_yuan_per_mwh(solution, case)
        self.purchase, self.sale = (
            {
                grid: (price if in_market is None else price + in_market) / KW_PER_MW
                for grid, price in of_grids(key, 0.0).items()
            }
            for key in ("purchase_price_yuan_per_mwh", "sale_price_yuan_per_mwh")
        )
        stores = case.storage if of_stores is None else of_stores
        self.net_mw = sum((power for name, power in set_points_mw.items() if name in stores), zero)
        charged_mw = sum((np.maximum(-power, 0.0) for power in set_points_mw.values()), zero)
        self.surplus_mw = np.maximum(charged_mw - sum(self.import_mw.values(), zero), 0.0)
        origin_mw = export_by_origin_mw(solution, case)
        self.exported_mw = sum((origin_mw[name] for name in stores if name in origin_mw), zero)
        self.generated_mw = {name: electric_mw(solution, case, name) for name in self.sources}
        curtailed = [f"{name}.curtailed_mw" for name in self.sources if f"{name}.curtailed_mw" in solution]
        self.curtailable = bool(curtailed)
        self.curtailed_mw = sum((values(solution, name) for name in curtailed), zero)
        self.held = [held for grid in self.grids for held in _held(solution, grid, self.import_mw[grid])]

    def prices(self, interval: int) -> list[Priced]:
        """What the energy of an interval costs or brings, by origin or purpose."""
        if self.net_mw[interval] < 0:
            buying = self._importing(interval)
            bought = [Priced("purchase", grid, float(self.purchase[grid][interval])) for grid in buying]
            return bought + (self._forgone(interval) if self.surplus_mw[interval] > self.least_mw else [])
        prices = []
        if self.exported_mw[interval] > self.least_mw:
            exporting = [grid for grid in self.grids if self.export_mw[grid][interval] > self.least_mw]
            prices = [Priced("sale", grid, float(self.sale[grid][interval])) for grid in exporting]
        if self.net_mw[interval] - self.exported_mw[interval] > self.least_mw or not prices:
            avoided = self._importing(interval) or ([] if self.blackout[interval] else self.grids)
            prices += [Priced("purchase", grid, float(self.purchase[grid][interval])) for grid in avoided]
        return prices

    def of_demand(self, interval: int) -> Priced | None:
        """Whether another MWh drawn in an interval is bought, not curtailed or not sold; None: unknown."""
        if importing := self._importing(interval):
            dearest = max(importing, key=lambda grid: float(self.purchase[grid][interval]))
            return Priced("purchase", dearest, float(self.purchase[dearest][interval]))
        if self.curtailed_mw[interval] > self.least_mw:
            return Priced("curtailed", "", 0.0)
        exporting = [grid for grid in self.grids if self.export_mw[grid][interval] > self.least_mw]
        if not exporting:
            return None
        best = max(exporting, key=lambda grid: float(self.sale[grid][interval]))
        return Priced("unsold", best, float(self.sale[best][interval]))

    def surplus_of(self, here: slice) -> tuple[str, ...]:
        """Devices that generate while some of what is charged is not bought."""
        charged = self.surplus_mw[here] > self.least_mw
        return tuple(
            name for name, power in self.generated_mw.items() if (power[here][charged] > self.least_mw).any()
        )

    def held_in(self, here: slice) -> tuple[Limit | None, float]:
        """The limit of the import that is reached in some of these intervals, and its level [MW]."""
        for held in self.held:
            if (binding := np.flatnonzero(held.binding[here])).size:
                return held.limit, float(held.limit_mw[here][binding[0]])
        return None, 0.0

    def _importing(self, interval: int) -> list[str]:
        return [grid for grid in self.grids if self.import_mw[grid][interval] > self.least_mw]

    def _forgone(self, interval: int) -> list[Priced]:
        """What the surplus would have brought: its sale as far as the connections take it, else nothing."""
        worthless = Priced("curtailed", "", 0.0)
        open_to = [grid for grid in self.grids if self.room_mw[grid][interval] > self.least_mw]
        if self.curtailable:
            open_to = [grid for grid in open_to if self.sale[grid][interval] > 0]
        if not open_to or self.curtailed_mw[interval] > self.least_mw:
            return [worthless]
        best = max(open_to, key=lambda grid: float(self.sale[grid][interval]))
        unsold = Priced("unsold", best, float(self.sale[best][interval]))
        room_mw = sum(self.room_mw[grid][interval] for grid in open_to)
        return [unsold, worthless] if self.surplus_mw[interval] > room_mw + self.least_mw else [unsold]


def blackout_of(solution: xr.Dataset, case: Case) -> NDArray[np.bool_]:
    """Whether no connection may import, and none does, (intervals,)."""
    is_shut = []
    for grid in case.of_role("grid"):
        limit, imported = f"{grid}.import_limit_mw", f"{grid}.import_mw"
        if limit not in solution or imported not in solution:
            return np.zeros(solution.sizes["time"], dtype=bool)
        is_shut.append((values(solution, limit) <= 0) & (values(solution, imported) <= LEAST_MW))
    return np.asarray(np.all(is_shut, axis=0) if is_shut else np.zeros(solution.sizes["time"], dtype=bool))


def _held(solution: xr.Dataset, grid: str, import_mw: Array) -> list[Held]:
    """The limits of a connection's import: the demand that is paid for, and the connection itself."""
    limits: list[Held] = []
    demand_mw = metered_demand_mw(times_of(solution), float(solution.attrs["hours"]), import_mw)
    price = f"{grid}.demand_price_yuan_per_mw_month"
    charged = values(solution, price) > 0 if price in solution else np.ones(len(import_mw), dtype=bool)
    if f"{grid}.peak_mw" in solution:
        peak_mw = values(solution, f"{grid}.peak_mw")
        limits.append(Held("peak", peak_mw, charged & _reached(demand_mw, peak_mw)))
    if f"{grid}.excess_mw" in solution:
        free_mw, excess_mw = (values(solution, f"{grid}.{key}") for key in ("demand_free_mw", "excess_mw"))
        peak_mw = free_mw + excess_mw
        within = excess_mw <= AT_LIMIT_SHARE * free_mw
        reached = charged & _reached(demand_mw, peak_mw)
        limits += [
            Held("contract", peak_mw, reached & within),
            Held("peak", peak_mw, reached & ~within),
        ]
    if f"{grid}.import_limit_mw" in solution:
        limit_mw = values(solution, f"{grid}.import_limit_mw")
        limits.append(Held("connection", limit_mw, _reached(import_mw, limit_mw)))
    ordered = f"{grid}.{ordered_name('import_mw', 'most')}"
    if ordered in solution:
        limit_mw = values(solution, ordered)  # zero where nothing is ordered
        limits.insert(0, Held("ordered", limit_mw, _reached(import_mw, limit_mw)))
    return limits


def _reached(power_mw: Array, limit_mw: Array) -> NDArray[np.bool_]:
    return np.asarray((limit_mw > 0) & (power_mw >= limit_mw * (1 - AT_LIMIT_SHARE)))
