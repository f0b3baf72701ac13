"""Charges outside the optimization model: on the screen, in summary.json and in the report."""

import io
import json
from html import unescape
from typing import Any

import pytest
from rich.console import Console

from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.console.bill_screen import BILLING_METHOD_NAMES, UNSEEN_CHARGE_NAMES, show_bill
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.summary import summarize
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.dispatch_files import summary_json
from tests.support.audited import audit_of
from tests.support.cases.metered_months import compared, month
from tests.support.cases.round_tariff import grid
from tests.support.parks.demand_election_parks import CONTRACT, case_of, full_month, park_of
from tests.support.reports.report_cases import facts_of

FULLY_USED = {"transformers": {"count": 1, "rating_mva": 1}}


def shown(summary: Any) -> str:
    out = io.StringIO()
    show_bill(Console(file=out, width=200), summary, load_words("en"))
    return out.getvalue()


def test_the_screen_names_the_unseen_and_the_cheaper_way() -> None:
    summary, solution, without, _ = full_month(FULLY_USED)
    text = shown(summary)
    off = summary.unseen_yuan["grid.full_use_discount"]
    cut = 4000 * float(without["grid.peak_mw"][0] - solution["grid.peak_mw"][0])
    where = "in months where it depends on the dispatch"
    assert f"grid demand-price discount at full use, {where}: {off:+,.0f} yuan" in text
    assert f"it lowers the saving of the storage by {cut:,.0f} yuan." in text
    (table,) = summary.elections.values()
    assert f"saves {table.saving_yuan:,.0f} yuan against the elected one" in text
    assert table.cheapest["2026-02"] == "capacity"  # of 1 MVA, 25,000 yuan
    assert "hindsight" not in text


def test_hindsight_is_said_where_it_is_needed() -> None:
    summary, *_ = full_month(FULLY_USED)
    told = compared([month(1, 10_000)])  # 380,952 by contract, 400,000 by the highest, 500,000 by capacity
    object.__setattr__(summary, "elections", {"grid": told})
    assert "known in hindsight only" in shown(summary)


def test_a_part_of_a_month_says_what_may_come_off() -> None:
    park = park_of(grid(transformers={"count": 1, "rating_mva": 20}), 96, start="2026-03-02")
    solution, case = to_dataset(park.solve().optimum, {"case": "small"}), case_of(park)
    summary = summarize(solution, None, case, audit_of(solution, case))
    off = 4000 * float(solution["grid.peak_mw"][0])
    assert f"reaches full use, grid pays {off:,.0f} yuan less" in shown(summary)


def test_nothing_is_said_where_nothing_is_unseen() -> None:
    park = park_of(grid(), 24)
    solution, case = to_dataset(park.solve().optimum, {"case": "small"}), case_of(park)
    assert shown(summarize(solution, None, case, audit_of(solution, case))) == ""


def test_summary_json_adds_up() -> None:
    summary, solution, _, case = full_month({**CONTRACT, "power_factor": 0.85})
    written = json.loads(json.dumps(summary_json(solution, case, summary, {}, {}), allow_nan=False))
    bill = written["bill_yuan"]["grid"]
    named = written["objective_yuan"]
    unseen = 400_000 * 1.025  # with the power factor's part
    assert bill["not_seen_by_optimizer"] == pytest.approx({"contracted_demand": unseen})
    assert bill["seen_by_optimizer"] == pytest.approx(bill["total"] - unseen)
    assert bill["seen_by_optimizer"] == pytest.approx(named, rel=1e-9)


def test_the_report_names_them_in_both_languages() -> None:
    summary, solution, _, case = full_month(FULLY_USED)
    facts = facts_of(
        solution,
        "year",
        without_storage=summary.without_storage,
        unseen_yuan=summary.unseen_yuan,
        elections=summary.elections,
        open_discount_yuan=-1234.5,
        peak_mw=summary.peak_mw,
    )
    for lang in ("en", "zh"):
        words = load_words(lang)
        html = unescape(report_html(solution, case, audit_of(solution, case), facts, lang))
        for text in (
            words["page"]["unseen"],
            words["unseen"]["full_use_discount"],
            f"{summary.unseen_yuan['grid.full_use_discount']:,.2f}",
            words["page"]["open_note"].format(yuan="1,234.50"),
            words["page"]["election"],
            words["ways"]["capacity"],
            f"{summary.elections['grid'].saving_yuan:,.2f}",
            "2026-02",
        ):
            assert text in html


def test_every_charge_and_way_has_its_words() -> None:
    for lang in ("en", "zh"):
        words = load_words(lang)
        assert words["unseen"].keys() == UNSEEN_CHARGE_NAMES.keys()
        assert words["ways"].keys() == BILLING_METHOD_NAMES.keys()
