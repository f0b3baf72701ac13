"""Payments at the grid connections of a dispatch: as billed, and recomputed by component."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.results.audit import bills
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.grid_exchange import connected_devices
from parkdispatch.results.solution import of_kind, values


@dataclass(frozen=True)
class Payments:
    """Cost of a dispatch at its grid connections: billed in total, and recomputed by component [yuan]."""

    bill_yuan: float  # audited; the named costs of connections without a bill
    energy_yuan: float  # price x energy of each interval, sales deducted; tiers, net metering, minimum
    basic_yuan: float  # charges for demand or capacity, and fixed ones

    @classmethod
    def of(cls, solution: xr.Dataset, case: Case) -> "Payments":
        """The payments of a solution."""
        billed = bills(solution, case)
        grids = case.priced_connections
        return cls(
            bill_yuan=sum(
                billed[name].total_yuan if name in billed else _named_costs_yuan(solution, name)
                for name in grids
            ),
            energy_yuan=sum(energy_yuan(solution, name) for name in grids)
            + sum(billed[name].further_energy_yuan for name in grids if name in billed),
            basic_yuan=sum(_basic_yuan(solution, name, billed.get(name)) for name in grids)
            + sum(billed[name].further_demand_yuan for name in grids if name in billed),
        )


def _named_costs_yuan(solution: xr.Dataset, grid: str, dims: tuple[str, ...] | None = None) -> float:
    """Named costs of a connection without a bill, of all dimensions or of those given [yuan]."""
    costs = [solution[name] for name in of_kind(solution, "cost", grid)]
    return sum(float(cost.sum()) for cost in costs if dims is None or cost.dims == dims)


def energy_yuan(solution: xr.Dataset, grid: str) -> float:
    """Cost of energy bought less revenue of energy sold [yuan]."""
    quantities = {
        key: values(solution, f"{grid}.{key}")
        for key in ("purchase_price_yuan_per_mwh", "import_mw", "sale_price_yuan_per_mwh", "export_mw")
    }
    # summed like this, and not as a dot product: that is split among as many threads as there are processors
    bought = (quantities["purchase_price_yuan_per_mwh"] * quantities["import_mw"]).sum()
    sold = (quantities["sale_price_yuan_per_mwh"] * quantities["export_mw"]).sum()
    return float(bought - sold) * float(solution.attrs["hours"])


def sold_yuan(solution: xr.Dataset, case: Case) -> float:
    """Revenue of the surplus sold at all connections [yuan]."""
    return sum(
        float(
            (
                values(solution, f"{name}.sale_price_yuan_per_mwh") * values(solution, f"{name}.export_mw")
            ).sum()
        )
        for name in case.priced_connections
    ) * float(solution.attrs["hours"])


def _basic_yuan(solution: xr.Dataset, grid: str, billed: Bill | None) -> float:
    """The basic charge of a connection: from its bill, or its monthly named costs [yuan]."""
    return _named_costs_yuan(solution, grid, ("month",)) if billed is None else billed.basic_yuan


def price_yuan_per_mwh(solution: xr.Dataset, case: Case, bus: str) -> Array:
    """Purchase price on a bus, of its cheapest connection, (intervals,); zero without a connection.

    A bus without a connection of its own has the prices of those that it reaches, at their meters.
    """
    here = [name for name in case.priced_connections if bus in case.devices[name].buses]
    if not here:
        groups = connected_devices(solution)
        reached = next((g for g in groups if any(bus in case.devices[name].buses for name in g)), set())
        here = [name for name in case.priced_connections if name in reached]
    prices = [values(solution, f"{name}.purchase_price_yuan_per_mwh") for name in here]
    return np.min(prices, axis=0) if prices else np.zeros(len(solution["time"]))
