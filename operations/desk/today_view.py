"""Today: plan against meter, what the batteries are to do now, import against the month's peak, alarms."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import day_times
from parkdispatch.models.device import Array
from parkdispatch.operations.desk.day_power import DayPower, day_powers
from parkdispatch.operations.desk.desk_alarms import Alarm, alarms_of
from parkdispatch.operations.desk.desk_plan import DeskPlan, plan_of_day
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.ledger.day_state import state_in
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import Measured
from parkdispatch.operations.ledger.sites import KnownSite, site_of

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
    planned_soc: float | None  # at the end of this interval


@dataclass(frozen=True)
class PeakNow:
    """Import of a connection [MW] against the month's peak; None where it is not known."""

    device: str
    import_mw: float | None  # of the last metered interval
    import_at: pd.Timestamp | None
    peak_so_far_mw: float | None
    planned_mw: float | None  # highest of the rest of the day
    planned_at: pd.Timestamp | None
    limit_mw: float | None
    missing: int  # intervals of the month that are not metered


@dataclass(frozen=True)
class TodayView:
    """The day that it is at the site."""

    times: pd.DatetimeIndex
    now: pd.Timestamp
    plan: DeskPlan | None
    powers: tuple[DayPower, ...]
    batteries: tuple[BatteryNow, ...]
    peaks: tuple[PeakNow, ...]
    outages: tuple[RecordedOutage, ...]  # of today
    alarms: tuple[Alarm, ...]


def today_view(desk: DeskSite) -> TodayView:
    """What the page of today shows. Raises InputError where the ledger does not know the site."""
    case, times = desk.case, day_times_of(desk.case, desk)
    with desk.ledger.reading() as connection:
        of_site = site_of(connection, case)
        plan = plan_of_day(connection, of_site, desk, desk.today, as_sent=True)
        powers = day_powers(connection, of_site, case, plan, times)
        state = state_in(connection, of_site, case, desk.interval)
        batteries = tuple(
            _battery_now(connection, of_site, desk, plan, name, times) for name in case.batteries
        )
        peaks = tuple(
            _peak_now(desk, power, times, state.peak_so_far_mw, state.missing_intervals)
            for power in powers
            if power.kind == "import"
        )
        tomorrow = pd.Timestamp(desk.today) + pd.Timedelta(days=1)
        outages = tuple(item for item in state.outages if item.begin < tomorrow)
        alarms = alarms_of(connection, of_site, desk, plan, powers, state)
    return TodayView(times, desk.now, plan, powers, batteries, peaks, outages, alarms)


def day_times_of(case: Case, desk: DeskSite) -> pd.DatetimeIndex:
    """The intervals of today, of whatever year: a page of the ledger does not need the case's series."""
    if desk.today.year == case.calendar.year:
        return day_times(case, desk.today)
    begin = pd.Timestamp(desk.today)
    return pd.date_range(begin, begin + pd.Timedelta(days=1), freq=desk.step, inclusive="left")


def _battery_now(
    connection: sa.Connection,
    of_site: KnownSite,
    desk: DeskSite,
    plan: DeskPlan | None,
    name: str,
    times: pd.DatetimeIndex,
) -> BatteryNow:
    begin = times[0] - pd.Timedelta(days=1)
    held = measured_values(connection, of_site.number, Measured("soc", name), begin, desk.now)["value"]
    soc = float(held.iloc[-1]) if len(held) else None
    soc_at = held.index[-1] if len(held) else None
    if plan is None:
        return BatteryNow(name, None, None, None, soc, soc_at, None)
    power_mw = plan.set_point_mw(name, times)
    here = int(times.get_indexer(pd.DatetimeIndex([desk.interval]))[0])
    full_mwh = desk.case.batteries[name].full_mwh
    energy_mwh = plan.of(name, "energy_mwh", times)[here]
    planned_soc = float(energy_mwh / full_mwh) if np.isfinite(energy_mwh) and full_mwh > 0 else None
    now_mw = power_mw[here]
    if not np.isfinite(now_mw):
        return BatteryNow(name, None, None, None, soc, soc_at, planned_soc)
    change = next((k for k in range(here + 1, len(times)) if _differs(power_mw[k], now_mw)), None)
    until, then_mw = (None, None) if change is None else (times[change], _number(power_mw[change]))
    return BatteryNow(name, float(now_mw), until, then_mw, soc, soc_at, planned_soc)


def _differs(power_mw: float, other_mw: float) -> bool:
    return not abs(power_mw - other_mw) <= REST_MW


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _peak_now(
    desk: DeskSite,
    power: DayPower,
    times: pd.DatetimeIndex,
    peaks_mw: Mapping[str, float],
    missing: Mapping[str, int],
) -> PeakNow:
    metered = np.flatnonzero(np.isfinite(power.actual_mw))
    last = int(metered[-1]) if len(metered) else None
    rest_mw: Array = np.where(times >= desk.interval, power.planned_mw, np.nan)
    highest = None if np.isnan(rest_mw).all() else int(np.nanargmax(rest_mw))
    limit_mw = getattr(desk.case.devices[power.device], "import_limit_mw", None)
    return PeakNow(
        power.device,
        None if last is None else float(power.actual_mw[last]),
        None if last is None else times[last],
        peaks_mw.get(power.device),
        None if highest is None else float(rest_mw[highest]),
        None if highest is None else times[highest],
        float(limit_mw) if isinstance(limit_mw, int | float) else None,
        missing.get(power.device, 0),
    )
