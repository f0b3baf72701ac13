"""The audit of a solution: constraints, costs and bills recomputed without the optimizer."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.network.grid import Grid
from parkdispatch.results.billing.bill import Bill, bill
from parkdispatch.results.grid_exchange import exchange_residuals_mw
from parkdispatch.results.solution import cost_yuan, device_quantities, of_kind, times_of, values

POWER_TOLERANCE = 1e-6  # [MW] or [MWh]
PROVEN_GAP = 1e-8  # relative; below it objective and bound differ by rounding only
MONEY_TOLERANCE = 1e-9  # relative to the turnover, the sum of absolute payments
# series of a connection that the tariff sets; a connection with a user's own series cannot be billed
BILLED = (
    "purchase_price_yuan_per_mwh",
    "sale_price_yuan_per_mwh",
    "demand_price_yuan_per_mw_month",
    "demand_free_mw",
    "peak_floor_mw",
)


@dataclass(frozen=True)
class Audit:
    """The largest residual of each check, in the unit that its name ends in, and its tolerance."""

    residuals: Mapping[str, float]
    allowed: Mapping[str, float]

    @property
    def failed(self) -> list[str]:
        """Names of the failed checks; a NaN residual fails."""
        return [name for name, residual in self.residuals.items() if not residual <= self.allowed[name]]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return not self.failed


def bills(solution: xr.Dataset, case: Case) -> dict[str, Bill]:
    """The bill of each grid connection, from metered power and tariff only.

    Connections whose prices, or whose demand before the horizon, are given as a user's series have no bill.
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
    """Check bus balances, each device's constraints, and the named costs against objective and bills."""
    residuals: dict[str, float] = {}
    allowed: dict[str, float] = {}

    def check(name: str, residual: float, tolerance: float) -> None:
        residuals[name], allowed[name] = residual, tolerance

    imbalance_mw: dict[str, np.ndarray] = {}
    for name in of_kind(solution, "injection"):
        bus = name.split(".")[1].removeprefix("injection_").removesuffix("_mw")
        imbalance_mw[bus] = imbalance_mw.get(bus, 0.0) + values(solution, name)
    for bus, power_mw in imbalance_mw.items():
        check(f"balance.{bus}_mw", float(np.abs(power_mw).max()), POWER_TOLERANCE)
    for name, device in case.devices.items():
        for rule, residual in device.self_check(device_quantities(solution, name)).items():
            check(f"{name}.{rule}", float(residual), POWER_TOLERANCE)

    for rule, residual in exchange_residuals_mw(solution, case).items():
        check(rule, residual, POWER_TOLERANCE)

    costs = cost_yuan(solution)
    turnover = max(1.0, sum(abs(cost) for cost in costs.values()))
    objective = float(solution.attrs["objective_yuan"])
    check("costs_against_objective_yuan", abs(sum(costs.values()) - objective), MONEY_TOLERANCE * turnover)
    for name, connection_bill in bills(solution, case).items():
        # only the part of the bill that the optimizer prices; the bill lists the other charges line by line
        named_yuan = sum(cost for key, cost in costs.items() if key.split(".")[0] == name)
        residual_yuan = abs(connection_bill.seen_yuan - named_yuan)
        check(f"{name}.bill_against_costs_yuan", residual_yuan, MONEY_TOLERANCE * turnover)
    return Audit(residuals, allowed)
