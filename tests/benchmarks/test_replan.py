"""Re-plans in a warm process: no two plans that are timed are alike, and each is one that exists."""

from typing import Any

import pytest

import parkdispatch as pdx
from benchmarks.replan import replan_times


def test_every_plan_that_is_timed_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(pdx, "plan", lambda _, **wishes: asked.append(wishes))
    text = replan_times.time_replans(3, lambda _: None)
    assert len(asked) == 5 * len(replan_times.ORDERS)
    assert len({(wishes["start"], wishes["soc"], wishes["peak_so_far_mw"]) for wishes in asked}) == 5
    assert text.count("\n| ") == 1 + len(replan_times.ORDERS)


def test_a_plan_under_all_orders_is_proven() -> None:
    orders = replan_times.ORDERS["an outage, a limit and a call"]
    plan = pdx.plan(
        pdx.load_case("gaoan"), start=replan_times.FIRST, soc=0.4, peak_so_far_mw=165.0, orders=orders
    )
    assert plan.proof.gap < 1e-8
