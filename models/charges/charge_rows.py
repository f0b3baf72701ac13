"""Further charges in the dispatch: their monthly decisions and rows, and the same recomputed in numpy.

    demand charge   billed demand >= import wherever it is metered
    ratchet         billed demand >= share x highest demand of the year
    tier            energy in the tier >= energy of the month - threshold
    minimum         top-up >= minimum - rest of the bill
    net metering    surplus of a period >= its export - its import; it keeps the sale price only

Each decision has a cost, so it comes down to the largest of its lower bounds.
"""

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
        billed_mw = _write_demand(charge, block, interval)
        if charges.minimum_yuan_per_month:
            billed_yuan += series(f"{charge.key}_part_yuan_per_mw") * billed_mw
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


def _write_demand(charge: DemandCharge, block: Any, interval: Interval) -> Expr:
    """The billed demand of a charge [MW]."""
    series, name = interval.series, charge.key
    energy_mwh, per_mw = metered_energy(block, interval)
    billed_mw = interval.shared(
        f"{name}_mw", per="month", lower=series(f"{name}_floor_mw"),
        costs={charge.cost: series(f"{name}_price_yuan_per_mw_month")},
    )  # fmt: skip
    free = per_mw * series(f"{name}_free_mw")  # zero where demand is metered, else more than any import
    block.add_component(f"{name}_demand", pyo.Constraint(expr=energy_mwh - per_mw * billed_mw <= free))
    if charge.ratchet_share:
        highest_mw = interval.shared(f"{name}_highest_mw", per="horizon")
        free = per_mw * series(f"{name}_overlooked_mw")
        block.add_component(f"{name}_looked", pyo.Constraint(expr=energy_mwh - per_mw * highest_mw <= free))
        kept = series("part_of_month") * billed_mw - series(f"{name}_ratchet") * highest_mw
        interval.total(f"{name}_ratchet", kept, "month", lower=0.0)
    return billed_mw


def charge_costs_yuan(charges: FurtherCharges, seen: Seen) -> dict[str, Array]:
    """Recompute each cost in numpy from the decisions; what holds for a span stands in all its intervals."""
    first, costs = first_of_month(seen.times), dict[str, Array]()
    for charge in charges.demand:
        price = seen.values[f"{charge.key}_price_yuan_per_mw_month"][first]
        costs[charge.cost] = seen.shared[f"{charge.key}_mw"] * price
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


def charge_residuals(charges: FurtherCharges, seen: Seen) -> dict[str, float]:
    """By how much each decision differs from what the meter's readings say, where it has a price."""
    bought_mw, sold_mw = seen.values["import_mw"], seen.values["export_mw"]
    month = (12 * seen.times.year + seen.times.month).to_numpy()
    checks: dict[str, float] = {}
    matters = _beyond_minimum(charges, seen)
    for charge in charges.demand:
        checks[f"demand_{charge.name}_mw"] = _demand_residual_mw(charge, seen, month, matters)
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


def _demand_residual_mw(
    charge: DemandCharge, seen: Seen, month: NDArray[np.int64], matters: NDArray[np.bool_]
) -> float:
    name = charge.key
    demand_mw = metered_demand_mw(seen.times, seen.hours, seen.values["import_mw"])
    metered_mw = pd.Series(demand_mw * (seen.values[f"{name}_free_mw"] == 0))
    wanted = np.maximum(
        metered_mw.groupby(month).transform("max").to_numpy(), seen.values[f"{name}_floor_mw"]
    )
    if charge.ratchet_share:
        highest_mw = float((demand_mw * (seen.values[f"{name}_overlooked_mw"] == 0)).max())
        ratchet = _sums(seen.values[f"{name}_ratchet"], month)
        wanted = np.maximum(wanted, ratchet * highest_mw)
    priced = matters & (seen.values[f"{name}_price_yuan_per_mw_month"] > 0)
    return _distance(seen.shared[f"{name}_mw"], wanted, priced)


def _sums(values: Array, labels: NDArray[np.int64]) -> Array:
    """The sum over all intervals of the same label, (intervals,)."""
    return np.asarray(pd.Series(values).groupby(labels).transform("sum").to_numpy(np.float64))


def _distance(decided: Array, wanted: Array, priced: NDArray[np.bool_]) -> float:
    """How far a decision lies below what it should be; and, where it has a price, above."""
    short = np.maximum(wanted, 0.0) - decided
    return largest_residual(np.where(priced, np.abs(short), short))
