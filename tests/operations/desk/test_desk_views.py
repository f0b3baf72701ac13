"""What pages show, by hand: set points that changed, the plan in force, alarms, the year."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.schema.orders import ForceOrder, LimitOrder
from parkdispatch.models.errors import InputError
from parkdispatch.operations.desk.desk_plan import plan_of_day
from parkdispatch.operations.desk.month_view import month_view
from parkdispatch.operations.desk.order_proposal import planning_basis, planning_begin
from parkdispatch.operations.desk.plan_changes import plan_history
from parkdispatch.operations.desk.set_point_blocks import changed_blocks, set_point_blocks
from parkdispatch.operations.desk.stored_orders import read_order, stored_note, stored_order
from parkdispatch.operations.desk.today_view import today_view
from parkdispatch.operations.desk.year_view import year_view
from parkdispatch.operations.ledger.plan_versions import send_plan
from parkdispatch.operations.ledger.sites import site_of
from tests.support.web.desk_parks import EVENING, METERED, NOW, TODAY, TOMORROW, add_planned, desk

TIMES = pd.date_range("2026-07-15", periods=4, freq="15min")


def table(charge: list[float], discharge: list[float]) -> pd.DataFrame:
    values = {("b", "charge_mw"): charge, ("b", "discharge_mw"): discharge}
    return pd.DataFrame(values, index=TIMES)


def test_set_points_as_blocks() -> None:
    blocks = list(set_point_blocks(table([5, 3, 0, 0], [0, 0, 0, 2]), ["b"], TIMES))
    assert [(b.begin.minute, b.end.minute, b.low_mw, b.high_mw) for b in blocks] == [
        (0, 30, -5.0, -3.0),
        (45, 0, 2.0, 2.0),
    ]


def test_changed_set_points_as_blocks() -> None:
    before, now = table([5, 5, 0, 0], [0, 0, 0, 2]), table([5, 3, 0, 0], [0, 0, 1, 2])
    (block,) = changed_blocks(now, before, ["b"], TIMES)
    assert (block.begin, block.end) == (TIMES[1], TIMES[3])
    assert (block.before_mw, block.mean_mw) == (-2.5, -1.0)
    assert list(changed_blocks(now, now, ["b"], TIMES)) == []


def test_the_clock_is_that_of_the_site(tmp_path: Path) -> None:
    site = desk(tmp_path)
    assert f"{site.now:%Y-%m-%d %H:%M}" == "2026-07-15 10:20"
    assert (site.today, site.interval) == (TODAY, pd.Timestamp("2026-07-15 10:15"))
    assert planning_begin(site, TODAY) == pd.Timestamp("2026-07-15 10:30")
    assert planning_begin(site, TOMORROW) == pd.Timestamp(TOMORROW)
    late = replace(site, instant=datetime(2026, 7, 15, 15, 50, tzinfo=UTC))
    with pytest.raises(InputError, match="the day is over"):
        planning_begin(late, TODAY)


def test_a_version_counts_from_when_it_was_recorded_and_is_in_force_when_sent(tmp_path: Path) -> None:
    site = desk(tmp_path)
    later = replace(EVENING, at=NOW - timedelta(minutes=5))  # 10:15
    cheaper = replace(site.case, tariff=site.case.tariff.model_copy(update={"name": "other"}))
    version = add_planned(site.ledger, replace(cheaper, sha256="1" * 64), TODAY, later)
    assert version == 2
    with site.ledger.reading() as connection:
        of_site = site_of(connection, site.case)
        last = plan_of_day(connection, of_site, site, TODAY)
        sent = plan_of_day(connection, of_site, site, TODAY, as_sent=True)
    assert last is not None
    assert sent is not None
    assert (last.shown.version, sent.shown.version, last.is_sent) == (2, 1, False)
    assert [alarm.key for alarm in today_view(site).alarms if not alarm.grave] == ["not_sent"]
    send_plan(site.ledger, site.case, TODAY, 2, later, 1)
    assert "not_sent" not in {alarm.key for alarm in today_view(site).alarms}
    history = plan_history(site, TODAY)
    assert history is not None
    assert history.change is not None
    assert [cause.key for cause in history.change.causes] == ["case"]
    assert history.change.blocks == ()


def test_alarms_of_late_data_and_of_a_day_without_a_plan(tmp_path: Path) -> None:
    site = desk(tmp_path)
    assert "data_late" not in {alarm.key for alarm in today_view(site).alarms}
    late = replace(site, instant=NOW + timedelta(minutes=30))
    (alarm,) = (alarm for alarm in today_view(late).alarms if alarm.key == "data_late")
    assert alarm.parts == {
        "devices": ["battery_1", "grid", "load", "pv"],
        "since": pd.Timestamp("2026-07-15 10:15"),
    }
    days_later = replace(site, instant=NOW + timedelta(days=3))
    assert {alarm.key for alarm in today_view(days_later).alarms} == {"no_plan", "data_late"}


def test_a_plan_is_made_from_what_is_measured_carried_on(tmp_path: Path) -> None:
    site = desk(tmp_path)
    basis = planning_basis(site, TODAY)
    assert basis.times[0] == pd.Timestamp("2026-07-15 10:30")
    assert basis.plan is not None
    energy_mwh = basis.plan.of(
        "battery_1", "energy_mwh", pd.DatetimeIndex(["2026-07-15 10:00", "2026-07-15 10:15"])
    )
    moved = (energy_mwh[1] - energy_mwh[0]) / site.case.batteries["battery_1"].full_mwh
    assert basis.state.soc["battery_1"] == pytest.approx(min(max(0.3 + moved, 0.0), 1.0))
    assert basis.peak_is_known


def test_a_year_by_hand(tmp_path: Path) -> None:
    view = year_view(desk(tmp_path), "load")
    assert view.hourly_mw.shape == (365, 24)
    known = view.hourly_mw[np.isfinite(view.hourly_mw)]
    assert len(known) == 11  # 10:00 has one quarter-hour
    assert view.metered_hours == METERED / 4
    assert view.curve_hours[-1] == METERED / 4
    assert (np.diff(view.curve_mw) <= 0).all()
    assert view.highest_mw == pytest.approx(view.curve_mw[0])
    assert view.energy_mwh == pytest.approx(view.curve_mw.sum() / 4)
    assert year_view(desk(tmp_path), "nonsense", 1999).kind == "import"


def test_a_month_adds_up(tmp_path: Path) -> None:
    view = month_view(desk(tmp_path))
    assert view.bill is not None
    assert (view.metered, view.missing) == (METERED, 14 * 96)
    assert np.isnan(view.energy_mwh["import"][:14]).all()
    assert view.expected is None
    (peak,) = view.peaks
    assert peak.peak_mw == pytest.approx(view.bill.months[0].peak_kw / 1e3)


def test_an_order_is_kept_with_its_moments() -> None:
    begin, end = datetime(2026, 7, 15, 19), datetime(2026, 7, 15, 20)
    order = ForceOrder(device="battery_1", power_mw=-5.0, begin="19:00", end="20:00")
    kept = stored_order(order, begin, end)
    assert kept == {
        "kind": "force",
        "device": "battery_1",
        "power_mw": -5.0,
        "begin": "2026-07-15T19:00:00",
        "end": "2026-07-15T20:00:00",
    }
    assert stored_order(read_order(kept), begin, end) == kept
    assert stored_note(kept).key == "order_force"
    always = LimitOrder(device="grid", quantity="import_mw", at_most_mw=9.0)
    assert stored_note(stored_order(always, begin, end)).key == "order_limit"
