"""Lifetimes in processes of their own are those of one process."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.errors import InputError
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.io.second_process import can_copy
from parkdispatch.results.io.task_store import TaskStore
from parkdispatch.studies.lifetime import lifetimes_together
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.lifetime.lifetimes_together import (
    AskedLifetime,
    dispatch_lifetimes,
    result_beside,
)
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import HOURLY, PLAIN, finance
from tests.support.small_case import write_case

pytestmark = pytest.mark.skipif(not can_copy(), reason="needs Linux, two processors")


def two_days(case: Case, context: SolveContext, only: Any = None, starts: Any = None) -> Any:
    """The lifetime of a case whose year is two days."""
    times = pd.date_range("2026-07-15", periods=48, freq="h")
    return dispatch_years(prepare(case, times), context, only, starts=starts)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[AskedLifetime]:
    """A battery that ages faster, and one whose cells are worn out before the end, which is an error."""
    monkeypatch.setattr(lifetimes_together, "dispatch_lifetime", two_days)
    case = load_case(str(write_case(tmp_path, *HOURLY)))

    def fading(per_year: float) -> Case:
        battery = Battery.model_validate({**PLAIN, "fade_per_year": per_year})
        return replace(case.with_devices({**case.devices, "battery_1": battery}), finance=finance(3))

    return [AskedLifetime(fading(fade), f"fade {fade}") for fade in (0.01, 0.2, 0.9)]


def test_two_processes_tell_what_one_tells(asked: list[AskedLifetime], tmp_path: Path) -> None:
    alone = dispatch_lifetimes(asked, SolveContext())
    context = SolveContext(finished=TaskStore(tmp_path / "kept"), processes=2)
    together = dispatch_lifetimes(asked, context)
    for one, other in zip(alone[:2], together[:2], strict=True):
        assert one().years == other().years
    assert alone[0]().years != together[1]().years
    for failing in (alone[2], together[2]):
        with pytest.raises(InputError, match="fade_per_year"):
            failing()
    # finished years are kept by the copies, and found by the next run, which counts them once
    again = SolveContext(finished=TaskStore(tmp_path / "kept"), processes=2)
    [first, *_] = dispatch_lifetimes(asked[:2], again)
    assert first().years == first().years == alone[0]().years
    assert again.finished.reused == 3


@pytest.mark.parametrize("processes", [1, 2])
def test_a_lifetime_beside_other_work(asked: list[AskedLifetime], processes: int) -> None:
    with result_beside(asked[0].dispatch, SolveContext(processes=processes)) as beside:
        other = partial(two_days, asked[1].case, SolveContext())()
        assert beside().years == dispatch_lifetimes(asked[:1], SolveContext())[0]().years
        assert beside().years != other.years


@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_found_finished_beside_is_counted(
    asked: list[AskedLifetime], tmp_path: Path, processes: int
) -> None:
    dispatch_lifetimes(asked[:1], SolveContext(finished=TaskStore(tmp_path / "kept")))[0]()
    context = SolveContext(finished=TaskStore(tmp_path / "kept"), processes=processes)
    with result_beside(asked[0].dispatch, context) as beside:
        assert beside().years == beside().years
    assert context.finished.reused == 3
