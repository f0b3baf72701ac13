"""Markets beside each other: what would be settled twice is refused, or said."""

from pathlib import Path

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.models.errors import InputError
from tests.support.small_case import add, swap, write_case

SPOT = """
[device.{}]
kind = "spot_market"
day_ahead_price_yuan_per_mwh = 300.0
real_time_price_yuan_per_mwh = 320.0
"""
MECHANISM = """
[device.{}]
kind = "mechanism_price"
market_price_yuan_per_kwh = 0.3
share = {}
{}
"""
CERTIFICATES = """
[device.{}]
kind = "green_certificates"
share = {}
{}
"""
FIRST_HALF, SECOND_HALF = "last_day = 2026-06-30", "first_day = 2026-07-01"


def said(folder: Path, *tables: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(folder, *map(add, tables))))
    problems = caught.value.problems
    assert all(translated_message(problem, "zh") != problem for problem in problems)
    return problems


def test_a_second_spot_market_is_refused(tmp_path: Path) -> None:
    """Both would settle the whole net import: 10 MWh at 300 would cost 6,000 yuan."""
    (problem,) = said(tmp_path, SPOT.format("one"), SPOT.format("two"))
    assert "`device.two`: must be the only spot market, and `device.one` is one" in problem


@pytest.mark.parametrize(
    "tables",
    [
        (MECHANISM.format("one", 0.8, ""), MECHANISM.format("two", 0.8, "")),
        (MECHANISM.format("one", 0.8, ""), CERTIFICATES.format("two", 1.0, "")),
        (MECHANISM.format("one", 0.8, FIRST_HALF), CERTIFICATES.format("two", 0.8, "last_day = 2026-01-01")),
        tuple(CERTIFICATES.format(name, 0.4, "") for name in ("one", "two", "three")),
    ],
)
def test_shares_of_the_export_beyond_all_of_it_are_refused(tables: tuple[str, ...], tmp_path: Path) -> None:
    """Energy with a mechanism price has no second income from certificates (136号)."""
    (problem,) = said(tmp_path, *tables)
    assert "of the export on the same days, must be 1 at most" in problem


@pytest.mark.parametrize(
    "tables",
    [
        (MECHANISM.format("one", 0.8, ""), CERTIFICATES.format("two", 0.2, "")),
        (MECHANISM.format("one", 0.8, FIRST_HALF), MECHANISM.format("two", 0.8, SECOND_HALF)),
        (MECHANISM.format("one", 0.8, ""), CERTIFICATES.format("two", 1.0, 'counted = "output"')),
    ],
)
def test_shares_that_leave_room_for_each_other(tables: tuple[str, ...], tmp_path: Path) -> None:
    assert load_case(str(write_case(tmp_path, *map(add, tables)))).devices["two"]


def test_energy_that_is_paid_by_tariff_and_market_is_said(tmp_path: Path) -> None:
    case = load_case(str(write_case(tmp_path / "a", add(SPOT.format("spot")))))
    bought, sold = case.dispatch_warnings
    assert "`device.spot`: energy is paid for in the market and at the tariff's" in bought
    assert "`device.grid.sale_price_yuan_per_kwh`: is earned beside the price of the spot market" in sold
    assert all(translated_message(warning, "zh") != warning for warning in (bought, sold))
    unpriced = (
        swap("purchase_price_yuan_per_kwh = 0.4", "purchase_price_yuan_per_kwh = 0.0", "own.toml"),
        swap("sale_price_yuan_per_kwh = 0.3", "sale_price_yuan_per_kwh = 0.0"),
    )
    assert not load_case(str(write_case(tmp_path / "b", add(SPOT.format("spot")), *unpriced))).warnings


def test_a_cleared_position_that_is_not_used_is_refused(tmp_path: Path) -> None:
    """It would be decided, and the number without effect."""
    (problem,) = said(tmp_path, SPOT.format("spot") + "cleared_mw = 10.0\n")
    assert "`device.spot.cleared_mw` = 10: must be left out, because `position` is decided" in problem
