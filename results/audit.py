"""The audit of a solution: inputs, constraints, costs and bills compared without the optimizer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array, Seen, largest_residual
from parkdispatch.models.network.demand_calls import RESPONSE
from parkdispatch.models.ordered_bounds import VIOLATION, ordered_residuals_mw, violation_costs_yuan
from parkdispatch.models.vocabulary import Amount
from parkdispatch.results.billing.bill import Bill, bill
from parkdispatch.results.billing.bill_lines import Connection
from parkdispatch.results.billing.demand_charge import months_priced_at_full_use
from parkdispatch.results.billing.given_prices import DEMAND
from parkdispatch.results.grid_exchange import exchange_residuals_mw
from parkdispatch.results.solution import (
    QuantityName,
    cost_yuan,
    device_of,
    device_quantities,
    key_of,
    of_kind,
    times_of,
    values,
)

POWER_TOLERANCE = 1e-6  # [MW] or [MWh]
PROVEN_GAP = 1e-8  # relative; below it objective and bound differ by rounding only
MONEY_TOLERANCE = 1e-9  # relative to the turnover, the sum of absolute payments
INTERVAL_TOLERANCE_YUAN = 1e-3  # that the power tolerance costs in an hour at 1,000 yuan/MWh
NOT_ON_THE_BILL = (RESPONSE, VIOLATION)  # costs of a connection that no tariff has
ROUNDING = 1e-12  # relative; of numbers that are computed again from the same ones


@dataclass(frozen=True)
class Check:
    """One comparison of the audit: by how much it is violated at most, and what is allowed.

    The unit of both is that which `rule` ends in. A check is of a bus, of a device (perhaps of one of its
    costs), or of the whole solution.
    """

    rule: str
    residual: float
    allowed: float
    device: str = ""
    bus: str = ""
    cost: str = ""  # the cost that is compared, as the device calls it

    @property
    def name(self) -> str:
        """The name in files: "battery_1.energy_balance_mwh", "balance.ac_mw", "grid.cost.sale_yuan"."""
        if self.bus:
            return f"{self.rule}.{self.bus}_mw"
        return ".".join(part for part in (self.device, self.rule, self.cost) if part)

    @property
    def holds(self) -> bool:
        """Whether the residual is allowed; written so that NaN and infinity are not."""
        return self.residual <= self.allowed < np.inf


@dataclass(frozen=True)
class Audit:
    """The checks of a solution, and what no second computation covers."""

    checks: tuple[Check, ...]
    not_recomputed: tuple[QuantityName, ...] = ()  # costs that their device does not compute a second time
    not_billed: tuple[str, ...] = ()  # connections without what a bill takes

    @property
    def residuals(self) -> dict[str, float]:
        """The largest residual of each check by its name."""
        return {check.name: check.residual for check in self.checks}

    @property
    def allowed(self) -> dict[str, float]:
        """The tolerance of each check by its name."""
        return {check.name: check.allowed for check in self.checks}

    @property
    def failed(self) -> list[str]:
        """Names of the failed checks; a residual that is not finite fails."""
        return [check.name for check in self.checks if not check.holds]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return not self.failed


def bills(solution: xr.Dataset, case: Case) -> dict[str, Bill]:
    """The bill of each grid connection, from metered power, the tariff and the prices given as series.

    A connection of a user's own kind, without the properties that billing needs, has no bill.
    """
    bill_of = {}
    for name in case.of_role("grid"):
        device = case.devices[name]
        kinds = {display.kind for display in device.displays}
        if isinstance(device, Connection) and {"import", "export"} <= kinds:
            seen = device_quantities(solution, name)
            power_mw = {display.kind: display.power_mw(seen) for display in device.displays}
            given = {key: seen.values[key] for key in seen.values if (name, key) in case.series}
            certain: set[str] = set()
            if DEMAND in seen.values and DEMAND not in given:
                certain = months_priced_at_full_use(seen.times, seen.values[DEMAND], case.tariff, device)
            bill_of[name] = bill(
                seen.times, power_mw["import"], power_mw["export"], seen.hours, case.tariff, device, given,
                certain,
            )  # fmt: skip
    return bill_of


def audit(solution: xr.Dataset, prepared: Prepared) -> Audit:
    """Compare a solution with the case it claims to be of, its devices' rules, its costs and its bills."""
    with np.errstate(invalid="ignore", over="ignore"):  # what is not finite is compared too, and fails
        return _audit(solution, prepared)


def _audit(solution: xr.Dataset, prepared: Prepared) -> Audit:
    case = prepared.case
    checks = [_finite(solution), _horizon(solution, prepared)]
    if not all(check.holds for check in checks[1:]):
        return Audit(tuple(checks))  # nothing else can be compared interval by interval
    checks += [*_inputs(solution, prepared), *_balances(solution)]
    recomputed_yuan: dict[tuple[str, str], Array] = {}
    parts = {name: device_quantities(solution, name) for name in case.devices}
    checks += _amounts(case, parts)
    for name, device in case.devices.items():
        seen = parts[name]
        residuals = device.self_check(seen)
        residuals = {**residuals, **ordered_residuals_mw(device.ordered, seen.values, seen.injection)}
        checks += [Check(rule, float(value), POWER_TOLERANCE, name) for rule, value in residuals.items()]
        recomputed_yuan |= {(name, label): yuan for label, yuan in device.costs_yuan(seen).items()}
        if (yuan := violation_costs_yuan(device.ordered, seen.values, seen.hours)) is not None:
            recomputed_yuan[name, VIOLATION] = yuan
    for (name, rule), residual_mw in exchange_residuals_mw(solution, case).items():
        checks.append(Check(rule, residual_mw, POWER_TOLERANCE, name))
    recomputed, not_recomputed = _costs(solution, recomputed_yuan)
    costs = cost_yuan(solution)
    turnover, billed = _turnover_yuan(costs), bills(solution, case)
    checks += [*recomputed, *_totals(solution, costs)]
    for name, connection_bill in billed.items():
        # only the part of the bill that the optimizer prices; the bill lists the other charges line by line
        named_yuan = sum(
            yuan for cost, yuan in costs.items() if cost.device == name and cost.key not in NOT_ON_THE_BILL
        )
        residual_yuan = abs(connection_bill.seen_yuan - named_yuan)
        checks.append(Check("bill_against_costs_yuan", residual_yuan, MONEY_TOLERANCE * turnover, name))
    not_billed = tuple(name for name in case.of_role("grid") if name not in billed)
    return Audit(tuple(checks), not_recomputed, not_billed)


def _finite(solution: xr.Dataset) -> Check:
    """How many numbers are NaN or infinite."""
    arrays = [quantity.to_numpy() for quantity in solution.data_vars.values()]
    numbers = [float(solution.attrs[name]) for name in ("hours", "objective_yuan", "bound_yuan", "gap")]
    count = sum(int((~np.isfinite(array)).sum()) for array in [*arrays, np.array(numbers)])
    return Check("numbers_not_finite", float(count), 0.0)


def _horizon(solution: xr.Dataset, prepared: Prepared) -> Check:
    """How many intervals are not those of the case."""
    times = times_of(solution)
    if len(times) != len(prepared.times) or float(solution.attrs["hours"]) != prepared.hours:
        return Check("intervals_not_of_the_case", float(max(len(times), len(prepared.times))), 0.0)
    return Check("intervals_not_of_the_case", float((times != prepared.times).sum()), 0.0)


def _inputs(solution: xr.Dataset, prepared: Prepared) -> Iterator[Check]:
    """The series of each device in the solution against those of the case, relative to the largest value."""
    differences: dict[str, list[float]] = {}
    for name in of_kind(solution, "series"):
        device, used = device_of(solution, name), values(solution, name)
        wanted = prepared.series.get((device, key_of(solution, name)))
        relative = np.inf
        if wanted is not None:
            relative = _largest_difference(used, wanted) / max(1.0, float(np.abs(wanted).max(initial=0.0)))
        differences.setdefault(device, []).append(relative)
    for device, of_device in differences.items():
        yield Check("inputs_of_the_case", largest_residual(*of_device), ROUNDING, device)


def _balances(solution: xr.Dataset) -> Iterator[Check]:
    """The sum of the power into each bus."""
    imbalance_mw: dict[str, Array] = {}
    for name in of_kind(solution, "injection"):
        bus = key_of(solution, name)
        imbalance_mw[bus] = imbalance_mw.get(bus, 0.0) + values(solution, name)
    for bus, power_mw in imbalance_mw.items():
        yield Check("balance", float(np.abs(power_mw).max()), POWER_TOLERANCE, bus=bus)


def _amounts(case: Case, parts: Mapping[str, Seen]) -> Iterator[Check]:
    """What park-wide rules add up over all devices, against what the devices recompute."""
    totals: dict[str, Array | float] = dict.fromkeys(get_args(Amount), 0.0)
    for name, device in case.devices.items():
        for amount, values_of_device in device.amounts(parts[name]).items():
            totals[amount] = totals[amount] + values_of_device
    for name, part in parts.items():
        for amount in totals.keys() & part.values.keys():
            difference = np.abs(part.values[amount] - totals[amount])
            yield Check(f"{amount}_of_all", largest_residual(difference), POWER_TOLERANCE, name)


def _costs(
    solution: xr.Dataset, recomputed_yuan: Mapping[tuple[str, str], Array]
) -> tuple[list[Check], tuple[QuantityName, ...]]:
    """Each named cost of each interval against that which its device recomputes; and costs without such."""
    checks, not_recomputed, missing = [], [], dict(recomputed_yuan)
    for name in of_kind(solution, "cost"):
        device, label = device_of(solution, name), key_of(solution, name)
        wanted = missing.pop((device, label), None)
        if wanted is None:
            not_recomputed.append(QuantityName(name, device, label, "cost"))
            continue
        allowed = INTERVAL_TOLERANCE_YUAN + MONEY_TOLERANCE * float(np.abs(wanted).max())
        residual = _largest_difference(values(solution, name), wanted)
        checks.append(Check("cost", residual, allowed, device, cost=f"{label}_yuan"))
    # costs of a device that the solution does not name
    checks += [Check("cost", np.inf, 0.0, device, cost=f"{label}_yuan") for device, label in missing]
    return checks, tuple(not_recomputed)


def _totals(solution: xr.Dataset, costs: Mapping[QuantityName, float]) -> Iterator[Check]:
    """The objective against the named costs, and the gap against objective and bound."""
    objective, bound, gap = (float(solution.attrs[key]) for key in ("objective_yuan", "bound_yuan", "gap"))
    turnover = _turnover_yuan(costs)
    residual_yuan = abs(sum(costs.values()) - objective)
    yield Check("costs_against_objective_yuan", residual_yuan, MONEY_TOLERANCE * turnover)
    relative = float(np.maximum(objective - bound, 0.0)) / max(1.0, abs(objective))
    yield Check("gap_against_bound", abs(gap - relative), ROUNDING)
    above_yuan = float(np.maximum(bound - objective, 0.0))
    yield Check("bound_above_objective_yuan", above_yuan, PROVEN_GAP * turnover)


def _turnover_yuan(costs: Mapping[QuantityName, float]) -> float:
    return max(1.0, sum(map(abs, costs.values())))


def _largest_difference(given: Array, wanted: Array) -> float:
    return float(np.abs(given - wanted).max()) if np.shape(given) == np.shape(wanted) else np.inf
