"""The bill beside the bill without storage: by hand, and each sum a second way."""

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.bill_lines import BillLine
from parkdispatch.results.billing.bill_table import BillStep, bill_steps, line_table, month_table
from parkdispatch.results.solution import QuantityName
from parkdispatch.results.views.report_tables import bill_lines, bill_months, waterfall
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.dispatch import dispatch_case
from parkdispatch.studies.solve_options import SolveContext

CENT = 1e-9


def made(*lines: tuple[str, str, str, float, str, float]) -> Bill:
    """A bill of month, charge, period, quantity, unit, price."""
    return Bill(
        pd.DataFrame([BillLine(*line, line[3] * line[5]) for line in lines], columns=list(BillLine._fields))
    )


WITH = made(
    ("2026-01", "purchased_energy", "deep_valley", 20.0, "kWh", 0.25),
    ("2026-01", "purchased_energy", "peak", 5.0, "kWh", 1.0),
    ("2026-01", "demand", "all", 2.0, "kW", 40.0),
    ("2026-02", "purchased_energy", "peak", 10.0, "kWh", 2.0),
    ("2026-02", "demand", "all", 3.0, "kW", 40.0),
)
WITHOUT = made(
    ("2026-01", "purchased_energy", "peak", 20.0, "kWh", 1.0),
    ("2026-01", "demand", "all", 4.0, "kW", 40.0),
    ("2026-01", "sale", "all", 8.0, "kWh", -0.5),
    ("2026-02", "purchased_energy", "peak", 20.0, "kWh", 2.0),
    ("2026-02", "demand", "all", 3.0, "kW", 40.0),
)


def test_lines_by_hand() -> None:
    """Peak: 5 x 1 + 10 x 2 = 25 against 20 x 1 + 20 x 2 = 60; a price of nothing bought is not 0 / 0."""
    table = line_table(WITH, WITHOUT)
    assert list(table.index) == [
        ("purchased_energy", "peak"),  # in the order of the tariff's periods, dear first
        ("purchased_energy", "deep_valley"),
        ("demand", "all"),
        ("sale", "all"),
    ]
    assert table["yuan"].tolist() == pytest.approx([25.0, 5.0, 200.0, 0.0], abs=CENT)
    assert table["yuan_without"].tolist() == pytest.approx([60.0, 0.0, 280.0, -4.0], abs=CENT)
    assert table["saved_yuan"].tolist() == pytest.approx([35.0, -5.0, 80.0, -4.0], abs=CENT)
    assert table["quantity_without"].tolist() == pytest.approx([40.0, 0.0, 7.0, 8.0], abs=CENT)
    assert table["price_yuan"].tolist() == pytest.approx([25.0 / 15.0, 0.25, 40.0, -0.5], abs=CENT)
    assert table["price_yuan_without"].tolist() == pytest.approx([1.5, 0.25, 40.0, -0.5], abs=CENT)
    assert table["unit"].tolist() == ["kWh", "kWh", "kW", "kWh"]


def test_months_by_hand() -> None:
    table = month_table(WITH, WITHOUT)
    assert table.loc["2026-01"].to_dict() == pytest.approx(
        {
            "yuan": 90.0,
            "yuan_without": 176.0,
            "saved_yuan": 86.0,
            "purchased_energy": 10.0,
            "demand": 80.0,
            "sale": -4.0,
        }
    )
    assert table.loc["2026-02", "saved_yuan"] == pytest.approx(20.0)


def test_steps_by_hand() -> None:
    """The battery's wear is on no bill: 340 + 7 without... with: 230 + 7 = 237; without: 336 + 0."""
    bought = QuantityName("grid.purchase_yuan", "grid", "purchase", "cost")
    wear = QuantityName("battery.wear_yuan", "battery", "wear", "cost")
    steps = bill_steps(
        {"grid": WITH}, {"grid": WITHOUT}, {bought: 30.0, wear: 7.0}, {bought: 30.0, wear: -7.0}
    )
    assert steps.with_yuan == pytest.approx(237.0)
    assert steps.without_yuan == pytest.approx(336.0)
    assert steps.steps[-1] == BillStep("battery", "wear", "all", -7.0, billed=False)
    assert sum(step.saved_yuan for step in steps.steps) == pytest.approx(steps.saved_yuan) == 99.0
    drawn = waterfall(steps, load_words("en"))
    assert drawn["figure"]["labels"][-2:] == ["battery: battery wear", "total saving"]
    assert drawn["figure"]["values"] == [35.0, -5.0, 80.0, -4.0, -7.0]
    assert drawn["sentence"].startswith(
        "Without storage 336 yuan, with it 237 yuan: the storage saves 99 yuan"
    )


def test_as_text() -> None:
    words = load_words("zh")
    lines = bill_lines(WITH, WITHOUT, words)
    assert lines["heads"][0] == "费用项目"
    assert lines["rows"][0][:4] == ["购电电费（高峰）", "60.00", "25.00", "35.00"]
    assert lines["rows"][2][-1] == "kW·月"  # of several months
    assert lines["total"][:4] == ["合计", "336.00", "230.00", "106.00"]
    assert {len(row) for row in [lines["heads"], *lines["rows"], lines["total"]]} == {9}
    alone = bill_lines(WITH, None, words)
    assert alone["rows"][0] == ["购电电费（高峰）", "25.00", "15", "1.6667", "kWh"]
    assert bill_months(WITH, None, words)["rows"] == [["2026-01", "0.01"], ["2026-02", "0.01"]]


def test_a_planned_day_adds_up() -> None:
    """The steps are the saving the optimizer sees and the one it does not see, to the cent."""
    case = load_case("gaoan")
    prepared = prepare(case, day_times(case, case.calendar.plan_date))
    summary = dispatch_case(prepared, SolveContext(), 0.0).summary
    other = summary.without_storage
    assert other
    bill = summary.bills["grid"]
    steps = bill_steps(summary.bills, other.bills, {}, {})
    assert steps.with_yuan == pytest.approx(bill.total_yuan, rel=1e-12)
    want = other.saving_yuan + sum(other.unseen_saving_yuan.values())
    assert steps.saved_yuan == pytest.approx(want, rel=1e-9)
    assert sum(step.saved_yuan for step in steps.steps) == pytest.approx(want, rel=1e-9)
    table = line_table(bill, other.bills["grid"])
    np.testing.assert_allclose(table["quantity"] * table["price_yuan"], table["yuan"], rtol=1e-12)
