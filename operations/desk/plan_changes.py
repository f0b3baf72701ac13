"""What a version of a day's plan changes: set points, cost, and which of its foundations are other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.operations.desk.desk_plan import planned
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.desk.set_point_blocks import SAME_MW, SetPointBlock, changed_blocks
from parkdispatch.operations.ledger.plan_versions import (
    PlanVersion,
    Sending,
    plan_versions,
    sendings,
    version_values,
)
from parkdispatch.operations.ledger.sites import site_of

SAME_STATE = 1e-6  # [-] or [MW]
CauseKey = Literal[
    "begins",
    "forecast",
    "soc",
    "peak",
    "outage_new",
    "outage_gone",
    "order_new",
    "order_gone",
    "case",
    "ends",
]


@dataclass(frozen=True)
class ChangeCause:
    """A sentence of `[causes]` by its key, and what is in it."""

    key: CauseKey
    parts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PlanChange:
    """What a version changes against the one before, over the intervals that both have."""

    day: date
    version: PlanVersion
    before: PlanVersion
    begin: pd.Timestamp  # of the intervals compared
    end: pd.Timestamp
    blocks: tuple[SetPointBlock, ...]
    import_mwh: tuple[float, float]  # before, now
    peak_mw: tuple[float, float]
    purchase_yuan: tuple[float, float] | None  # bought less sold; None: prices are not in the plans
    causes: tuple[ChangeCause, ...]


@dataclass(frozen=True)
class PlanHistory:
    """The versions of a day's plan, the newest first; the change of one of them, None for the first."""

    day: date
    versions: tuple[PlanVersion, ...]
    sent: tuple[Sending, ...]
    shown: int  # version
    change: PlanChange | None


def plan_history(desk: DeskSite, day: date, version: int | None = None) -> PlanHistory | None:
    """The versions of a day and what one of them, the last unless named, changes; None without a plan.

    A version that is not there counts as the last.
    """
    with desk.ledger.reading() as connection:
        number = site_of(connection, desk.case).number
        versions = {item.version: item for item in plan_versions(connection, number, day)}
        if not versions:
            return None
        shown = version if version in versions else max(versions)
        change = None
        if shown - 1 in versions:
            change = _change(connection, number, desk, day, versions[shown], versions[shown - 1])
        newest = tuple(versions[key] for key in sorted(versions, reverse=True))
        return PlanHistory(day, newest, tuple(sendings(connection, number, day)), shown, change)


def _change(
    connection: sa.Connection, number: int, desk: DeskSite, day: date, new: PlanVersion, old: PlanVersion
) -> PlanChange:
    values, before = (version_values(connection, number, day, item.version) for item in (new, old))
    times = pd.DatetimeIndex(values.index.intersection(before.index))
    grids = desk.case.of_role("grid")
    hours = desk.step / pd.Timedelta(hours=1)

    def imports(table: pd.DataFrame) -> tuple[float, float]:
        power_mw = np.nansum([planned(table, grid, "import_mw", times) for grid in grids], axis=0)
        return float(power_mw.sum() * hours), float(power_mw.max(initial=0.0))

    (old_mwh, old_mw), (new_mwh, new_mw) = imports(before), imports(values)
    return PlanChange(
        day,
        new,
        old,
        times[0] if len(times) else pd.Timestamp(day),
        times[-1] + desk.step if len(times) else pd.Timestamp(day),
        tuple(changed_blocks(values, before, list(desk.case.batteries), times)) if len(times) else (),
        (old_mwh, new_mwh),
        (old_mw, new_mw),
        _purchases(before, values, grids, times, hours),
        tuple(_causes(desk, values, before, new, old, times)),
    )


def _purchases(
    before: pd.DataFrame, values: pd.DataFrame, grids: list[str], times: pd.DatetimeIndex, hours: float
) -> tuple[float, float] | None:
    """Energy bought less sold, of both versions by the prices that each says [yuan]."""
    yuan = []
    for table in (before, values):
        total = 0.0
        for grid in grids:
            bought = planned(table, grid, "import_mw", times)
            bought = bought * planned(table, grid, "purchase_price_yuan_per_mwh", times)
            sold = planned(table, grid, "export_mw", times)
            sold = sold * planned(table, grid, "sale_price_yuan_per_mwh", times)
            total += float((bought - np.nan_to_num(sold)).sum() * hours)
        yuan.append(total)
    return None if not np.isfinite(yuan).all() else (yuan[0], yuan[1])


def _causes(
    desk: DeskSite,
    values: pd.DataFrame,
    before: pd.DataFrame,
    new: PlanVersion,
    old: PlanVersion,
    times: pd.DatetimeIndex,
) -> Iterator[ChangeCause]:
    if values.index[0] != before.index[0]:
        yield ChangeCause("begins", {"begin": values.index[0]})
    if values.index[-1] != before.index[-1]:
        yield ChangeCause("ends", {"end": values.index[-1] + desk.step})
    hours = desk.step / pd.Timedelta(hours=1)
    for name, device in desk.case.devices.items():
        key = "demand_mw" if device.role == "load" else "available_mw"
        change = planned(values, name, key, times) - planned(before, name, key, times)
        if np.isfinite(change).any() and float(np.nanmax(np.abs(change))) > SAME_MW:
            largest = int(np.nanargmax(np.abs(change)))
            parts = {"mwh": float(np.nansum(change) * hours), "mw": float(change[largest])}
            yield ChangeCause("forecast", {"device": name, **parts, "at": times[largest]})
    same_begin = bool(values.index[0] == before.index[0])
    yield from _basis_causes(new.basis, old.basis, compare_states=same_begin)
    if new.case_sha256 != old.case_sha256:
        yield ChangeCause("case")


def _basis_causes(
    new: Mapping[str, Any], old: Mapping[str, Any], *, compare_states: bool
) -> Iterator[ChangeCause]:
    """What the foundations of two versions say differently; states only of plans that begin together."""
    states: tuple[tuple[CauseKey, str], ...] = (("soc", "soc"), ("peak", "peak_so_far_mw"))
    for key, name in states:
        now, was = new.get(name) or {}, old.get(name) or {}
        for device in now:
            if not compare_states and key == "soc":
                continue
            if device in was and abs(float(now[device]) - float(was[device])) > SAME_STATE:
                yield ChangeCause(key, {"device": device, "before": was[device], "now": now[device]})
    lists: tuple[tuple[CauseKey, CauseKey, str], ...] = (
        ("outage_new", "outage_gone", "outages"),
        ("order_new", "order_gone", "orders"),
    )
    for added, gone, name in lists:
        now_items, was_items = new.get(name) or [], old.get(name) or []
        yield from (ChangeCause(added, {"item": item}) for item in now_items if item not in was_items)
        yield from (ChangeCause(gone, {"item": item}) for item in was_items if item not in now_items)
