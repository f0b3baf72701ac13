"""The gap that is asked for reaches every solve of a size study, and tells its finished tasks apart."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.variations.scenarios import scenario_table
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.errors import InputError
from parkdispatch.optimizer.parametric import parametric_search
from parkdispatch.results.sizing.sizing_results import SizeStudy
from parkdispatch.studies import solve_case
from parkdispatch.studies.lifetime import demand_response_dispatch
from parkdispatch.studies.sizing import co_optimization, existing_park
from parkdispatch.studies.sizing.co_optimization import co_optimized_size_of_park
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.scenario_evaluation import ScenarioInputs
from parkdispatch.studies.sizing.sizing_study import parts_asked, size_study
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from parkdispatch.studies.study_tasks import run_store
from tests.support.cases.sized_park import write_sized_park
from tests.support.response_cases import with_contract

GAP = 1e-3


@pytest.fixture
def week(monkeypatch: pytest.MonkeyPatch) -> None:
    """A week of July in the place of a year."""
    times = pd.date_range("2026-07-06", periods=7 * 24, freq="h")
    monkeypatch.setattr(existing_park, "year_times", lambda _: times)


@pytest.fixture
def gaps(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[float]]:
    """The gaps with which each module solves, by its name."""
    seen: dict[str, set[float]] = {}

    def recorded(module: Any, name: str, gap_of: Callable[..., float]) -> None:
        solve = getattr(module, name)

        def call(*args: Any, **how: Any) -> Any:
            seen.setdefault(module.__name__.rpartition(".")[2], set()).add(gap_of(*args, **how))
            return solve(*args, **how)

        monkeypatch.setattr(module, name, call)

    for module in (solve_case, demand_response_dispatch, co_optimization):
        recorded(module, "optimize", lambda *_, **how: how.get("gap", 1e-9))
    recorded(parametric_search, "find_optimum", lambda _tiled, _paired, settings, *_: settings.gap)
    return seen


def sized(folder: Path) -> Case:
    return load_case(str(write_sized_park(folder)), whole_year=True)


def study(case: Case, parts: str, gap: float = GAP) -> SizeStudy:
    return size_study(case, parts_asked(parts), SolveContext(SolveOptions(gap=gap)))


@pytest.mark.usefixtures("week")
def test_every_solve_has_the_gap(tmp_path: Path, gaps: dict[str, set[float]]) -> None:
    """Of offers, surface, years, marginal values and the search; one that had 1e-9 would take hours of a park
    of several buses."""
    case = with_contract(sized(tmp_path), price_yuan_per_kwh=3.0)
    result = study(case, "best,surface,offers,when")
    assert gaps == {name: {GAP} for name in ("solve_case", "parametric_search", "demand_response_dispatch")}
    assert result.asked_gap == GAP
    assert all(offered.marginal.difference_mw_yuan is None for offered in result.offers if offered.marginal)


@pytest.mark.usefixtures("week")
def test_without_a_gap_the_differences_are_there(tmp_path: Path) -> None:
    result = study(sized(tmp_path), "offers", 1e-9)
    found = [offered.marginal for offered in result.offers if offered.marginal]
    assert found
    assert all(marginal.difference_mw_yuan is not None for marginal in found)


def test_scenarios_have_the_gap_and_a_store_of_their_own(tmp_path: Path) -> None:
    case = sized(tmp_path)
    table = scenario_table(case, "1")
    asked = [ScenarioInputs(case, (), {}, table, SolveOptions(gap=gap)) for gap in (1e-9, GAP)]
    assert [inputs.solve_options.gap for inputs in asked] == [1e-9, GAP]
    assert asked[0].question != asked[1].question
    stores = [run_store(tmp_path, "size", case, inputs.options, ["offers"], False) for inputs in asked]
    assert stores[0].folder != stores[1].folder


@pytest.mark.usefixtures("week")
def test_the_search_of_a_size_ends_at_no_less_than_its_trials_can_prove(tmp_path: Path) -> None:
    existing = ExistingPark.of(sized(tmp_path), SolveContext(SolveOptions(gap=GAP)))
    best = co_optimized_size_of_park(existing)
    assert best.gap <= 2 * GAP
    exact = co_optimized_size_of_park(existing.with_context(SolveContext()))
    assert best.bound_yuan <= exact.cost_yuan <= best.cost_yuan + 1.0


@pytest.mark.usefixtures("week")
def test_a_park_of_units_is_sized_without_the_search(tmp_path: Path) -> None:
    """Its parametric bound knows exclusive pairs alone: a unit's on and off would be left out of it."""
    case = sized(tmp_path)
    unit = Generator(rated_mw=1.0, min_load_share=0.5, fuel_price_yuan_per_mwh=900.0)
    case = case.with_devices({**case.devices, "unit": unit})
    case = replace(case, sizing=case.sizing and case.sizing.model_copy(update={"doubt": ()}))
    with pytest.raises(InputError, match=r"argument `only` = best: the search of a size is made for"):
        study(case, "best")
    result = study(case, "best,offers")
    assert result.is_best_left_out
    assert result.best is None
    assert any(offered.cash for offered in result.offers)
