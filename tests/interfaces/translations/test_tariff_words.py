"""What is wrong with a tariff is said in Chinese."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parkdispatch.interfaces.translations.catalogue import translated_message
from tests.support.cases.tariff_cases import problems_of, simple

DAMAGES: tuple[dict[str, Any], ...] = (
    {"otherwise": ""},
    {"otherwise": None},
    {"day": 1.5},
    {"day": []},
    {"day": [{"months": [1, 1], "period": "peak", "hours": ["08:00-12:00"]}]},
    {"day": [{"months": [1e308], "period": "peak", "hours": ["08:00-12:00"]}]},
    {"day": [{"months": [1], "days": ["monday"], "period": "peak", "hours": ["08:00-12:00"]}]},
    {"day": [{"months": [1], "days": ["mon"], "period": "peak", "hours": ["22:00-02:00"]}]},
    {"day": [{"months": [1], "period": "peak", "hours": ["08:00-12:00", "09:00-10:00"]}]},
    {"holidays_as": "sunday"},
    {"holidays": [{"name": "a", "first": date(2024, 2, 29), "last": date(2026, 3, 1)}]},
    {"holidays": [{"name": n, "first": date(2026, 3, 1), "last": date(2026, 3, 2)} for n in ("a", "b")]},
    {"valid_to": date(2025, 1, 1)},
    {"charges": {"demand": [{"name": "a", "price_yuan_per_kw_month": [1.0] * 11}]}},
    {"charges": {"demand": [{"name": "a", "price_yuan_per_kw_month": 1.0}] * 2}},
    {"charges": {"demand": [{"name": "a", "price_yuan_per_kw_month": 1.0, "periods": ["peak"] * 2}]}},
    {"charges": {"tiers": [{"above_kwh": kwh, "added_yuan_per_kwh": 0.1} for kwh in (9.0, 5.0)]}},
)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_tariff_is_said_in_chinese(damage: dict[str, Any], tmp_path: Path) -> None:
    tables = {key: value for key, value in simple(**damage).items() if value is not None}
    for problem in problems_of(tables, tmp_path):
        assert translated_message(problem, "zh") != problem
