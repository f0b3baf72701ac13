"""Metered months, and the ways of paying for their demand compared."""

from collections.abc import Sequence
from typing import Any

from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.results.billing.demand_election import Elections, elections
from parkdispatch.results.billing.meter import Month
from tests.support.cases.round_tariff import ROUND, grid


def month(number: int, peak_kw: float, kwh: float = 0.0, whole: bool = True) -> Month:
    return Month(f"2026-{number:02}", number, {"flat": kwh}, 0.0, peak_kw, whole)


def compared(metered: Sequence[Month], tariff: Tariff = ROUND, **changes: Any) -> Elections:
    table = elections(metered, tariff, grid(**{"transformers": {"count": 1, "rating_mva": 20}} | changes))
    assert table is not None
    return table
