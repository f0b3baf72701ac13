"""What a grid connection refuses, and in which words."""

from typing import Any

import pandas as pd
import pydantic
import pytest

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.grid import Grid
from tests.support.parks.jiangxi_grid import JIANGXI, grid, park


def day(count: int = 2, step: str = "15min", start: str = "2026-03-02 08:00") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq=step)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"import_limit_mw": -1}, ["`grid.import_limit_mw`", "-1", "in [0, 100000]"]),
        ({"export_limit_mw": None}, ["`grid`", "export_limit_mw", "transformers"]),
        (
            {"transformers": {"count": 2, "rating_mva": 120}},
            ["`grid.import_limit_mw` = 100", "`grid.export_limit_mw` = 50", "left out"],
        ),
        ({"scheme": "two-part"}, ["`grid.scheme`", "'two-part'", "`two_part`"]),
        ({"voltage_kv_level": ""}, ["`grid.voltage_kv_level`", "empty"]),
        ({"peak_so_far_mw": -3}, ["`grid.peak_so_far_mw`", "-3"]),
        ({"sale_price_yuan_per_kwh": float("inf")}, ["`grid.sale_price_yuan_per_kwh`", "inf", "finite"]),
        ({"import_limit": 3}, ["`grid.import_limit`", "`import_limit_mw`"]),
        (
            {"transformers": {"count": 0, "rating_mva": 0, "power_factor": 95, "back_feed_share": 80}},
            ["transformers.count` = 0", "rating_mva` = 0", "power_factor` = 95", "0.95?", "share` = 80"],
        ),
        (
            {"transformers": {"count": 2, "rating_mva": 1, "import_units_out": 3, "export_units_out": 4}},
            [
                "`grid.transformers.import_units_out` = 3",
                "`grid.transformers.export_units_out` = 4",
                "`count`",
            ],
        ),
    ],
)
def test_refused_with_field_and_value(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        grid(**changes)
    text = "\n".join(problem_sentences(caught.value, "grid", Grid))
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"voltage_kv_level": "500kV"}, ["voltage_kv_level", "'500kV'", "110kV"]),
        ({"voltage_kv_level": "below_1kV"}, ["two_part", "below_1kV"]),
    ],
)
def test_tariff_lacks_the_price(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        grid(**changes).series(park(day()))
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_what_the_tariff_lacks_is_told_beforehand() -> None:
    assert grid().tariff_problems(JIANGXI) == []
    assert grid(scheme="single_part", voltage_kv_level="below_1kV").tariff_problems(JIANGXI) == []
    (line,) = grid(voltage_kv_level="500kV").tariff_problems(JIANGXI)
    assert all(word in line for word in ("`voltage_kv_level` = '500kV'", "jiangxi-2026", "110kV"))
    lines = grid(voltage_kv_level="below_1kV").tariff_problems(JIANGXI)
    assert ["two_part_yuan_per_kwh" in lines[0], "demand_price" in lines[1]] == [True, True]


def test_straddling_intervals_are_refused() -> None:
    for hours in (0.25, 1.0):
        with pytest.raises(InputError, match="08:05"):
            grid().series(park(day(2, start="2026-03-02 08:05"), hours))
