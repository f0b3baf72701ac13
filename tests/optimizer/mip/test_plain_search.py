"""The search of the plain program beside the tightened one: it counts, and it ends with the other."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from parkdispatch.optimizer.mip import plain_search, small_search
from parkdispatch.optimizer.mip.plain_search import PlainSearch
from parkdispatch.optimizer.solve import optimize
from tests.support.harnesses.random_parks import random_park

DENSE = 2  # a random park that is handed to the search at once, and proven by HiGHS in a moment
LONG = 9  # one of a week with three batteries, not proven in ten seconds


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_search, "HEAD_START_S", 0.0)


def cost_yuan(seed: int, **options: Any) -> float:
    park = random_park(seed)
    return optimize(park.devices, park.times, park.hours, park.series, **options).proof.objective_yuan


@pytest.mark.usefixtures("at_once")
def test_what_it_finds_counts_and_ends_the_other_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one waits for the end, and has found nothing but a poor dispatch."""
    optimum_yuan, search = cost_yuan(DENSE), small_search.search_whole_program
    was_stopped = []

    def waiting(*arguments: Any, stop: Any, **options: Any) -> Any:
        was_stopped.append(stop.wait(30.0))
        found = search(*arguments, **options)
        return replace(found, x=np.zeros(0), row_dual=np.zeros(0), bound_yuan=-np.inf)

    monkeypatch.setattr(small_search, "search_whole_program", waiting)
    assert cost_yuan(DENSE, threads=2) == pytest.approx(optimum_yuan, rel=1e-9)
    assert was_stopped == [True]


@pytest.mark.usefixtures("at_once")
def test_its_bound_is_in_yuan_whatever_the_unit_of_its_search() -> None:
    """In that unit the largest cost is about a thousand: the bound would be 64 times too small."""
    tiled = random_park(DENSE).tiled()
    dear = replace(tiled, money_unit_yuan=tiled.largest_cost() / 65536.0)
    with PlainSearch(dear, 1e-9, time.monotonic() + 60.0, is_wanted=True) as plain:
        assert plain.is_proven.wait(60.0)
    optimum = cost_yuan(DENSE) / dear.money_unit_yuan
    assert plain.bound_yuan == pytest.approx(optimum, rel=1e-6)
    assert dear.program.objective(plain.x) == pytest.approx(optimum, rel=1e-6)


def test_it_ends_with_the_block_around_it(at_once: Callable[[], None]) -> None:
    tiled = random_park(LONG).tiled()
    began = time.monotonic()
    with PlainSearch(tiled, 1e-9, began + 600.0, is_wanted=True) as plain:
        time.sleep(0.1)
    assert time.monotonic() - began < 60.0
    assert not plain.is_proven.is_set()


def test_it_is_not_begun_where_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_: PlainSearch) -> None:
        raise AssertionError("it ran")

    monkeypatch.setattr(PlainSearch, "_run", never)
    with PlainSearch(random_park(DENSE).tiled(), 1e-9, time.monotonic() + 9.0, is_wanted=False) as plain:
        pass
    assert (plain.x.size, plain.bound_yuan) == (0, -np.inf)
