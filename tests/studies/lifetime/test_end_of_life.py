"""Cells that end by their health are replaced then, at the price of then, and not in a fixed year.

By hand, as in `test_lifetime`: 1, 0.8 and 0.62 are left at the start of years 1 to 3, then 0.458. Below 0.7
after the second year, the cells are new in the third. 10,000 yuan less a tenth a year are 8,100 after two.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import EndOfLife, Lifetime
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.small_case import write_case


def small(folder: Path, years: int, **replacement: object) -> Prepared:
    """Two days without sun as if they were a year, with a plain battery and this replacement."""
    case = load_case(str(write_case(folder, *HOURLY, ENERGY_ONLY)))
    devices = {name: device for name, device in case.devices.items() if name != "pv"}
    devices["battery_1"] = Battery.model_validate(PLAIN)
    money = finance(years, replacement=Replacement.model_validate(replacement))
    return prepare(
        replace(case.with_devices(devices), finance=money), pd.date_range("2026-07-15", periods=48, freq="h")
    )


def lived(prepared: Prepared, only: list[int] | None = None) -> Lifetime:
    return dispatch_years(prepared, SolveContext(), only)


def health(lifetime: Lifetime) -> list[float]:
    return [year.state_of_health["battery_1"] for year in lifetime.years]


ENDING = {
    "trigger": "end_of_life",
    "end_of_life_health": 0.7,
    "cost_yuan": 10_000.0,
    "yearly_price_change": -0.1,
    "depreciation_years": 2,
}


def test_cells_are_new_after_the_year_that_wears_them_out(tmp_path: Path) -> None:
    prepared = small(tmp_path, 4, **ENDING)
    lifetime = lived(prepared)
    assert health(lifetime) == pytest.approx([1.0, 0.8, 1.0, 0.8])
    assert lifetime.replaced_years == (2,)
    assert lifetime.end_of_life(0.7) == EndOfLife(2, pytest.approx(2 + 1.6))
    assert prepared.case.finance is not None
    cash = cash_flow(prepared.case.finance, lifetime.operation())
    assert cash.values["replacement"].tolist() == pytest.approx([0, 0, 8_100, 0, 0])


def test_a_worse_health_ends_them_later_or_never(tmp_path: Path) -> None:
    lifetime = lived(small(tmp_path / "a", 4, **{**ENDING, "end_of_life_health": 0.5}))
    assert health(lifetime) == pytest.approx([1.0, 0.8, 0.62, 1.0])
    never = small(tmp_path / "b", 3, **{**ENDING, "end_of_life_health": 0.5})
    kept = lived(never)
    assert kept.replaced_years == ()
    assert never.case.finance is not None
    assert not cash_flow(never.case.finance, kept.operation()).values["replacement"].any()


def test_every_replacement_of_a_life_is_paid_at_the_price_of_its_year(tmp_path: Path) -> None:
    """1, 0.8, new, 0.8, new: 10,000 x 0.9 squared after year 2, x 0.9 to the fourth after year 4.

    Were the second one free, 8,100 yuan would be all. Each is written off in two years.
    """
    prepared = small(tmp_path, 5, **ENDING)
    lifetime = lived(prepared)
    assert health(lifetime) == pytest.approx([1.0, 0.8, 1.0, 0.8, 1.0])
    assert lifetime.replaced_years == (2, 4)
    assert prepared.case.finance is not None
    values = cash_flow(prepared.case.finance, lifetime.operation()).values
    assert values["replacement"].tolist() == pytest.approx([0, 0, 8_100, 0, 6_561, 0])
    first, second = 8_100 / 1.13 * 0.95 / 2, 6_561 / 1.13 * 0.95
    assert values["depreciation_of_replacement"].tolist() == pytest.approx([0, 0, 0, first, first, second])


def test_cells_are_added_up_to_a_health_at_that_share_of_the_cost(tmp_path: Path) -> None:
    """0.62 after two years is brought to 0.9: 28 % of the cells; a year turns over 1.8 cycles.

    0.9 - 0.05 x 1.8 - 0.1 = 0.71 stays above 0.7; 0.71 - 0.05 x 1.42 - 0.1 = 0.539 is brought to 0.9 again.
    Were all cells paid for, 8,100 and 5,904.9 yuan would be due.
    """
    added = {**ENDING, "mode": "augmentation", "augmented_health": 0.9}
    prepared = small(tmp_path, 5, **added)
    lifetime = lived(prepared)
    assert health(lifetime) == pytest.approx([1.0, 0.8, 0.9, 0.71, 0.9])
    assert lifetime.replaced_years == (2, 4)
    assert prepared.case.finance is not None
    paid = cash_flow(prepared.case.finance, lifetime.operation()).values["replacement"]
    assert paid.tolist() == pytest.approx([0, 0, 0.28 * 8_100, 0, 0.361 * 6_561, 0])
    assert lifetime.beyond_warranty(4.0) == 3  # the old cells go on


def test_a_fixed_year_may_recur(tmp_path: Path) -> None:
    """Every two of seven years: after years 2, 4 and 6; none in the last."""
    fixed = {"year": 2, "recurrence": "every", "cost_yuan": 10_000.0, "depreciation_years": 2}
    prepared = small(tmp_path, 7, **fixed)
    lifetime = lived(prepared, [])
    assert health(lifetime) == pytest.approx([1.0, 0.8] * 3 + [1.0])
    assert prepared.case.finance is not None
    paid = cash_flow(prepared.case.finance, lifetime.operation()).values["replacement"]
    assert paid.tolist() == [0, 0, 10_000, 0, 10_000, 0, 10_000, 0]


def test_an_augmentation_below_the_end_of_life_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValidationError, match=r"augmented_health = 0\.6: must be above end_of_life_health = 0\.7"
    ):
        Replacement(mode="augmentation", augmented_health=0.6)


def test_a_quick_study_dispatches_the_years_at_the_end_of_life(tmp_path: Path) -> None:
    """Years 3 and 4 are asked by nobody: the third ends the cells, the fourth begins with new ones."""
    quick = lived(small(tmp_path, 7, **{**ENDING, "end_of_life_health": 0.5}), [])
    whole = lived(small(tmp_path / "whole", 7, **{**ENDING, "end_of_life_health": 0.5}))
    assert [year.year for year in quick.years if year.dispatched] == [1, 2, 3, 4, 6, 7]
    assert health(quick) == pytest.approx(health(whole))


def test_more_cycles_than_warranted_are_told(tmp_path: Path) -> None:
    """2, 1.6 and 1.24 cycles: the fourth is exceeded in year 3; new cells after year 2 exceed it never."""
    assert lived(small(tmp_path / "a", 3)).beyond_warranty(4.0) == 3
    assert lived(small(tmp_path / "b", 3)).beyond_warranty(4.9) is None
    assert lived(small(tmp_path / "c", 4, **ENDING)).beyond_warranty(4.0) is None
