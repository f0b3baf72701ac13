"""A battery now: what it is to do by the plan, and its state of charge beside the planned one."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.operations.desk.desk_plan import DeskPlan
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import Measured
from parkdispatch.operations.ledger.sites import KnownSite
from parkdispatch.operations.planned_soc import planned_soc

REST_MW = 1e-6  # below it a battery rests


@dataclass(frozen=True)
class BatteryNow:
    """What a battery is to do now [MW, plus is discharge], until when, and then; None: the plan is silent."""

    device: str
    set_point_mw: float | None
    until: pd.Timestamp | None  # None: to the end of the day
    then_mw: float | None
    soc: float | None  # measured last
    soc_at: pd.Timestamp | None
    planned_soc: float | None  # when it was measured, else now


def battery_now(
    connection: sa.Connection,
    of_site: KnownSite,
    desk: DeskSite,
    plan: DeskPlan | None,
    name: str,
    times: pd.DatetimeIndex,
) -> BatteryNow:
    """What a battery is to do now; `times` are the intervals of today."""
    begin = times[0] - pd.Timedelta(days=1)
    held = measured_values(connection, of_site.number, Measured("soc", name), begin, desk.now)["value"]
    soc = float(held.iloc[-1]) if len(held) else None
    soc_at = held.index[-1] if len(held) else None
    if plan is None:
        return BatteryNow(name, None, None, None, soc, soc_at, None)
    power_mw = plan.set_point_mw(name, times)
    here = int(times.get_indexer(pd.DatetimeIndex([desk.interval]))[0])
    soc_planned = planned_soc(desk.case, plan.values, name, desk.now if soc_at is None else soc_at)
    now_mw = power_mw[here]
    if not np.isfinite(now_mw):
        return BatteryNow(name, None, None, None, soc, soc_at, soc_planned)
    change = next((k for k in range(here + 1, len(times)) if _differs(power_mw[k], now_mw)), None)
    until, then_mw = (None, None) if change is None else (times[change], _number(power_mw[change]))
    return BatteryNow(name, float(now_mw), until, then_mw, soc, soc_at, soc_planned)


def _differs(power_mw: float, other_mw: float) -> bool:
    return not abs(power_mw - other_mw) <= REST_MW


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
