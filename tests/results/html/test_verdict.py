"""What leads the pages of studies: three lines, then why; savings reconciled; a cash flow in brief."""

import re
from dataclasses import replace

import numpy as np
import pytest

from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.park_indicators import AMOUNTS
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.wording.verdict_lines import (
    BRIEF,
    brief_cash_table,
    savings_reconciled,
    size_verdict,
    storage_text,
    study_verdict,
)
from parkdispatch.results.wording.words import load_words
from tests.support.reports.size_pages import study as sized
from tests.support.size_studies import cash_of, life_of


def study() -> Study:
    lifetime = replace(life_of(50.0, 100.0, 1.0, 0.0), added=("battery_2",))
    years = tuple(replace(year, park_amounts=dict.fromkeys(AMOUNTS, 1.0)) for year in lifetime.years)
    lifetime = replace(lifetime, years=years)
    return Study(lifetime, cash_of(lifetime, 50.0, 239.4e6), {})


def number(text: str) -> float:
    return 0.0 if text == "–" else float(text.replace(",", ""))


def test_the_brief_cash_flow_is_the_flow() -> None:
    """Every row adds up to it, within rounding, and the last sum is the total; no line is in it twice."""
    cash, table = study().cash, brief_cash_table(study().cash, load_words("en"))
    for row, yuan in zip(table["rows"], cash.values["project_after_tax"], strict=True):
        *parts, flow, _ = map(number, row[1:])
        assert flow == pytest.approx(yuan / 1e4, abs=0.51)
        assert sum(parts) == pytest.approx(flow, abs=2.1)
    assert number(table["rows"][-1][-1]) == pytest.approx(number(table["total"][-2]), abs=1.1)
    lines = [line for column in BRIEF.values() for line in column]
    assert len(lines) == len(set(lines))
    exact = sum(sign * cash.values[line] for column in BRIEF.values() for line, sign in column.items())
    np.testing.assert_allclose(exact, cash.values["project_after_tax"], atol=1e-6)


def test_a_year_that_ran_out_of_time_leads_the_verdict() -> None:
    """An idle battery in a year with a gap of 1579 % made a verdict like any other.

    Such a gap is more than the whole cost of a year, and only yuan say how far it is from proven.
    """
    words, proven = load_words("en"), study()
    assert not any("Not reliable" in line for line in study_verdict(proven, words))
    first, *others = (replace(year, dispatched=True) for year in proven.lifetime.years)
    for gap, said in ((15.79, "year 1 by 300.00 10⁴ yuan, more than the whole of its cost"),
                      (0.25, "year 1 by 25.0% or 300.00 10⁴ yuan")):  # fmt: skip
        years = (replace(first, gap=gap, open_yuan=3e6), *others)
        loose = replace(proven, lifetime=replace(proven.lifetime, years=years))
        assert said in study_verdict(loose, words)[0]


def test_two_savings_are_one_plus_what_is_in_no_bill() -> None:
    """Streams and bills agree: said so. A contract of 3 million a year beside them: 60 million differ."""
    words, same = load_words("en"), study()
    assert "is what the bills differ by" in savings_reconciled(same, words)
    streams = {**same.cash.operation.revenue_yuan, "demand_response": np.full(20, 3e6)}
    operation = replace(same.cash.operation, revenue_yuan=streams)
    paid = replace(same, cash=replace(same.cash, operation=operation))
    said = savings_reconciled(paid, words)
    bills, other, saved = (float(text.replace(",", "")) for text in re.findall(r"[\d,]+\.\d\d", said))
    assert other == pytest.approx(6_000.0)
    assert saved == pytest.approx(bills + other, abs=0.011)


@pytest.mark.parametrize("lang", LANGS)
def test_a_study_leads_with_three_lines(lang: Lang) -> None:
    words, page = load_words(lang, "study"), study_html(study(), lang)
    lines = study_verdict(study(), words)
    assert len(lines) == 3
    assert [page.count(line) for line in lines] == [1, 1, 1]
    assert page.index(lines[2]) < page.index('class="proofline')
    assert storage_text(study().case, words) in page
    assert "50 MW / 100 MWh" in storage_text(study().case, words)


@pytest.mark.parametrize("kind", ["now", "later", "never"])
def test_a_size_study_leads_with_three_lines_then_why(kind: str) -> None:
    """Nothing that was said is lost, and nothing is said twice."""
    words = load_words("en", "size")
    lines, why = size_verdict(sized(kind), words)
    assert 2 <= len(lines) <= 3
    assert why
    assert not set(lines) & set(why)
    assert all(line[0].isupper() or line[0].isdigit() for line in lines)
    assert storage_text(sized(kind).case, words, "battery_2") == "beside storage of 25 MW / 50 MWh"
