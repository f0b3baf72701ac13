"""Finished tasks: the same to the last bit, never those of other inputs, computed anew where damaged."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.results.billing.baseline import Baseline, Event
from parkdispatch.results.billing.demand_response import EventAnswer, SettledEvent
from parkdispatch.results.finance.lifetime import OperationYear
from parkdispatch.results.io.plain_json import plain, restored
from parkdispatch.results.io.task_store import TaskStore


@dataclass(frozen=True)
class Found:
    """A result of every kind of number."""

    table: np.ndarray
    pair: tuple[float, float] | None
    by_name: dict[str, float]


RESULT = Found(np.array([[0.1, np.nan], [1 / 3, 1e300]]), (np.pi, float("nan")), {"a": 2 / 7})


def recalled(store: TaskStore, question: Any, compute: Any = lambda: RESULT) -> Found:
    return store.recalled(Found, lambda: question, compute)


def fails() -> Found:
    raise RuntimeError("computed again")


def test_a_task_is_there_for_its_own_question_only(tmp_path: Path) -> None:
    recalled(TaskStore(tmp_path / "runs" / "x"), {"size": 1.0})
    store = TaskStore(tmp_path / "runs" / "x")
    again = recalled(store, {"size": 1.0}, fails)
    assert again.table.tobytes() == RESULT.table.tobytes()
    assert again.pair is not None and again.pair[0] == np.pi and np.isnan(again.pair[1])
    assert again.by_name == RESULT.by_name
    assert store.reused == 1
    with pytest.raises(RuntimeError):
        recalled(store, {"size": 1.0 + 1e-15}, fails)
    store.clear()
    assert list(tmp_path.iterdir()) == []


def test_damaged_and_unwritable_stores_only_cost_time(tmp_path: Path) -> None:
    recalled(TaskStore(tmp_path / "x"), 1)
    (path,) = (tmp_path / "x").iterdir()
    whole = path.read_text(encoding="utf-8")
    for damaged in (whole[:50], whole.replace("0.1", "0.2"), "{}", "[]", ""):
        path.write_text(damaged, encoding="utf-8")
        store = TaskStore(tmp_path / "x")
        assert recalled(store, 1).pair == pytest.approx(RESULT.pair, nan_ok=True)
        assert store.reused == 0
        assert path.read_text(encoding="utf-8") == whole
    (tmp_path / "file").write_text("", encoding="utf-8")
    store = TaskStore(tmp_path / "file" / "x")
    assert recalled(store, 1) is RESULT
    assert "cannot be written" in store.problem
    assert recalled(TaskStore(), 1) is RESULT


def test_a_year_with_events_comes_back_as_it_was() -> None:
    event = Event(pd.Timestamp("2026-07-15 19:00"), pd.Timestamp("2026-07-15 21:00"))
    baseline = Baseline(10.0, (date(2026, 7, 10), date(2026, 7, 13)), 1.1)
    answer = EventAnswer(SettledEvent(event, baseline, 7.0, 3.0, 6.0, 1 / 3), True, 0.1, 2.0, -0.0)
    numbers = dict.fromkeys(
        ("charged_mwh", "discharged_mwh", "auxiliary_mwh", "auxiliary_yuan", "bill_yuan", "bill_without_yuan",
         "curtailed_mwh", "curtailed_without_mwh", "gap"), 0.1)  # fmt: skip
    year = OperationYear(
        year=1,
        state_of_health={"b": 0.9},
        full_cycles={"b": 300.0},
        saved_yuan={"arbitrage": 1e7},
        dispatched=True,
        events=(answer,),
        **numbers,  # type: ignore[arg-type]
    )
    assert restored(OperationYear, plain(year)) == year
