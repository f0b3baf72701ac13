"""A plan of the library is complete when it is returned, and says the same of itself when asked later."""

import pytest

import parkdispatch as pdx
from parkdispatch.studies import dispatch


def test_the_park_without_storage_is_solved_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    solved = []
    original = dispatch.solve_without_storage

    def counted(*arguments: object) -> object:
        solved.append(1)
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatch, "solve_without_storage", counted)
    plan = pdx.plan(pdx.load_case("gaoan"), start="2026-07-15T10:15", soc=0.4, peak_so_far_mw=160.0)
    assert plan.proof.gap < 1e-8
    assert plan.cost_yuan == plan.proof.objective_yuan
    assert not solved
    assert plan.saving_yuan == pytest.approx(plan.cost_without_storage_yuan - plan.cost_yuan)  # type: ignore[operator]
    assert plan.cost_yuan == plan.run.summary.cost_yuan
    assert solved == [1]
    assert {"read", "build", "solve", "without_storage", "extract"} <= set(plan.run.timings_s)
