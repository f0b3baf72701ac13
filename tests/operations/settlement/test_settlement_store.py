"""Settlements in the ledger: versions, late data, sums of the month, the bill so far and as expected."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_tables
from parkdispatch.operations.ledger.measurements import import_file
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan
from parkdispatch.operations.settlement.settlement_store import due_days, settle_from_ledger
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.ledgers.ledger_cases import LI, WANG, new_ledger
from tests.support.ledgers.settled_days import DAY, flat, hand_case, solution

CONTEXT = SolveContext(SolveOptions())
MONTH = date(2026, 7, 1)


def metered(ledger: Ledger, case: Case, name: str, values: Array, first: date) -> None:
    times = pd.date_range(first, periods=len(values), freq="h")
    rows = "".join(
        f"{time:%Y-%m-%d %H:%M},{value!r}\n" for time, value in zip(times, values.tolist(), strict=True)
    )
    path = case.folder / "metered.csv"
    path.write_text(f"time,{name} [MW]\n{rows}", encoding="utf-8")
    import_file(ledger, case, path, [name], LI)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return hand_case(tmp_path / "park", peak_so_far_mw=0.0)


@pytest.fixture
def ledger(tmp_path: Path, case: Case) -> Ledger:
    """The 15th planned, sent and metered; the month so far at 100 MW, the peak 110 MW."""
    ledger = new_ledger(tmp_path / "ledger.sqlite", case)
    peak = case.with_(grid={"peak_so_far_mw": 110.0})
    add_plan(ledger, peak, solution(peak, flat(100.0), flat(0.0)), LI, {"outages": []})
    send_plan(ledger, case, DAY, 1, LI)
    before = np.full(14 * 24, 100.0)
    before[5] = 110.0
    metered(ledger, case, "import", before, MONTH)
    metered(ledger, case, "load", flat(100.0), DAY)
    metered(ledger, case, "pv", flat(0.0), DAY)
    return ledger


def test_late_data_settle_a_day_again_and_the_same_data_do_not(ledger: Ledger, case: Case) -> None:
    assert due_days(ledger, case) == ([DAY], [])
    first, version, is_new = settle_from_ledger(ledger, case, DAY, CONTEXT, LI, with_bill=False)
    assert (version, is_new, round(first.lost.total, 6)) == (1, True, 0.0)
    assert settle_from_ledger(ledger, case, DAY, CONTEXT, WANG, with_bill=False)[1:] == (1, False)
    assert due_days(ledger, case) == ([], [])
    metered(ledger, case, "load", flat(100.0, h12=120.0), DAY)
    assert due_days(ledger, case) == ([DAY], [])
    late, version, is_new = settle_from_ledger(ledger, case, DAY, CONTEXT, WANG, with_bill=False)
    assert (version, is_new) == (2, True)
    # as by hand: 10 MW above the peak so far, which the battery could have held
    assert late.losses["load"].peak == pytest.approx(10 * 39_100)
    tables = ledger_tables(ledger)["settlement"]
    assert tables["recorded_by"].tolist() == ["Li", "Wang"]
    assert tables["lost_yuan"].tolist() == pytest.approx([0.0, late.lost.total], abs=1e-6)


def test_days_add_up_to_the_month(ledger: Ledger, case: Case) -> None:
    metered(ledger, case, "load", flat(100.0, h12=120.0), DAY)
    first, *_ = settle_from_ledger(ledger, case, DAY, CONTEXT, LI, with_bill=False)
    next_day = DAY + timedelta(days=1)
    with pytest.raises(InputError, match="no plan for 2026-07-16"):
        settle_from_ledger(ledger, case, next_day, CONTEXT, LI)
    peak = case.with_(grid={"peak_so_far_mw": 120.0})
    plan = solution(peak, flat(100.0), flat(0.0))
    plan = plan.assign_coords(time=plan["time"] + np.timedelta64(1, "D"))
    add_plan(ledger, peak, plan, LI, {"outages": []})
    send_plan(ledger, case, next_day, 1, LI)
    assert "2026-07-16" in due_days(ledger, case)[1][0]  # nothing is metered
    metered(ledger, case, "load", flat(100.0, h12=125.0), next_day)
    metered(ledger, case, "pv", flat(0.0), next_day)
    second, *_ = settle_from_ledger(ledger, case, next_day, CONTEXT, LI, with_bill=False)
    assert second.month is not None
    assert second.year is not None
    assert (second.month.name, second.month.days, second.year.name) == ("2026-07", 2, "2026")
    assert second.month.total.total == pytest.approx(first.lost.total + second.lost.total, abs=1e-6)
    assert second.year.losses["load"].peak == pytest.approx(
        first.losses["load"].peak + second.losses["load"].peak
    )


def test_the_bill_of_the_month_by_hand(ledger: Ledger, case: Case) -> None:
    metered(ledger, case, "import", flat(100.0), DAY)
    settled, *_ = settle_from_ledger(ledger, case, DAY, CONTEXT, LI)
    bill = settled.bill
    assert bill is not None
    assert (bill.month, bill.metered, bill.missing) == ("2026-07", 15 * 24, 0)
    # 15 days of 100 MW, one valley hour of 110, and the peak of 110 MW
    day_yuan = 100 * (5 * 750 + 5 * 270 + 14 * 510)
    assert bill.so_far_yuan == pytest.approx(15 * day_yuan + 10 * 270 + 110 * 39_100)
    # 16 days more, on each of which the battery moves 20 MWh from 750 to 270, below the peak
    rest_yuan = 16 * (day_yuan - 20 * 480)
    assert bill.expected_yuan == pytest.approx(bill.so_far_yuan + rest_yuan, rel=1e-4)
    assert bill.expected_peak_mw == pytest.approx(110.0)


def test_a_gap_in_the_meter_is_said_and_nothing_is_expected(ledger: Ledger, case: Case) -> None:
    settled, *_ = settle_from_ledger(ledger, case, DAY, CONTEXT, LI)
    assert settled.bill is not None
    assert (settled.bill.missing, settled.bill.expected_yuan) == (24, None)
    assert [key for key, _ in settled.assumed] == ["import_unmetered", "battery_unmetered", "soc_assumed"]
    other = replace(case, name="other")
    with pytest.raises(InputError, match="the ledger has no site other"):
        settle_from_ledger(ledger, other, DAY, CONTEXT, LI)
