"""Calibrated numbers of a case: their paths, their ranges, and what is said where they are wrong."""

from pathlib import Path

import pytest

from parkdispatch.inputs.loader import case_text, load_case
from parkdispatch.inputs.variations.calibration import calibrated_values, integer_paths
from parkdispatch.inputs.variations.changes import value_at, with_values
from parkdispatch.models.errors import InputError
from parkdispatch.models.stores.battery import Battery

STUDY = case_text("gaoan-study")


def written(folder: Path, *swaps: tuple[str, str]) -> str:
    text = STUDY
    for old, new in swaps:
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "case.toml").write_text(text, encoding="utf-8")
    return str(folder)


def test_the_values_are_those_of_the_case() -> None:
    case = load_case("gaoan-study")
    values = calibrated_values(case)
    assert case.finance is not None
    assert values["finance.loan.share"] == case.finance.loan.share
    assert values["tariff.purchase_price_yuan_per_kwh"] == pytest.approx(
        case.tariff.purchase_price_yuan_per_kwh[0]
    )
    assert integer_paths(case) == {"finance.loan.years"}
    assert len(values) == 7


def test_numbers_are_changed_where_they_are_and_nowhere_else() -> None:
    case = load_case("gaoan-study")
    values = {
        "tariff.purchase_price_yuan_per_kwh": 0.45, "device.battery.fade_per_year": 0.02,
        "finance.loan.years": 17.0, "contract.demand_response.price_yuan_per_kwh": 3.0,
        "tariff.ratios.sharp": 1.8,
    }  # fmt: skip
    other = with_values(case, values)
    assert {path: value_at(other, path) for path in values} == pytest.approx(values)
    battery, before = other.devices["battery"], case.devices["battery"]
    assert isinstance(battery, Battery)
    assert battery.model_copy(update={"fade_per_year": before.fade_per_year}) == before  # type: ignore[attr-defined]
    assert other.finance is not None and case.finance is not None
    assert other.finance.loan.years == 17 and isinstance(other.finance.loan.years, int)
    assert (
        other.finance.model_fields_set
        == case.finance.model_fields_set
        != set(type(case.finance).model_fields)
    )
    assert calibrated_values(case) == calibrated_values(load_case("gaoan-study"))


def test_a_price_by_month_keeps_its_shape() -> None:
    """Months of 1 to 12 times 0.01 have a mean of 0.065; at 0.13 each doubles."""
    case = load_case("gaoan-study")
    months = [0.01 * month for month in range(1, 13)]
    tariff = case.tariff.model_validate({**dict(case.tariff), "purchase_price_yuan_per_kwh": months})
    from dataclasses import replace

    other = with_values(replace(case, tariff=tariff), {"tariff.purchase_price_yuan_per_kwh": 0.13})
    assert other.tariff.purchase_price_yuan_per_kwh == pytest.approx([2 * price for price in months])


@pytest.mark.parametrize(
    ("swap", "said"),
    [
        (
            ('path = "finance.loan.rate"', 'path = "finance.loan.rat"'),
            ("`calibrated[4].path` = 'finance.loan.rat': `finance.loan.rat`: no such field as `rat`", "rate"),
        ),
        (
            ('path = "finance.loan.rate"', 'path = "money.rate"'),
            ("must begin with one of device, tariff, finance, weather, contract",),
        ),
        (
            ('path = "finance.loan.rate"', 'path = "finance.loan.method"'),
            ("`finance.loan.method` = annuity: must be a number",),
        ),
        (
            ('path = "finance.loan.rate"', 'path = "finance.loan.share"'),
            ("finance.loan.share is named 2 times, must be once",),
        ),
        (
            ("fade_per_year = 0.02187", "fade_per_year = 0.04"),
            ("`device.battery.fade_per_year` = 0.04: must be in its range, [0.015, 0.03]",),
        ),
        (
            ("fade_per_year = 0.02187", "fade_per_year = 0.03000001"),
            ("`device.battery.fade_per_year` = 0.03000001: must be in its range, [0.015, 0.03]",),
        ),
        (("high = 0.80", "high = 1.5"), ("`calibrated[3].high` = 1.5", "finance.loan.share", "[0, 1]")),
        (("high = 0.80", "high = 0.6"), ("`calibrated[3].high` = 0.6", "must be above low = 0.6")),
        (('unit = "years"', 'unit = "year"'), ("`calibrated[5].unit`", "years")),
        (
            ('"tariff.ratios.sharp" = 1.8', '"tariff.ratios.sharpe" = 1.8'),
            (
                "`what_if.sharp_counted.values`: 'tariff.ratios.sharpe' = 1.8: `tariff.ratios.sharpe`: no",
                "such field as `sharpe`",
            ),
        ),
        (
            ('"tariff.ratios.sharp" = 1.8', '"tariff.ratios.sharp" = -1.8'),
            ("`what_if.sharp_counted.values`: 'tariff.ratios.sharp' = -1.8",),
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, swap: tuple[str, str], said: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as error:
        load_case(written(tmp_path, swap))
    for words in said:
        assert words in str(error.value)
