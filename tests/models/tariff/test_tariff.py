"""A tariff made up for the purpose: prices by hand, and what is refused."""

import copy
import itertools
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import PERIODS
from tests.support.cases.tariff_cases import problems_of, simple, table, write
from tests.support.paths import ROOT

JIANGXI_FILE = ROOT / "inputs" / "tariffs" / "jiangxi-2026.toml"


def at(*texts: str) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(list(texts))


# --- by hand


def test_only_purchased_energy_carries_the_ratio() -> None:
    # peak 2 x 0.5 + 0.1 x 0.5 + 0.1 + 0.02 + 0.03 = 1.20; were the loss multiplied too, 1.25; were all, 1.40
    price = Tariff(**simple()).energy_price_yuan_per_kwh(
        at("2026-05-04 08:00", "2026-05-04 12:00", "2026-05-04 23:45"), "10kV", "two_part"
    )
    np.testing.assert_allclose(price, [1.20, 0.70, 0.45], rtol=1e-12)


def test_single_part_has_its_own_transmission_price() -> None:
    # 0.80; with the two-part price it would be 0.70
    price = Tariff(**simple()).energy_price_yuan_per_kwh(at("2026-05-04 12:00"), "10kV", "single_part")
    np.testing.assert_allclose(price, [0.80], rtol=1e-12)


def test_span_includes_its_start_and_not_its_end() -> None:
    times = at("2026-01-01 07:45", "2026-01-01 08:00", "2026-01-01 11:45", "2026-01-01 12:00")
    assert list(Tariff(**simple()).period(times)) == ["flat", "peak", "peak", "flat"]


def test_monthly_prices_change_with_the_month() -> None:
    base = [0.5] * 12
    base[1] = 0.6
    tariff = Tariff(**simple(purchase_price_yuan_per_kwh=base))
    price = tariff.energy_price_yuan_per_kwh(at("2026-01-31 00:00", "2026-02-01 00:00"), "10kV", "two_part")
    np.testing.assert_allclose(price, [0.70, 0.81], rtol=1e-12)  # 0.6 x 1.1 + 0.15


@settings(max_examples=50)
@given(
    cuts=st.lists(st.integers(1, 95), min_size=1, max_size=6, unique=True),
    names=st.lists(st.sampled_from(PERIODS), min_size=7, max_size=7),
)
def test_any_day_cut_into_spans_is_reproduced(cuts: list[int], names: list[str]) -> None:
    break_points = [0, *sorted(cuts), 96]
    clock = [f"{edge // 4:02}:{edge % 4 * 15:02}" for edge in break_points]
    spans = [f"{a}-{b}" for a, b in itertools.pairwise(clock)]
    day = [
        {"months": list(range(1, 13)), "period": name, "hours": [span]}
        for name, span in zip(names, spans, strict=False)
    ]
    tariff = Tariff(**simple(day=day, ratios=dict.fromkeys(PERIODS, 1.0)))
    periods = tariff.period(pd.date_range("2026-06-01", periods=96, freq="15min"))
    wanted = [
        name for name, a, b in zip(names, break_points, break_points[1:], strict=False) for _ in range(b - a)
    ]
    assert list(periods) == wanted


# --- refused, and files


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"day": [table(["25:00-26:00"])]}, ["day[0].hours[0]", "'25:00-26:00'", "24:00"]),
        ({"day": [table(["22:00-02:00"])]}, ["day[0].hours[0]", "'22:00-02:00'", "across midnight"]),
        ({"day": [table(["24:00-24:00"])]}, ["'24:00-24:00'", "only as an end"]),
        ({"day": [table(["08:00-08:00"])]}, ["'08:00-08:00'", "end after it begins"]),
        ({"day": [table(["08:10-09:00"])]}, ["day[0].hours[0]", "'08:10-09:00'", "quarter-hour"]),
        ({"day": [table(["08:60-09:00"])]}, ["'08:60-09:00'"]),
        ({"day": [table(["8-9"])]}, ["'8-9'", '"18:00-20:00"']),
        ({"day": [table([])]}, ["day[0].hours", "at least 1"]),
        ({"day": [table(["08:00-09:00", "08:45-10:00"])]}, ["day[0].hours[1]", "'08:45-10:00'", "overlaps"]),
        (
            {"day": [table(["08:00-09:00"]), table(["08:45-10:00"], [5, 7], "valley")]},
            ["day[1].hours[0]", "'08:45-10:00'", "day[0].hours[0]", "month 5, 7"],
        ),
        ({"day": [table(["08:00-09:00"], [1, 1, 2])]}, ["day[0].months", "twice: 1"]),
        ({"day": [table(["08:00-09:00"], [1, 13])]}, ["day[0].months[1]", "13", "[1, 12]"]),
        ({"day": [table(["08:00-09:00"], [1, 2, 3, 4, 5, 6, 7, 8])]}, ["`day`", "month 9, 10, 11, 12"]),
        ({"day": [table(["08:00-09:00"], period="peek")]}, ["day[0].period", "'peek'", "`peak`"]),
        ({"day": [table(["08:00-09:00"], period="sharp")]}, ["`day[0].period`", "'sharp'", "ratios"]),
        ({"otherwise": "deep"}, ["`otherwise`", "'deep'", "deep_valley"]),
        ({"ratios": {"flat": 1, "peak": 2, "valley": 0.4, "pesk": 2}}, ["`ratios.pesk`", "`peak`"]),
        ({"ratios": {"flat": 1, "peak": -2, "valley": 0.4}}, ["`ratios.peak`", "-2", "in [0, 1000000]"]),
        ({"valid_to": date(2025, 1, 1)}, ["`valid_to`", "2025-01-01", "2026-01-01"]),
        ({"valid_from": 2026}, ["`valid_from`", "2026", "date"]),
        ({"line_loss_rate": 3.68}, ["`line_loss_rate`", "3.68", "[0, 1)", "0.0368"]),
        ({"purchase_price_yuan_per_kwh": [0.4] * 11}, ["`purchase_price_yuan_per_kwh`", "12"]),
        ({"purchase_price_yuan_per_kwh": "0.4x"}, ["`purchase_price_yuan_per_kwh`", "'0.4x'", "12"]),
        ({"voltages": {}}, ["`voltages`", "at least 1"]),
        (
            {"voltages": {"10kV": {"demand": 4}}},
            ["`voltages.10kV.demand` = 4", "demand_price_yuan_per_kw_month"],
        ),
        ({"holiday": []}, ["`holiday`", "`holidays`"]),
        (
            {"holidays": [{"name": "New Year", "first": date(2026, 12, 31), "last": date(2027, 1, 2)}]},
            ["`holidays[0]`", "'New Year'", "2027-01-02", "inside the validity"],
        ),
        (
            {"holidays": [{"name": "New Year", "first": date(2026, 1, 3), "last": date(2026, 1, 1)}]},
            ["`holidays[0].last`", "2026-01-01", "2026-01-03"],
        ),
        (
            {"holiday_day": [{"period": "valley", "hours": ["12:00-14:00"], "holidays": ["Xmas"]}]},
            ["holiday_day[0].holidays", "'Xmas'"],
        ),
    ],
)
def test_refused_with_field_and_value(changes: dict[str, Any], words: list[str], tmp_path: Path) -> None:
    text = "\n".join(problems_of(simple(**changes), tmp_path))
    assert all(word in text for word in words), text


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    tables = tomllib.loads(JIANGXI_FILE.read_text("utf-8"))
    broken = copy.deepcopy(tables)
    broken["day"][2]["hours"][0] = "25:00-26:00"
    broken["line_loss_rate"] = 3.68
    broken["otherwise"] = "flt"
    broken["holidays"][1]["last"] = date(2027, 5, 5)
    del broken["valid_from"]
    text = problems_of(broken, tmp_path)
    assert len(text) == 6  # May Day, stretched, also overlaps National Day
    assert all(line.startswith("tariff ") for line in text)
    for field in (
        "valid_from",
        "line_loss_rate",
        "otherwise",
        "day[2].hours[0]",
        "holidays[1]",
        "holidays[2]",
    ):
        assert sum(f"`{field}`" in line for line in text) == 1, field


def test_overlapping_holidays(tmp_path: Path) -> None:
    days = [
        {"name": name, "first": date(2026, 5, first), "last": date(2026, 5, 5)}
        for name, first in (("A", 1), ("B", 5), ("A", 20))
    ]
    days[2]["last"] = date(2026, 5, 21)
    text = "\n".join(problems_of(simple(holidays=days), tmp_path))
    assert "`holidays[1]` = 'B' overlaps holidays[0] = 'A'" in text
    assert "`holidays[2]` = 'A': the name is taken by holidays[0]" in text


def test_part_of_a_year_needs_only_its_months() -> None:
    tariff = Tariff(**simple(valid_to=date(2026, 2, 10), day=[table(["08:00-09:00"], [1, 2])]))
    assert len(tariff.period(pd.date_range("2026-01-01", "2026-02-10 23:45", freq="15min"))) == 41 * 96


def test_path_is_relative_to_the_case(tmp_path: Path) -> None:
    write(simple(), tmp_path)
    case = tmp_path / "case.toml"
    case.write_text("")
    assert read_tariff("t.toml", tmp_path).name == "simple"
    assert read_tariff("t.toml", case).name == "simple"
    with pytest.raises(InputError, match="no such file"):
        read_tariff("s/t.toml", tmp_path)
