"""What a dispatcher has to know at once: no data, no plan, a plan that the day has left, a higher peak."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.operations.desk.battery_now import BatteryNow
from parkdispatch.operations.desk.day_power import DayPower
from parkdispatch.operations.desk.desk_plan import DeskPlan
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.day_state import DayState
from parkdispatch.operations.ledger.ledger_tables import channel, measurement
from parkdispatch.operations.ledger.quantities import QUANTITIES
from parkdispatch.operations.ledger.sites import KnownSite

LATE_INTERVALS = 2  # without data, after which it is said
LOOKED_AT = pd.Timedelta(hours=1)  # over which plan and meter are compared
DEPARTED_SHARE = 0.1  # of the highest planned power of the day
DEPARTED_SOC = 0.05
PEAK_MARGIN_MW = 1e-3
AlarmKey = Literal[
    "no_plan", "not_sent", "no_data", "data_late", "departed", "soc_departed", "peak_exceeded", "outage_now"
]


@dataclass(frozen=True)
class Alarm:
    """A sentence of `[alarms]` by its key, and what is in it; grave ones ask for action now."""

    key: AlarmKey
    parts: Mapping[str, Any] = field(default_factory=dict)
    grave: bool = True


def alarms_of(
    connection: sa.Connection,
    of_site: KnownSite,
    desk: DeskSite,
    plan: DeskPlan | None,
    powers: Sequence[DayPower],
    batteries: Sequence[BatteryNow],
    state: DayState,
) -> tuple[Alarm, ...]:
    """The alarms of now, the gravest first; `powers` are those of today."""
    alarms = [*_of_data(connection, of_site, desk), *_of_plan(plan)]
    alarms += [*_of_departures(desk, powers), *_of_soc(desk, batteries), *_of_peaks(desk, powers, state)]
    alarms += [
        Alarm("outage_now", {"device": item.device, "until": item.end, "share": item.power_share}, False)
        for item in state.outages
        if item.begin <= desk.now.to_pydatetime() < item.end
    ]
    return tuple(sorted(alarms, key=lambda alarm: not alarm.grave))


def last_data(connection: sa.Connection, of_site: KnownSite) -> dict[tuple[str, str], pd.Timestamp]:
    """The last interval of each channel that holds mean powers, by device and quantity."""
    instants = [quantity.key for quantity in QUANTITIES.values() if quantity.is_instant]
    rows = connection.execute(
        sa.select(channel.c.device, channel.c.quantity, sa.func.max(measurement.c.begin))
        .join_from(channel, measurement, channel.c.id == measurement.c.channel_id)
        .where(channel.c.site_id == of_site.number, channel.c.quantity.not_in(instants))
        .group_by(channel.c.device, channel.c.quantity)
    )
    return {(device, quantity): pd.Timestamp(last) for device, quantity, last in rows}


def _of_data(connection: sa.Connection, of_site: KnownSite, desk: DeskSite) -> Iterator[Alarm]:
    last = last_data(connection, of_site)
    if not last:
        yield Alarm("no_data")
        return
    late: dict[pd.Timestamp, list[str]] = {}
    for (device, _), begin in last.items():
        end = begin + desk.step
        if desk.now - end >= LATE_INTERVALS * desk.step:
            late.setdefault(end, []).append(device)
    for end, devices in sorted(late.items()):
        yield Alarm("data_late", {"devices": sorted(set(devices)), "since": end})


def _of_plan(plan: DeskPlan | None) -> Iterator[Alarm]:
    if plan is None:
        yield Alarm("no_plan")
    elif not plan.is_sent:
        sent = plan.sent[-1].version if plan.sent else None
        yield Alarm("not_sent", {"version": plan.last.version, "sent": sent}, grave=False)


def _of_departures(desk: DeskSite, powers: Sequence[DayPower]) -> Iterator[Alarm]:
    """Powers whose mean over the last metered hour is not as planned."""
    count = max(1, round(LOOKED_AT / desk.step))
    for power in powers:
        if power.kind in ("pv", "wind", "export"):  # what they cause is seen in import and batteries
            continue
        both = np.flatnonzero(np.isfinite(power.planned_mw) & np.isfinite(power.actual_mw))[-count:]
        if not len(both):
            continue
        actual_mw, planned_mw = (float(of[both].mean()) for of in (power.actual_mw, power.planned_mw))
        allowed_mw = DEPARTED_SHARE * float(np.nanmax(np.abs(power.planned_mw)))
        if abs(actual_mw - planned_mw) > max(allowed_mw, PEAK_MARGIN_MW):
            parts = {"kind": power.kind, "device": power.device, "actual_mw": actual_mw}
            yield Alarm("departed", {**parts, "planned_mw": planned_mw})


def _of_soc(desk: DeskSite, batteries: Sequence[BatteryNow]) -> Iterator[Alarm]:
    """States of charge of the last hour that are not as planned for when they were measured."""
    for battery in batteries:
        if battery.soc is None or battery.soc_at is None or battery.planned_soc is None:
            continue
        is_of_now = desk.now - battery.soc_at <= LOOKED_AT
        if is_of_now and abs(battery.soc - battery.planned_soc) > DEPARTED_SOC:
            parts = {"device": battery.device, "soc": battery.soc, "planned": battery.planned_soc}
            yield Alarm("soc_departed", {**parts, "at": battery.soc_at})


def _of_peaks(desk: DeskSite, powers: Sequence[DayPower], state: DayState) -> Iterator[Alarm]:
    """Imports of today above the peak that the plan keeps, where the month had none as high before."""
    for power in powers:
        device = desk.case.devices[power.device]
        peak_mw = state.peak_so_far_mw.get(power.device)
        if power.kind != "import" or not device.pays_for_demand or peak_mw is None:
            continue
        if np.isnan(power.planned_mw).all() or np.isnan(power.actual_mw).all():
            continue
        planned_mw, today_mw = float(np.nanmax(power.planned_mw)), float(np.nanmax(power.actual_mw))
        if today_mw > planned_mw + PEAK_MARGIN_MW and today_mw >= peak_mw - PEAK_MARGIN_MW:
            parts = {"device": power.device, "peak_mw": today_mw, "planned_mw": planned_mw}
            yield Alarm("peak_exceeded", parts)
