"""The park without the storage is dispatched by another process, with the figures of one."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.io.second_process import can_copy
from parkdispatch.studies.lifetime import base_years as module
from parkdispatch.studies.lifetime.base_years import base_years, prepared_year
from parkdispatch.studies.lifetime.lifetime_dispatch import YearStarts, dispatch_years
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import HOURLY, PLAIN, finance
from tests.support.small_case import write_case

pytestmark = pytest.mark.skipif(not can_copy(), reason="needs Linux, two processors")


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """Two days of a park with a battery that ages, for four years."""
    case = load_case(str(write_case(tmp_path, *HOURLY)))
    battery = Battery.model_validate({**PLAIN, "fade_per_year": 0.05})
    case = replace(case.with_devices({**case.devices, "battery_1": battery}), finance=finance(4))
    return prepare(case, pd.date_range("2026-07-15", periods=48, freq="h"))


@pytest.fixture
def solved_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """One entry for each year without the investment that this process solved."""
    here, solved, solve = os.getpid(), list[int](), module._solve

    def counted(*args: object) -> object:
        if os.getpid() == here:
            solved.append(1)
        return solve(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_solve", counted)
    yield solved


def test_another_process_dispatches_the_park_without_its_storage(
    prepared: Prepared, solved_here: list[int]
) -> None:
    alone = dispatch_years(prepared, SolveContext())
    assert len(solved_here) == 4
    assert dispatch_years(prepared, SolveContext(processes=2)).years == alone.years
    assert len(solved_here) == 4


def test_a_year_that_is_not_asked_for_is_passed_over(prepared: Prepared, solved_here: list[int]) -> None:
    later = {year: prepared_year(prepared, {"battery_1": 0.9}, year) for year in (1, 3)}
    with base_years(prepared, [1, 2, 3], SolveContext(processes=2)) as base_year:
        third = base_year(3, later[3])
    assert not solved_here
    with base_years(prepared, [1, 3], SolveContext()) as base_year:
        assert not third.solution.equals(base_year(1, later[1]).solution)
        assert third.solution.equals(base_year(3, later[3]).solution)
    assert len(solved_here) == 2


def test_a_year_that_was_not_announced_is_dispatched_here(prepared: Prepared, solved_here: list[int]) -> None:
    later = {year: prepared_year(prepared, {"battery_1": 0.9}, year) for year in (1, 2, 3)}
    with base_years(prepared, [1, 3], SolveContext(processes=2)) as base_year:
        first = base_year(1, later[1])
        assert not solved_here
        assert not base_year(2, later[2]).solution.equals(first.solution)
        assert len(solved_here) == 1
        base_year(3, later[3])
    assert len(solved_here) == 1


def test_years_that_are_the_same_without_the_storage_are_one(
    prepared: Prepared, solved_here: list[int]
) -> None:
    """Without PV nothing ages but the battery, and no price changes: four years were dispatched."""
    devices = {name: device for name, device in prepared.case.devices.items() if name != "pv"}
    years = dispatch_years(prepared.of(prepared.case.with_devices(devices)), SolveContext()).years
    assert len(solved_here) == 1
    assert len({year.bill_without_yuan for year in years}) == 1
    assert len({year.bill_yuan for year in years}) == 4


def test_the_base_years_of_a_like_lifetime_are_known(prepared: Prepared, solved_here: list[int]) -> None:
    """A battery of another efficiency is compared with the same years; another load is not."""
    first, others = YearStarts(left={}), list[Prepared]()
    dispatch_years(prepared, SolveContext(), starts=first)
    assert len(solved_here) == 4
    battery = prepared.case.batteries["battery_1"].model_copy(update={"eta_charge": 0.8})
    others.append(prepared.of(prepared.case.with_devices({**prepared.case.devices, "battery_1": battery})))
    key = ("load", "demand_mw")
    others.append(replace(prepared, series={**prepared.series, key: 1.1 * prepared.series[key]}))
    for other, solved in zip(others, (0, 4), strict=True):
        solved_here.clear()
        years = dispatch_years(other, SolveContext(), starts=first.for_others).years
        assert len(solved_here) == solved
        alone = dispatch_years(other, SolveContext()).years
        for year, of_alone in zip(years, alone, strict=True):
            assert year.bill_without_yuan == of_alone.bill_without_yuan
            assert year.bill_yuan == pytest.approx(of_alone.bill_yuan, rel=1e-9)
