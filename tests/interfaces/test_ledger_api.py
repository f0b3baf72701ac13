"""The ledger from Python: a day from its state to its settlement."""

from pathlib import Path

import pandas as pd
import pytest

import parkdispatch as pdx
from tests.support.ledgers.ledger_cases import DAY, meter_file, small_park
from tests.support.ledgers.settled_days import hand_case


def test_measured_values_states_and_what_was_sent(tmp_path: Path) -> None:
    case = small_park(tmp_path / "park")
    book = pdx.ledger(tmp_path / "ledger.sqlite", by="Li")
    book.init(case)
    (delivery,) = book.import_file(case, meter_file(tmp_path / "a.csv", [1.0, 2.0]), ["load"])
    assert delivery.added == 2
    book.record(case, "soc", 0.4, "2026-07-15")
    assert book.state(case, "2026-07-15").soc == {"battery_1": 0.4}
    assert book.measured(case, "load", DAY, "2026-07-15 00:00")["value"].tolist() == [1.0]
    with pytest.raises(pdx.InputError, match="argument `day` = noon"):
        book.state(case, "noon")
    with pytest.raises(pdx.InputError, match="must be a version of the plan"):
        book.send(case, DAY, 1)
    assert book.tables()["delivery"]["recorded_by"].tolist() == ["Li", "Li"]


def test_a_plan_is_recorded_sent_and_settled(tmp_path: Path) -> None:
    case = hand_case(tmp_path / "park")
    book = pdx.ledger(tmp_path / "ledger.sqlite", by="Li")
    book.init(case)
    plan = pdx.plan(case, day=DAY, peak_so_far_mw=250.0)
    assert book.add_plan(plan) == book.add_plan(plan) == 1
    book.send(case, DAY, 1)
    times = pd.date_range(DAY, periods=24, freq="h")
    for name, value in (("load", 100.0), ("pv", 0.0)):
        rows = "".join(f"{time:%Y-%m-%d %H:%M},{value}\n" for time in times)
        path = tmp_path / f"{name}.csv"
        path.write_text(f"time,{name} [MW]\n{rows}", encoding="utf-8")
        book.import_file(case, path, [name])
    assert book.settle(case, DAY).lost.total == pytest.approx(0.0, abs=1e-6)
