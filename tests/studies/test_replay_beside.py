"""What is found beside the days of a replay, in another process, is what one process finds."""

import os

import pandas as pd
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.results.io.second_process import can_copy
from parkdispatch.studies import daily_replay
from parkdispatch.studies.daily_replay import replay_year
from parkdispatch.studies.dispatch import DispatchRun
from parkdispatch.studies.solve_options import SolveContext

pytestmark = pytest.mark.skipif(not can_copy(), reason="needs Linux, two processors")


def run(processes: int) -> DispatchRun:
    times = pd.date_range("2026-04-29", periods=2 * 96, freq="15min")
    return replay_year(prepare(load_case("gaoan"), times), SolveContext(processes=processes), 0.0)[0]


def test_the_year_without_storage_is_found_in_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    here, found_here, solve = os.getpid(), list[bool](), daily_replay.solve_without_storage

    def counted(*arguments: object) -> Optimum | None:
        found_here.append(os.getpid() == here)
        return solve(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(daily_replay, "solve_without_storage", counted)
    alone, beside = run(1), run(2)
    assert found_here == [True]
    assert alone.without is not None and beside.without is not None
    assert alone.without.identical(beside.without)
    assert alone.solution.identical(beside.solution)
