"""A simple tariff as tables and as a file, and what is refused of it."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.errors import InputError


def simple(**changes: Any) -> dict[str, Any]:
    """Peak from 08:00 to 12:00 all year at twice the flat price, valley from 22:00."""
    tables: dict[str, Any] = {
        "name": "simple",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "purchase_price_yuan_per_kwh": 0.5,
        "line_loss_rate": 0.1,
        "system_operation_yuan_per_kwh": 0.02,
        "government_funds_yuan_per_kwh": 0.03,
        "voltages": {
            "10kV": {
                "two_part_yuan_per_kwh": 0.1,
                "single_part_yuan_per_kwh": 0.2,
                "demand_price_yuan_per_kw_month": 40,
            },
            "0.4kV": {"single_part_yuan_per_kwh": 0.3},
        },
        "ratios": {"peak": 2.0, "flat": 1.0, "valley": 0.5},
        "otherwise": "flat",
        "day": [
            {"months": list(range(1, 13)), "period": "peak", "hours": ["08:00-12:00"]},
            {"months": list(range(1, 13)), "period": "valley", "hours": ["22:00-24:00"]},
        ],
    }
    return tables | changes


def problems_of(tables: dict[str, Any], tmp_path: Path) -> list[str]:
    """What the file reader says of these tables."""
    with pytest.raises(InputError) as caught:
        read_tariff(str(write(tables, tmp_path)))
    return caught.value.problems


def write(tables: dict[str, Any], folder: Path) -> Path:
    def literal(value: Any) -> str:
        if isinstance(value, dict):
            return "{" + ", ".join(f'"{key}" = {literal(item)}' for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(literal, value)) + "]"
        return f'"{value}"' if isinstance(value, str) else str(value)

    file = folder / "t.toml"
    file.write_text("\n".join(f'"{key}" = {literal(value)}' for key, value in tables.items()), "utf-8")
    return file


def table(hours: list[str], months: list[int] | None = None, period: str = "peak") -> dict[str, Any]:
    return {"months": months or list(range(1, 13)), "period": period, "hours": hours}
