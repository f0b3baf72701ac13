"""A measured state of charge is held against the plan of its own moment, by hand."""

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.operations.automation.departures import departure_from
from parkdispatch.operations.desk.today_view import today_view
from parkdispatch.operations.ledger.measurements import record_value
from parkdispatch.operations.planned_soc import planned_soc
from tests.support.ledgers.ledger_cases import small_park
from tests.support.web.desk_parks import EVENING, desk

TEN = pd.Timestamp("2026-07-15 10:00")
QUARTER = pd.Timedelta(minutes=15)


def plan_values(full_mwh: float) -> pd.DataFrame:
    """A battery that is at a tenth at 10:15, two tenths at 10:30 and four tenths at 10:45."""
    columns = pd.MultiIndex.from_tuples([("battery_1", "energy_mwh")])
    index = pd.DatetimeIndex([TEN, TEN + QUARTER, TEN + 2 * QUARTER])
    return pd.DataFrame([[0.1 * full_mwh], [0.2 * full_mwh], [0.4 * full_mwh]], index=index, columns=columns)


def test_a_plan_has_a_state_of_charge_at_every_moment_that_it_covers(tmp_path: Path) -> None:
    case = small_park(tmp_path)
    values = plan_values(case.batteries["battery_1"].full_mwh)

    def at(minutes: float) -> float | None:
        return planned_soc(case, values, "battery_1", TEN + pd.Timedelta(minutes=minutes))

    assert [at(15), at(30), at(45)] == pytest.approx([0.1, 0.2, 0.4])
    assert at(20) == pytest.approx(0.1 + 0.1 / 3)
    assert [at(14.9), at(45.1), planned_soc(case, values, "battery_9", TEN + QUARTER)] == [None] * 3


def test_a_state_of_charge_departs_from_the_plan_of_when_it_was_measured(tmp_path: Path) -> None:
    case = small_park(tmp_path)
    values = plan_values(case.batteries["battery_1"].full_mwh)
    now = TEN + pd.Timedelta(minutes=20)  # the battery is to take a tenth more until 10:30
    for level, departs in ((0.1, 0.0), (0.16, 0.06), (0.2, 0.1)):
        departure = departure_from(case, values, {}, {"battery_1": (TEN + QUARTER, level)}, now)
        assert departure is not None
        assert departure.soc == pytest.approx(departs, abs=1e-12)
    assert departure_from(case, values, {}, {"battery_1": (TEN, 0.5)}, now) is None  # before the plan


def test_a_state_of_charge_that_comes_a_quarter_late_is_an_alarm(tmp_path: Path) -> None:
    site = desk(tmp_path)
    (battery,) = today_view(site).batteries
    assert battery.planned_soc is not None
    assert battery.soc_at == TEN + QUARTER
    record_value(site.ledger, site.case, "soc", battery.planned_soc, TEN + QUARTER, EVENING)
    assert "soc_departed" not in {alarm.key for alarm in today_view(site).alarms}
    record_value(site.ledger, site.case, "soc", battery.planned_soc - 0.2, TEN + QUARTER, EVENING)
    alarms = {alarm.key: alarm.parts for alarm in today_view(site).alarms}
    assert alarms["soc_departed"]["planned"] == battery.planned_soc
    later = type(site)(site.ledger, site.case, site.instant + timedelta(minutes=50))
    assert "soc_departed" in {alarm.key for alarm in today_view(later).alarms}
    much_later = type(site)(site.ledger, site.case, site.instant + timedelta(hours=2))
    assert "soc_departed" not in {alarm.key for alarm in today_view(much_later).alarms}
