"""Days that are to be settled: looked for when the ledger has changed, and some weeks back at most."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.operations.automation import unsettled_days
from parkdispatch.operations.automation.unsettled_days import UnsettledDays
from parkdispatch.operations.ledger.measurements import record_value
from tests.support.ledgers.ledger_cases import LI, new_ledger, small_park

TODAY = date(2026, 7, 16)


def test_days_are_looked_for_when_the_ledger_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small_park(tmp_path / "case")
    ledger = new_ledger(tmp_path / "ledger.sqlite", case)
    looked: list[date] = []

    def due(_: object, __: object, since: date) -> tuple[list[date], list[str]]:
        looked.append(since)
        return [date(2026, 7, 15)], []

    monkeypatch.setattr(unsettled_days, "due_days", due)
    days = UnsettledDays()
    assert days.days(ledger, case, TODAY) == days.days(ledger, case, TODAY) == (date(2026, 7, 15),)
    assert looked == [date(2026, 6, 6)]
    record_value(ledger, case, "soc", 0.4, pd.Timestamp("2026-07-15"), LI)
    days.days(ledger, case, TODAY)
    days.days(ledger, case, TODAY)
    assert len(looked) == 2
    days.days(ledger, case, date(2026, 7, 17))
    assert looked[-1] == date(2026, 6, 7)
