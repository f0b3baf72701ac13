"""A study of many streams on a screen of eighty columns: no number is cut."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from parkdispatch.results.console.study_screen import show_owners, show_study
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.park_indicators import AMOUNTS
from tests.support.cases.owner_cases import study as owners_by_hand
from tests.support.size_studies import life_of, sized_case

STREAMS = (
    "demand_response", "absorption", "capacity_lease", "capacity_price", "day_ahead", "real_time",
    "regulation", "reserve", "mechanism", "certificates",
)  # fmt: skip


def printed(count: int) -> str:
    """The screen of a study with so many streams of contracts and markets, each of 1,234,567 万元 a year."""
    lifetime = life_of(50.0, 100.0, 1.0, 0.0)
    years = tuple(
        replace(
            year,
            contract_yuan=dict.fromkeys(STREAMS[:count], 12_345_670_000.0),
            park_amounts=dict.fromkeys(AMOUNTS, 1.0),
        )
        for year in lifetime.years
    )
    lifetime = replace(lifetime, years=years, added=("battery_2",))
    finance = sized_case().finance
    assert finance is not None
    screen = io.StringIO()
    console = Console(file=screen, width=80)
    show_study(console, Study(lifetime, cash_flow(finance, lifetime.operation()), {}))
    return screen.getvalue()


@pytest.mark.parametrize("count", [0, 1, 2, 4, 7, 10])
def test_no_number_is_cut(count: int) -> None:
    text = printed(count)
    assert "…" not in text
    table = text[text.index("Year by year") : text.index("~ not dispatched")]
    assert max(map(len, table.splitlines())) <= 80
    whole = re.findall(r"(?<![\d,])1,234,567(?![\d,])", table)
    assert len(whole) == 20 * count
    heads = " ".join(re.sub(r"[─\s]+", " ", table).split())
    for stream in STREAMS[:count]:
        for word in stream.split("_"):
            assert word in heads
    assert len(re.findall(r"(?m)^ *all ", table)) == len(re.findall(r"(?m)^ *1 ", table)) >= 1


def test_no_loss_of_an_owner_is_broken_into_two_lines() -> None:
    """Losses of hundreds of millions of yuan, with a sign, in all columns."""
    owners = owners_by_hand()
    flows = tuple(
        replace(flow, npv_yuan=-158_705_700.0, loss_yuan=dict.fromkeys(flow.loss_yuan, -382_981_234.0))
        for flow in owners.flows
    )
    screen = io.StringIO()
    show_owners(Console(file=screen, width=80), replace(owners, flows=flows, after_tax=flows))
    assert len(re.findall(r"-38,298\.12\b", screen.getvalue())) == 2 * 4 * 3
    assert len(re.findall(r"-15,870\.57\b", screen.getvalue())) == 2 * 5
