"""Cells that end by their health are replaced then, at the price of then, and not in a fixed year.

By hand, as in `test_lifetime`: 1, 0.8 and 0.62 are left at the start of years 1 to 3, then 0.458. Below 0.7
after the second year, the cells are new in the third. 10,000 yuan less a tenth a year are 8,100 after two.
"""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.finance.investment import Replacement
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
    assert lifetime.replaced_year == 2
    assert lifetime.end_of_life(0.7) == EndOfLife(2, pytest.approx(2 + 1.6))
    assert prepared.case.finance is not None
    cash = cash_flow(prepared.case.finance.replaced_after(2), lifetime.operation())
    assert cash.values["replacement"].tolist() == pytest.approx([0, 0, 8_100, 0, 0])


def test_a_worse_health_ends_them_later_or_never(tmp_path: Path) -> None:
    lifetime = lived(small(tmp_path / "a", 4, **{**ENDING, "end_of_life_health": 0.5}))
    assert health(lifetime) == pytest.approx([1.0, 0.8, 0.62, 1.0])
    never = small(tmp_path / "b", 3, **{**ENDING, "end_of_life_health": 0.5})
    assert lived(never).replaced_year is None
    assert never.case.finance is not None
    dated = never.case.finance.replaced_after(None)
    assert not dated.replaced


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
