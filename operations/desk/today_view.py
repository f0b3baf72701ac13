"""Today: plan against meter, what the batteries are to do now, import against the month's peak, alarms."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import day_times
from parkdispatch.models.device import Array
from parkdispatch.operations.desk.battery_now import BatteryNow, battery_now
from parkdispatch.operations.desk.day_power import DayPower, day_powers
from parkdispatch.operations.desk.desk_alarms import Alarm, alarms_of
from parkdispatch.operations.desk.desk_plan import DeskPlan, plan_of_day
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.ledger.day_state import state_in
from parkdispatch.operations.ledger.sites import site_of


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
            battery_now(connection, of_site, desk, plan, name, times) for name in case.batteries
        )
        peaks = tuple(
            _peak_now(desk, power, times, state.peak_so_far_mw, state.missing_intervals)
            for power in powers
            if power.kind == "import"
        )
        tomorrow = pd.Timestamp(desk.today) + pd.Timedelta(days=1)
        outages = tuple(item for item in state.outages if item.begin < tomorrow)
        alarms = alarms_of(connection, of_site, desk, plan, powers, batteries, state)
    return TodayView(times, desk.now, plan, powers, batteries, peaks, outages, alarms)


def day_times_of(case: Case, desk: DeskSite) -> pd.DatetimeIndex:
    """The intervals of today, of whatever year: a page of the ledger does not need the case's series."""
    if desk.today.year == case.calendar.year:
        return day_times(case, desk.today)
    begin = pd.Timestamp(desk.today)
    return pd.date_range(begin, begin + pd.Timedelta(days=1), freq=desk.step, inclusive="left")


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
