"""The rows that hold the metered demand within the demand that is paid for."""

from typing import Any

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.network.demand_metering import QUARTER_HOURS
from parkdispatch.models.vocabulary import Expr, Interval


def bound_demand(block: Any, interval: Interval, paid_mw: Expr, free_mw: Expr) -> None:
    """Keep the metered demand within the charged demand plus the demand free of extra charge.

    The block has the variable `import_mw`.
    """
    if interval.hours >= QUARTER_HOURS:
        # import <= charged demand (the month's peak, or its excess) + demand free of extra charge
        block.import_within_peak = pyo.Constraint(expr=block.import_mw - paid_mw <= free_mw)
        return
    quarter_mwh, _ = metered_energy(block, interval)
    # energy of the quarter-hour so far <= energy of that demand over a whole quarter-hour
    block.import_within_peak = pyo.Constraint(
        expr=quarter_mwh - QUARTER_HOURS * paid_mw <= QUARTER_HOURS * free_mw
    )


def metered_energy(block: Any, interval: Interval) -> tuple[Expr, float]:
    """What the meter holds against a demand, and its value for 1 MW.

    Import [MW]; in intervals shorter than a quarter-hour, the energy since the quarter-hour began [MWh].
    """
    if interval.hours >= QUARTER_HOURS:
        return block.import_mw, 1.0
    if block.component("quarter_mwh") is not None:
        return block.quarter_mwh, QUARTER_HOURS
    # Shorter intervals: the meter averages over a quarter-hour, so its energy is accumulated.
    block.quarter_mwh = pyo.Var(bounds=(0, None))
    before_mwh = interval.previous(block.quarter_mwh, initial=0.0)
    # energy since the quarter-hour began = previous energy, reset where a quarter-hour begins, + import
    block.quarter_energy = pyo.Constraint(
        expr=block.quarter_mwh
        == interval.series("quarter_continues") * before_mwh + interval.hours * block.import_mw
    )
    return block.quarter_mwh, QUARTER_HOURS
