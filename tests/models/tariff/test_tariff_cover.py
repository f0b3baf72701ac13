"""A tariff names every quarter-hour once and prices every month of its validity, or is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.tariffs.tariff_files import known_tariffs, read_tariff
from parkdispatch.models.calendar.quarter_hours import unnamed_spans
from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.demand_rules import PowerFactorRule
from parkdispatch.models.tariff.tariff import Tariff, UnpricedError
from tests.support.cases.tariff_cases import problems_of, simple, table, write
from tests.support.paths import ROOT

EVERY = list(range(1, 13))
FULL_DAY = [table(["00:00-24:00"], period="flat")]
OFFICIAL = ROOT.parent / "shared" / "data" / "tariff"  # beside the project, where there is any


def closed(**changes: Any) -> dict[str, Any]:
    """A tariff that says nothing of other hours."""
    tables = simple(**changes)
    del tables["otherwise"]
    return tables


# --- gaps


def test_a_gap_is_refused_naming_month_and_hours(tmp_path: Path) -> None:
    day = [table(["00:00-08:00", "12:00-24:00"], period="flat"), table(["08:00-12:00"], EVERY[:4])]
    (line,) = problems_of(closed(day=day), tmp_path)
    assert "`day`: month 5, 6, 7, 8, 9, 10, 11, 12: 08:00-12:00 belongs to no period" in line
    assert "`otherwise`" in line


def test_gaps_that_differ_are_told_apart(tmp_path: Path) -> None:
    day = [table(["00:15-08:00", "12:00-23:30"], [1], "flat"), table(["00:00-23:45"], EVERY[1:], "flat")]
    first, second = problems_of(closed(day=day), tmp_path)
    assert "month 1: 00:00-00:15, 08:00-12:00, 23:30-24:00 belongs to no period" in first
    assert "month 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12: 23:45-24:00" in second


def test_gap_overlap_and_a_missing_month_at_once(tmp_path: Path) -> None:
    day = [table(["00:00-08:00"], EVERY[:11], "flat"), table(["07:45-20:00"], EVERY[:11])]
    text = "\n".join(problems_of(closed(day=day), tmp_path))
    for words in ("`day[1].hours[0]` = '07:45-20:00' overlaps", "month 12 of the validity", "20:00-24:00"):
        assert words in text


def test_every_hour_named_needs_no_otherwise() -> None:
    day = [table(["00:00-08:00", "12:00-24:00"], period="flat"), table(["08:00-12:00"])]
    tariff = Tariff(**closed(day=day))
    assert list(tariff.period(pd.DatetimeIndex(["2026-05-04 07:45", "2026-05-04 08:00"]))) == ["flat", "peak"]


def test_a_month_outside_the_validity_needs_no_hours() -> None:
    day = [table(["00:00-24:00"], [1, 2], "flat"), table(["08:00-12:00"], [7])]
    assert Tariff(**closed(day=day, valid_to=date(2026, 2, 28))).otherwise is None


@settings(max_examples=60)
@given(named=st.lists(st.booleans(), min_size=96, max_size=96))
def test_unnamed_is_what_is_not_named(named: list[bool]) -> None:
    def clock(quarter: int) -> str:
        return f"{quarter // 4:02}:{quarter % 4 * 15:02}"

    unnamed = unnamed_spans([f"{clock(q)}-{clock(q + 1)}" for q in range(96) if named[q]])
    whole = [q for span in unnamed for q in range(96) if span[:5] <= clock(q) < span[6:]]
    assert whole == [q for q in range(96) if not named[q]]
    assert len(unnamed) == sum(not named[q] and (q == 0 or named[q - 1]) for q in range(96))


@pytest.mark.parametrize("name", known_tariffs())
def test_every_built_in_quarter_hour_is_priced_once(name: str) -> None:
    tariff = read_tariff(name)
    times = pd.date_range(tariff.valid_from, f"{tariff.valid_to} 23:45", freq="15min")
    for voltage, level in tariff.voltages.items():
        for scheme in ("two_part", "single_part"):
            if level.transmission_yuan_per_kwh(scheme) is not None:  # type: ignore[arg-type]
                price = tariff.energy_price_yuan_per_kwh(times, voltage, scheme)  # type: ignore[arg-type]
                assert np.isfinite(price).all()
                assert (price > 0).all()


# --- months without a price


def test_months_by_number_get_their_own_price() -> None:
    priced = {"1": 0.5, "2": 0.6}
    tariff = Tariff(**simple(purchase_price_yuan_per_kwh=priced, valid_to=date(2026, 2, 28)))
    price = tariff.energy_price_yuan_per_kwh(
        pd.DatetimeIndex(["2026-01-31", "2026-02-01"]), "10kV", "two_part"
    )
    np.testing.assert_allclose(price, [0.70, 0.81])  # as in the list of twelve


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"purchase_price_yuan_per_kwh": {"1": 0.4, "3": 0.4}, "valid_to": date(2026, 4, 30)},
            ["`purchase_price_yuan_per_kwh`", "month 2, 4 of the validity has no price"],
        ),
        ({"purchase_price_yuan_per_kwh": {"13": 0.4}}, ["month 13: must be 1 to 12"]),
        ({"purchase_price_yuan_per_kwh": [0.4] * 10}, ["month 11, 12 is missing"]),
        (
            {"government_funds_yuan_per_kwh": {"1": 0.1}, "valid_to": date(2026, 2, 1)},
            ["`government_funds_yuan_per_kwh`", "month 2 of the validity has no price"],
        ),
        ({"purchase_price_yuan_per_kwh": [*[0.4] * 11, float("nan")]}, ["[11]", "finite"]),
    ],
)
def test_a_month_without_a_price_is_refused(
    changes: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    text = "\n".join(problems_of(simple(**changes), tmp_path))
    assert all(word in text for word in words), text


def test_all_that_is_lacking_at_once(tmp_path: Path) -> None:
    tables = closed(
        purchase_price_yuan_per_kwh={"1": 0.4},
        day=[table(["00:00-20:00"])],
        power_factor={"standard": 0.9, "steps": [[1, 0], [0.5, 0]]},
        demand_rules={"tolerance": 0.5},
    )
    text = "\n".join(problems_of(tables, tmp_path))
    for words in (
        "no price",
        "20:00-24:00",
        "`power_factor.steps`",
        "`demand_rules.tolerance` = 0.5",
        "`demand_rules.excess_multiple` is missing",
    ):
        assert words in text, text


# --- power factor and demand rules are data


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ([[1, 0.0], [0.95, 0.0], [0, 1]], "must have a row [0.9, 0]"),
        ([[1, 0.0], [0.9, 0.0], [0.92, 0.0], [0, 1]], "must go down"),
        ([[0.9, 0.0], [0, 1]], "must go down from power factor 1 to 0"),
        ([[1, 0.0]], "at least 2 entries"),
        ([[1, 0.0], [95, 0.0], [0, 1]], "[0, 1]"),
    ],
)
def test_a_power_factor_table_with_a_hole(steps: Any, words: str, tmp_path: Path) -> None:
    text = "\n".join(problems_of(simple(power_factor={"standard": 0.9, "steps": steps}), tmp_path))
    assert words in text


@settings(max_examples=60)
@given(factor=st.floats(0, 1))
def test_a_better_power_factor_never_costs_more(factor: float) -> None:
    rule = read_tariff("jiangxi-2026").power_factor
    assert isinstance(rule, PowerFactorRule)
    share = rule.share(factor)
    assert rule.share(1.0) <= share <= rule.share(0.0)
    if factor <= 0.98:
        assert rule.share(factor + 0.02) <= share
    factors, shares = zip(*reversed(rule.steps), strict=True)
    assert share == pytest.approx(np.interp(np.floor(factor * 100 + 0.5 + 1e-9) / 100, factors, shares))


def test_a_tariff_without_a_rule_for_it() -> None:
    tariff = Tariff(**simple())
    assert tariff.power_factor_share(None) == 0
    with pytest.raises(InputError, match="`power_factor`"):
        tariff.power_factor_share(0.8)


def test_the_rules_come_from_the_file(tmp_path: Path) -> None:
    rules = {
        "tolerance": 1.1,
        "excess_multiple": 3.0,
        "least_contract_share": 0.3,
        "full_use_kwh_per_kva": 200.0,
        "full_use_price_share": 0.8,
        "election_months": 6,
    }
    tariff = read_tariff(str(write(simple(demand_rules=rules), tmp_path)))
    assert tariff.demand_rules is not None
    assert tariff.demand_rules.model_dump() == rules


# --- official tables, where they are at hand


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official tables are not part of the project")
def test_transmission_and_demand_prices_of_the_official_table() -> None:
    official = pd.read_csv(OFFICIAL / "jiangxi_td_4th_cycle.csv", index_col="voltage")
    names = {
        "<1kV": "below_1kV",
        "1-10(20)kV": "1-10kV",
        "35kV": "35kV",
        "110kV": "110kV",
        ">=220kV": "220kV",
    }
    fields = {
        "single_part_energy_yuan_kwh": "single_part_yuan_per_kwh",
        "two_part_energy_yuan_kwh": "two_part_yuan_per_kwh",
        "demand_yuan_kw_month": "demand_price_yuan_per_kw_month",
        "capacity_yuan_kva_month": "capacity_price_yuan_per_kva_month",
    }
    voltages = read_tariff("jiangxi-2026").voltages
    assert set(names.values()) == set(voltages)
    for row, name in names.items():
        for column, field in fields.items():
            published = official.loc[row, column]
            assert getattr(voltages[name], field) == (None if pd.isna(published) else published)


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official tables are not part of the project")
def test_periods_of_the_official_table() -> None:
    official = pd.read_csv(OFFICIAL / "jiangxi_tou_463_2025.csv")
    tariff = read_tariff("jiangxi-2026")
    words = {"deep": "deep_valley"}
    for month in EVERY:
        times = pd.date_range(f"2026-{month:02}-27", periods=96, freq="15min")  # no holiday
        wanted = np.full(96, "flat", dtype=object)
        for row in official.itertuples():
            if str(month) in str(row.months).split(";"):
                first, last = (4 * int(c[:2]) + int(c[3:]) // 15 for c in (row.start, row.end))
                wanted[first:last] = words.get(row.period, row.period)
                assert tariff.ratios[words.get(row.period, row.period)] == row.ratio_to_flat_energy_base
        assert list(tariff.period(times)) == list(wanted)


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the official tables are not part of the project")
def test_a_march_bill_at_the_official_prices() -> None:
    from parkdispatch.models.network.grid import Grid
    from parkdispatch.results.billing.bill import bill

    (row,) = pd.read_csv(OFFICIAL / "jiangxi_price_2026_03_1-10kV_twopart.csv").itertuples()
    device = Grid(voltage_kv_level="1-10kV", import_limit_mw=9, export_limit_mw=9)
    published = {
        "16:00": row.peak_yuan_kwh,
        "08:00": row.flat_yuan_kwh,
        "01:00": row.valley_yuan_kwh,
        "12:00": row.deep_valley_yuan_kwh,
    }
    for clock, price in published.items():
        bill_of_march = bill(
            pd.DatetimeIndex([f"2026-03-02 {clock}"]),
            np.array([4.0]),
            np.zeros(1),
            0.25,
            read_tariff("jiangxi-2026"),
            device,
        )
        energy = bill_of_march.by_charge_yuan.drop(columns=["demand", "sale"]).to_numpy().sum()
        assert energy / 1000 == pytest.approx(price, abs=1e-4)


# --- days outside the validity


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 3, 1), date(2026, 10, 31), ""),
        (
            date(2026, 1, 1),
            date(2026, 12, 31),
            "120 of 365 days, 2026-01-01 to 2026-02-28 and 2026-11-01 to",
        ),
        (
            date(2026, 2, 28),
            date(2026, 3, 1),
            "1 of 2 days, 2026-02-28; valid from 2026-03-01 to 2026-10-31",
        ),
        (date(2026, 10, 31), date(2026, 11, 2), "on 2 of 3 days, 2026-11-01 to 2026-11-02;"),
        (date(2025, 7, 1), date(2025, 7, 1), "on 1 of 1 days, 2025-07-01;"),
        (date(2027, 7, 1), date(2027, 7, 2), "on 2 of 2 days, 2027-07-01 to 2027-07-02;"),
    ],
)
def test_days_without_a_price_are_named(first: date, last: date, words: str) -> None:
    tariff = Tariff(**simple(valid_from=date(2026, 3, 1), valid_to=date(2026, 10, 31)))
    unpriced = tariff.unpriced(first, last)
    assert len(unpriced) == bool(words)
    assert all(words in line for line in unpriced), unpriced
    times = pd.date_range(first, last, freq="D")
    if words:
        with pytest.raises(UnpricedError, match=f"`tariff` = '{tariff.name}': has no price on"):
            tariff.period(times)
    else:
        tariff.period(times)
