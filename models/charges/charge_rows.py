"""Further charges in the dispatch: their monthly decisions and rows, and the same recomputed in numpy.

    demand charge   billed demand >= import wherever it is metered
    ratchet         billed demand >= share x highest demand of the year, or of each month in the window
    demand tier     demand in the tier >= billed demand - threshold
    tier            energy in the tier >= energy of the month - threshold
    minimum         top-up >= minimum - rest of the bill
    net metering    surplus of a period >= its export - its import; it keeps the sale price only

Each decision has a cost, so it comes down to the largest of its lower bounds.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.charges.further_charges import DemandCharge, FurtherCharges
from parkdispatch.models.device import Array, Seen, largest_residual
from parkdispatch.models.network.demand_limit import metered_energy
from parkdispatch.models.network.demand_metering import first_of_month, metered_demand_mw
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH
from parkdispatch.models.vocabulary import Expr, Interval

NET_METERING, MINIMUM = "net_metering", "minimum"  # costs by label
AT_MINIMUM = 1e-7  # relative; a bill that is no further above its minimum is at it


def write_charges(charges: FurtherCharges, block: Any, interval: Interval) -> dict[str, Expr]:
    """Write decisions and rows of the charges; return the cost of the interval that is no decision's.

    The block has the variables `import_mw` and `export_mw`.
    """
    hours, series = interval.hours, interval.series
    bought_mwh, sold_mwh = hours * block.import_mw, hours * block.export_mw
    billed_yuan: Expr = 0.0  # of the interval, with its part of what the month's decisions cost
    for charge in charges.demand:
        demand_yuan = _write_demand(charge, block, interval, part=bool(charges.minimum_yuan_per_month))
        billed_yuan += demand_yuan
    for number, tier in enumerate(charges.tiers, start=1):
        name, price = f"tier_{number}", tier.added_yuan_per_kwh * KW_PER_MW
        tier_mwh = interval.shared(f"{name}_mwh", per="month", costs={f"energy_{name}": price})
        part_mwh = series("part_of_month") * tier_mwh
        interval.total(name, bought_mwh - part_mwh, "month", upper=series(f"{name}_above_mwh"))
        billed_yuan += price * part_mwh
    costs = {}
    if charges.net_metering:
        costs[NET_METERING] = -series("credit_yuan_per_mwh") * sold_mwh
        for period in charges.net_metering.periods:
            surplus_mwh = interval.shared(
                f"surplus_{period}_mwh", per=charges.net_metering.within,
                costs={f"surplus_{period}": series(f"credit_{period}_yuan_per_mwh")},
            )  # fmt: skip
            netted_mwh = hours * series(f"netted_{period}") * (block.export_mw - block.import_mw)
            rest_mwh = netted_mwh - series("part_of_span") * surplus_mwh
            interval.total(f"net_{period}", rest_mwh, charges.net_metering.within, upper=0.0)
            if charges.minimum_yuan_per_month:
                billed_yuan += series(f"credit_{period}_part_yuan_per_mwh") * surplus_mwh
        billed_yuan += costs[NET_METERING]
    if charges.minimum_yuan_per_month:
        bought_yuan = series("purchase_price_yuan_per_mwh") * bought_mwh
        sold_yuan = series("sale_price_yuan_per_mwh") * sold_mwh
        top_up_yuan = interval.shared("top_up_yuan", per="month", costs={MINIMUM: 1.0})
        whole_yuan = bought_yuan - sold_yuan + billed_yuan + series("part_of_month") * top_up_yuan
        interval.total(MINIMUM, whole_yuan, "month", lower=series("minimum_left_yuan"))
    return costs


def _write_demand(charge: DemandCharge, block: Any, interval: Interval, *, part: bool) -> Expr:
    """Write the billed demand of a charge; return the interval's `part` of what it costs, or zero [yuan].

    With tiers the billed demand is the sum of a decision for each step between thresholds; the cheapest comes
    first, so that each begins where the one before is full.
    """
    series, name = interval.series, charge.key
    energy_mwh, per_mw = metered_energy(block, interval)
    billed_mw: Expr = 0.0
    part_yuan: Expr = 0.0
    for step in charge.steps:
        step_mw = interval.shared(
            f"{step.key}_mw", per="month", lower=series(f"{step.key}_floor_mw"), upper=step.width_mw,
            costs={step.cost: series(f"{name}_price_yuan_per_mw_month") + step.added_yuan_per_mw},
        )  # fmt: skip
        billed_mw += step_mw
        if part:
            part_yuan += series(f"{name}_part_yuan_per_mw") * step_mw
            if step.added_yuan_per_mw:
                part_yuan += step.added_yuan_per_mw * series("part_of_month") * step_mw
    free = per_mw * series(f"{name}_free_mw")  # zero where demand is metered, else more than any import
    block.add_component(f"{name}_demand", pyo.Constraint(expr=energy_mwh - per_mw * billed_mw <= free))
    if charge.ratchet_share:
        highest_mw = interval.shared(f"{name}_highest_mw", per="month" if charge.in_window else "horizon")
        free = per_mw * series(f"{name}_overlooked_mw")
        block.add_component(f"{name}_looked", pyo.Constraint(expr=energy_mwh - per_mw * highest_mw <= free))
    for month, before in charge.ratchet_pairs:
        pair = f"{name}_ratchet_{month}_{before}"
        kept = series(f"{name}_month_{month}") * billed_mw - series(pair) * highest_mw
        interval.total(pair, kept, "horizon", lower=0.0)
    if charge.ratchet_share and not charge.in_window:
        kept = series("part_of_month") * billed_mw - series(f"{name}_ratchet") * highest_mw
        interval.total(f"{name}_ratchet", kept, "month", lower=0.0)
    return part_yuan


def charge_costs_yuan(charges: FurtherCharges, seen: Seen) -> dict[str, Array]:
    """Recompute each cost in numpy from the decisions; what holds for a span stands in all its intervals."""
    first, costs = first_of_month(seen.times), dict[str, Array]()
    for charge in charges.demand:
        price = seen.values[f"{charge.key}_price_yuan_per_mw_month"][first]
        for step in charge.steps:
            costs[step.cost] = seen.shared[f"{step.key}_mw"] * (price + step.added_yuan_per_mw)
    for number, tier in enumerate(charges.tiers, start=1):
        kwh = seen.shared[f"tier_{number}_mwh"] * KWH_PER_MWH
        costs[f"energy_tier_{number}"] = kwh * tier.added_yuan_per_kwh
    if charges.net_metering:
        sold_mwh = seen.values["export_mw"] * seen.hours
        costs[NET_METERING] = -sold_mwh * seen.values["credit_yuan_per_mwh"]
        for period in charges.net_metering.periods:
            credit = seen.values[f"credit_{period}_yuan_per_mwh"]
            costs[f"surplus_{period}"] = seen.shared[f"surplus_{period}_mwh"] * credit
    if charges.minimum_yuan_per_month:
        costs[MINIMUM] = seen.shared["top_up_yuan"]
    return costs


def floor_yuan(charge: DemandCharge, floors_mw: Mapping[str, Array], price_yuan_per_mw: Array) -> Array:
    """What the demand that is paid for anyway costs [yuan], by the floors of the charge's steps."""
    floors = [floors_mw[f"{step.key}_floor_mw"] * (price_yuan_per_mw + step.added_yuan_per_mw)
              for step in charge.steps]  # fmt: skip
    return np.asarray(np.sum(floors, axis=0))


def charge_residuals(charges: FurtherCharges, seen: Seen) -> dict[str, float]:
    """By how much each decision differs from what the meter's readings say, where it has a price."""
    bought_mw, sold_mw = seen.values["import_mw"], seen.values["export_mw"]
    month = (12 * seen.times.year + seen.times.month).to_numpy()
    checks: dict[str, float] = {}
    matters = _beyond_minimum(charges, seen)
    for charge in charges.demand:
        checks |= _demand_residuals_mw(charge, seen, month, matters)
    for number, tier in enumerate(charges.tiers, start=1):
        name = f"tier_{number}"
        wanted = _sums(bought_mw * seen.hours, month) - seen.values[f"{name}_above_mwh"]
        priced = matters & (tier.added_yuan_per_kwh > 0)
        checks[f"{name}_mwh"] = _distance(seen.shared[f"{name}_mwh"], wanted, priced)
    if charges.net_metering:
        span = month if charges.net_metering.within == "month" else seen.times.year.to_numpy()
        for period in charges.net_metering.periods:
            net_mwh = seen.values[f"netted_{period}"] * (sold_mw - bought_mw) * seen.hours
            priced = matters & (seen.values[f"credit_{period}_yuan_per_mwh"] > 0)
            checks[f"surplus_{period}_mwh"] = _distance(
                seen.shared[f"surplus_{period}_mwh"], _sums(net_mwh, span), priced
            )
    return checks


def _beyond_minimum(charges: FurtherCharges, seen: Seen) -> NDArray[np.bool_]:
    """Where a month's bill is above its minimum, (intervals,); at it, more of a charge costs nothing."""
    if not charges.minimum_yuan_per_month:
        return np.ones(len(seen.times), dtype=bool)
    bought_mw, sold_mw = seen.values["import_mw"], seen.values["export_mw"]
    yuan_per_h = seen.values["purchase_price_yuan_per_mwh"] * bought_mw
    yuan_per_h = yuan_per_h - seen.values["sale_price_yuan_per_mwh"] * sold_mw
    billed_yuan = yuan_per_h * seen.hours
    for label, yuan in charge_costs_yuan(charges, seen).items():
        once = 1.0 if label == NET_METERING else seen.values["part_of_month"]
        billed_yuan = billed_yuan + once * yuan
    month = (12 * seen.times.year + seen.times.month).to_numpy()
    left_yuan = seen.values["minimum_left_yuan"]
    return np.asarray(_sums(billed_yuan, month) > left_yuan + AT_MINIMUM * np.maximum(1.0, np.abs(left_yuan)))


def _demand_residuals_mw(
    charge: DemandCharge, seen: Seen, month: NDArray[np.int64], matters: NDArray[np.bool_]
) -> dict[str, float]:
    """By how much billed demand differs from the readings, and each step of it from its part."""
    name = charge.key
    demand_mw = metered_demand_mw(seen.times, seen.hours, seen.values["import_mw"])
    metered_mw = pd.Series(demand_mw * (seen.values[f"{name}_free_mw"] == 0))
    wanted = np.maximum(
        metered_mw.groupby(month).transform("max").to_numpy(),
        sum(seen.values[f"{step.key}_floor_mw"] for step in charge.steps),
    )
    if charge.ratchet_share:
        looked_mw = demand_mw * (seen.values[f"{name}_overlooked_mw"] == 0)
        if charge.in_window:
            kept_mw = _kept_by_window_mw(charge, seen, month, looked_mw)
        else:
            kept_mw = _sums(seen.values[f"{name}_ratchet"], month) * float(looked_mw.max())
        wanted = np.maximum(wanted, kept_mw)
    priced = matters & (seen.values[f"{name}_price_yuan_per_mw_month"] > 0)
    decided = {step: seen.shared[f"{step.key}_mw"] for step in charge.steps}
    checks = {f"demand_{charge.name}_mw": _distance(np.sum(list(decided.values()), axis=0), wanted, priced)}
    for step, step_mw in decided.items() if charge.tiers else ():
        in_step_mw = np.clip(wanted - step.from_mw, 0.0, step.width_mw)
        checks[f"{step.cost}_step_mw"] = largest_residual(np.where(priced, step_mw - in_step_mw, 0.0))
    return checks


def _kept_by_window_mw(charge: DemandCharge, seen: Seen, month: NDArray[np.int64], looked_mw: Array) -> Array:
    """What the ratchet of a few months asks of each interval's month [MW]."""
    place, kept_mw = month - month[0], np.zeros(len(month))
    for of_month, before in charge.ratchet_pairs:
        share = float(seen.values[f"{charge.key}_ratchet_{of_month}_{before}"].sum())
        if share > 0.0:
            least_mw = share * float(looked_mw[place == before].max())
            kept_mw = np.where(place == of_month, np.maximum(kept_mw, least_mw), kept_mw)
    return kept_mw


def _sums(values: Array, labels: NDArray[np.int64]) -> Array:
    """The sum over all intervals of the same label, (intervals,)."""
    return np.asarray(pd.Series(values).groupby(labels).transform("sum").to_numpy(np.float64))


def _distance(decided: Array, wanted: Array, priced: NDArray[np.bool_]) -> float:
    """How far a decision lies below what it should be; and, where it has a price, above."""
    short = np.maximum(wanted, 0.0) - decided
    return largest_residual(np.where(priced, np.abs(short), short))
