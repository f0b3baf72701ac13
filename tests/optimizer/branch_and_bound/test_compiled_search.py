"""The compiled search is ready before the clock of a repair begins."""

from typing import Any

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.optimizer.branch_and_bound import dense_tableau, leaf_bounds
from parkdispatch.optimizer.branch_and_bound.compiled_search import compile_tree_search
from parkdispatch.optimizer.decomposition import repair
from parkdispatch.optimizer.solve import optimize


def compiled_signatures() -> int:
    """How many variants of the search's functions have been compiled or loaded."""
    functions = [function for room in (dense_tableau, leaf_bounds) for function in vars(room).values()]
    return sum(len(function.signatures) for function in functions if hasattr(function, "signatures"))


def test_a_repair_compiles_before_its_clock_and_nothing_after(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds that compiling takes on a new machine would else end the proof of a day planned after
    another, which then was dispatched otherwise than in the next run."""
    compile_tree_search()
    order, clock, before = [], repair.RepairClock, compiled_signatures()

    def clocked(*given: Any, **named: Any) -> repair.RepairClock:
        order.append("clock")
        return clock(*given, **named)

    monkeypatch.setattr(repair, "compile_tree_search", lambda: order.append("compile"))
    monkeypatch.setattr(repair, "RepairClock", clocked)
    case, warm = load_case("gaoan", whole_year=True), None
    year = prepare(case, year_times(case))
    for first in (96 * 46, 96 * 47, 96 * 48):  # in the spring festival the sun is enough for the park
        day = {key: series[first : first + 96] for key, series in year.series.items()}
        times = year.times[first : first + 96]
        warm = optimize(case.devices, times, year.hours, day, warm=warm).warm
    assert order[-2:] == ["compile", "clock"]
    assert compiled_signatures() == before > 0
