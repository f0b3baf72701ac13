"""The audit: every rule of a solution recomputed from what was dispatched, without the optimizer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.network.grid import Grid
from parkdispatch.results.billing.bill import Bill, bill
from parkdispatch.results.solution import cost_yuan, of_kind, seen, times_of, values

POWER_TOLERANCE = 1e-6  # MW or MWh
PROVEN_GAP = 1e-8  # relative; below it objective and bound differ by rounding only
MONEY_TOLERANCE = 1e-9  # of the sum of what is paid and received
# series of a connection that the tariff makes; where the user gives his own, there is no tariff to bill by
BILLED = (
    "purchase_price_yuan_per_mwh",
    "sale_price_yuan_per_mwh",
    "demand_price_yuan_per_mw_month",
    "demand_free_mw",
    "peak_floor_mw",
)


@dataclass(frozen=True)
class Audit:
    """The largest residual of each check, in the unit its name ends in, and how much is allowed."""

    residuals: Mapping[str, float]
    allowed: Mapping[str, float]

    @property
    def failed(self) -> list[str]:
        """Checks that do not hold; a NaN never does."""
        return [name for name, found in self.residuals.items() if not found <= self.allowed[name]]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return not self.failed


def bills(solution: xr.Dataset, case: Case) -> dict[str, Bill]:
    """The bill of each grid connection, from the metered power and the tariff alone.

    A connection whose prices, or whose demand before the horizon, the user replaced by a series has no
    tariff to be billed by.
    """
    return {
        name: bill(
            times_of(solution),
            values(solution, f"{name}.import_mw"),
            values(solution, f"{name}.export_mw"),
            float(solution.attrs["hours"]),
            case.tariff,
            device,
        )
        for name, device in case.devices.items()
        if isinstance(device, Grid) and not any((name, series) in case.series for series in BILLED)
    }


def audit(solution: xr.Dataset, case: Case) -> Audit:
    """Balance of each bus, every device's own rules, named costs against the objective, and the bill."""
    residuals: dict[str, float] = {}
    allowed: dict[str, float] = {}

    def check(name: str, residual: float, tolerance: float) -> None:
        residuals[name], allowed[name] = residual, tolerance

    buses: dict[str, np.ndarray] = {}
    for name in of_kind(solution, "injection"):
        bus = name.split(".")[1].removeprefix("injection_").removesuffix("_mw")
        buses[bus] = buses.get(bus, 0.0) + values(solution, name)
    for bus, power in buses.items():
        check(f"balance.{bus}_mw", float(np.abs(power).max()), POWER_TOLERANCE)
    for name, device in case.devices.items():
        for rule, residual in device.self_check(seen(solution, name)).items():
            check(f"{name}.{rule}", float(residual), POWER_TOLERANCE)

    costs = cost_yuan(solution)
    turnover = max(1.0, sum(abs(cost) for cost in costs.values()))
    objective = float(solution.attrs["objective_yuan"])
    check("costs_against_objective_yuan", abs(sum(costs.values()) - objective), MONEY_TOLERANCE * turnover)
    for name, made in bills(solution, case).items():
        # the part of the bill that the optimizer prices; what it cannot see the bill names line by line
        named = sum(cost for key, cost in costs.items() if key.split(".")[0] == name)
        check(f"{name}.bill_against_costs_yuan", abs(made.seen_yuan - named), MONEY_TOLERANCE * turnover)
    return Audit(residuals, allowed)
