"""Plans are versions that are never overwritten; which was sent is said once, and by one person."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.ledger.day_state import day_state
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_status, ledger_tables
from parkdispatch.operations.ledger.measurements import import_file, record_value
from parkdispatch.operations.ledger.outages import record_outage
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan, sent_values
from parkdispatch.operations.ledger.sites import add_site, site_of
from tests.support.ledgers.ledger_cases import DAY, LI, WANG, fake_plan, meter_file, new_ledger, small_park

NEXT = DAY + timedelta(days=1)
OUT = RecordedOutage("battery_1", datetime(2026, 7, 15, 18), datetime(2026, 7, 15, 20), 0.5)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return small_park(tmp_path_factory.mktemp("park"))


@pytest.fixture
def ledger(tmp_path: Path, case: Case) -> Ledger:
    return new_ledger(tmp_path / "ledger.sqlite", case)


def test_a_plan_is_the_next_version_unless_it_says_what_the_last_one_says(ledger: Ledger, case: Case) -> None:
    made = [add_plan(ledger, case, fake_plan(case, cost), LI, {}) for cost in (1000.0, 1000.0, 1000.0)]
    assert made == [(1, True), (1, False), (1, False)]
    changed = fake_plan(case)
    changed["load.demand_mw"][3] += 1e-9
    assert add_plan(ledger, case, changed, WANG, {}) == (2, True)
    assert add_plan(ledger, case, fake_plan(case), WANG, {}) == (3, True)
    tables = ledger_tables(ledger)
    assert tables["plan"]["recorded_by"].tolist() == ["Li", "Wang", "Wang"]
    assert len(tables["plan_value"]) == 3 * 3 * 96


def test_forecasts_are_kept_as_issued_and_once(ledger: Ledger, case: Case) -> None:
    add_plan(ledger, case, fake_plan(case), LI, {})
    changed = fake_plan(case)
    changed["load.demand_mw"][3] += 1.0
    add_plan(ledger, case, changed, WANG, {})
    tables = ledger_tables(ledger)
    assert tables["forecast"]["recorded_by"].tolist() == [
        "Li",
        "Li",
        "Wang",
    ]  # the PV of the second is the first's
    assert tables["plan_forecast"].to_numpy().tolist() == [[1, 1], [1, 2], [2, 2], [2, 3]]


def test_who_sends_another_version_must_know_of_the_one_before(ledger: Ledger, case: Case) -> None:
    for cost in (1.0, 2.0, 3.0):
        changed = fake_plan(case)
        changed["load.demand_mw"][0] = cost
        add_plan(ledger, case, changed, LI, {})
    with pytest.raises(InputError, match="`instead_of` = 2: must be left out, none was sent"):
        send_plan(ledger, case, DAY, 1, LI, instead_of=2)
    assert send_plan(ledger, case, DAY, 1, LI)[1]
    sent, is_new = send_plan(ledger, case, DAY, 1, WANG)
    assert (sent.by, is_new) == ("Li", False)
    with pytest.raises(InputError, match=r"version 1 of 2026-07-15 was sent by Li at 2026-07-14 07:30 UTC"):
        send_plan(ledger, case, DAY, 2, WANG)
    assert send_plan(ledger, case, DAY, 2, WANG, instead_of=1)[1]
    with pytest.raises(InputError, match="version 2 of 2026-07-15 was sent by Wang"):
        send_plan(ledger, case, DAY, 3, LI, instead_of=1)  # Li has not seen what Wang did
    with pytest.raises(
        InputError, match="`version` = 9: must be a version of the plan for 2026-07-15: 1, 2, 3"
    ):
        send_plan(ledger, case, DAY, 9, LI)
    tables = ledger_tables(ledger)
    assert tables["sending"]["version"].tolist() == [1, 2]
    (day,) = ledger_status(ledger).sites[0].plans
    assert (day.versions, day.sent, day.sent_by) == (3, 2, "Wang")


def test_a_version_that_is_sent_during_the_day_counts_from_then_on(ledger: Ledger, case: Case) -> None:
    add_plan(ledger, case, fake_plan(case), LI, {})
    send_plan(ledger, case, DAY, 1, LI)
    changed = fake_plan(case)
    changed["load.demand_mw"][:] = 50.0
    add_plan(ledger, case, changed, LI, {})
    at_ten = Author("Li", datetime(2026, 7, 15, 2, 15, tzinfo=UTC))  # 10:15 at the site
    send_plan(ledger, case, DAY, 2, at_ten, instead_of=1)
    with ledger.reading() as connection:
        number = site_of(connection, case).number
        values = sent_values(connection, number, DAY, "Asia/Shanghai")["load", "demand_mw"]
        assert sent_values(connection, number, NEXT, "Asia/Shanghai").empty
    assert values.tolist() == [100.0] * 41 + [50.0] * 55


def test_the_state_of_charge_is_measured_or_else_where_the_sent_plan_ends(ledger: Ledger, case: Case) -> None:
    assert day_state(ledger, case, NEXT).soc == {}
    add_plan(ledger, case, fake_plan(case), LI, {})
    assert day_state(ledger, case, NEXT).soc == {}  # it was not sent
    send_plan(ledger, case, DAY, 1, LI)
    state = day_state(ledger, case, NEXT)
    assert (state.soc, state.is_measured) == ({"battery_1": 12.5 / 40}, {"battery_1": False})
    record_value(ledger, case, "soc", 0.9, pd.Timestamp("2026-07-15 23:45"), LI)  # too early to be midnight's
    assert not day_state(ledger, case, NEXT).is_measured["battery_1"]
    record_value(ledger, case, "soc", 0.4, pd.Timestamp("2026-07-16 00:00"), LI)
    assert day_state(ledger, case, NEXT).soc == {"battery_1": 0.4}
    assert day_state(ledger, case, NEXT).is_measured["battery_1"]


def test_the_peak_so_far_is_the_highest_of_the_month_before_the_day(
    ledger: Ledger, case: Case, tmp_path: Path
) -> None:
    assert day_state(ledger, case, DAY).peak_so_far_mw == {}
    values = [100.0 + n for n in range(96)]
    import_file(ledger, case, meter_file(tmp_path / "a.csv", values, "2026-06-30 12:00"), ["import"], LI)
    # 96 quarter-hours from noon: the first half lies in June
    state = day_state(ledger, case, date(2026, 7, 1))
    assert (state.peak_so_far_mw, state.missing_intervals) == ({}, {"grid": 0})
    state = day_state(ledger, case, date(2026, 7, 3))
    assert state.peak_so_far_mw == {"grid": 195.0}
    assert state.missing_intervals == {"grid": 96 + 48}
    record_value(ledger, case, "peak", 300.0, pd.Timestamp("2026-07-01 00:00"), LI)  # of June
    record_value(ledger, case, "peak", 200.0, pd.Timestamp("2026-07-02 08:00"), LI)
    assert day_state(ledger, case, date(2026, 7, 3)).peak_so_far_mw == {"grid": 200.0}
    known = day_state(ledger, case, date(2026, 7, 3)).with_peaks(case)
    assert known.devices["grid"].peak_so_far_mw == 200.0  # type: ignore[attr-defined]


def test_outages_reach_the_plan_until_they_are_withdrawn(ledger: Ledger, case: Case) -> None:
    assert record_outage(ledger, case, OUT, LI) == (1, True)
    assert record_outage(ledger, case, OUT, WANG) == (1, False)
    known = day_state(ledger, case, DAY).case(case)
    assert known.devices["battery_1"].outages[0].power_share == 0.5  # type: ignore[attr-defined]
    longer = replace(OUT, end=datetime(2026, 7, 15, 22), number=1)
    assert record_outage(ledger, case, longer, WANG) == (1, True)
    assert [item.end.hour for item in day_state(ledger, case, DAY).outages] == [22]
    assert day_state(ledger, case, NEXT).outages == ()
    record_outage(ledger, case, longer, LI, withdraw=True)
    assert day_state(ledger, case, DAY).outages == ()
    assert ledger_tables(ledger)["outage"]["version"].tolist() == [1, 2, 3]
    blackout = RecordedOutage("grid", datetime(2026, 7, 15, 18), datetime(2026, 7, 15, 20))
    record_outage(ledger, case, blackout, LI)
    assert day_state(ledger, case, DAY).case(case).devices["grid"].blackouts  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (replace(OUT, device="load"), "must be one of grid, battery_1, which can be out"),
        (replace(OUT, device="grid"), "must be 0, because `device.grid` is out as a whole"),
        (replace(OUT, end=OUT.begin), "must lie after `begin`"),
        (replace(OUT, number=3), "must be the number of an outage: none"),
    ],
)
def test_what_is_wrong_with_an_outage_is_said(
    ledger: Ledger, case: Case, item: RecordedOutage, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        record_outage(ledger, case, item, LI)
    assert ledger_tables(ledger)["outage"].empty


def test_a_site_keeps_its_intervals_and_its_tariffs(ledger: Ledger, case: Case) -> None:
    assert not add_site(ledger, case, WANG)
    dearer = case.with_(tariff={"line_loss_rate": 0.01})
    assert add_site(ledger, dearer, WANG)
    assert ledger_status(ledger).sites[0].tariffs == ("own", "own")
    hourly = replace(case, calendar=case.calendar.model_copy(update={"minutes": 60}))
    with pytest.raises(InputError, match=r"`calendar.minutes` = 60: must be 15, as in the ledger"):
        add_site(ledger, hourly, LI)
    with pytest.raises(InputError, match="the ledger has no site other, it has small"):
        day_state(ledger, replace(case, name="other"), DAY)
