"""The tree of a window: by hand, against HiGHS with all binaries, and what it proves of a like window."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array
from parkdispatch.optimizer.branch_and_bound import tree_search
from parkdispatch.optimizer.branch_and_bound.branching import (
    BranchingResult,
    BranchingTree,
    branch_on_window,
    quick_feasible_point,
)
from parkdispatch.optimizer.branch_and_bound.tree_search import TreeSearchResult
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis, Solver
from parkdispatch.optimizer.partition.lagrangian_pricing import with_pair_binaries
from tests.support.parks.window_programs import traded

NEVER = float("inf")


def solved(
    program: LinearProgram, pairs: Array, known_yuan: float = NEVER, tree: BranchingTree | None = None
) -> BranchingResult:
    rows, columns = program.matrix.shape
    start = Basis.of(np.zeros(columns, dtype=bool), np.ones(rows, dtype=bool))
    searched = branch_on_window(program, pairs, start, known_yuan, 1e-9, tree)
    assert searched is not None
    return searched


def by_highs(program: LinearProgram, pairs: Array) -> float:
    solver = Solver()
    solver.load(with_pair_binaries(program, pairs))
    return solver.solve().bound


def test_by_hand() -> None:
    """Two hours of 3 MW surplus, 4 MWh to charge; sold for 5, bought for 2.

    To charge 3 in one hour and 1 in the other sells 2: -10. To charge 4 in one buys 1 and sells 3: 2 - 15.
    The relaxation buys 4 and sells 3 in each hour.
    """
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    searched = solved(program, pairs)
    assert searched.bound == pytest.approx(-13.0)
    assert program.objective(searched.x) == pytest.approx(-13.0)
    assert sorted(searched.x[:2].tolist()) == pytest.approx([0.0, 4.0])
    assert len(searched.tree) >= 3


def test_nothing_is_looked_for_beyond_what_is_known() -> None:
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    assert solved(program, pairs, -13.0).x.size == 0
    assert solved(program, pairs, -13.0).bound == pytest.approx(-13.0)
    assert solved(program, pairs, -12.0).x.size


def test_a_choice_that_is_impossible_is_none() -> None:
    """8 MWh are two hours at full power, 1 MW of it bought in each, so no selling rests nowhere."""
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 8.0)
    assert solved(program, pairs).bound == pytest.approx(4.0)
    impossible = replace(program, row_lower=np.array([3.0, 3.0, 9.0]), row_upper=np.array([3.0, 3.0, 9.0]))
    start = Basis.of(np.zeros(6, dtype=bool), np.ones(3, dtype=bool))
    assert branch_on_window(impossible, pairs, start, NEVER, 1e-9) is None


def test_what_is_impossible_stays_so_at_other_prices() -> None:
    """With 8 MWh to charge nobody can only sell: those leaves are shown impossible, whatever is paid."""
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 8.0)
    tree = solved(program, pairs).tree
    assert tree.infeasible.any()
    like, _ = traded(np.array([3.0, 3.0]), np.array([9.0, 9.0]), np.array([1.0, 1.0]), 8.0)
    assert (tree.lower_bounds_yuan(like)[tree.infeasible] == NEVER).all()
    less, _ = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    assert (tree.lower_bounds_yuan(less)[tree.infeasible] == -NEVER).all()
    assert solved(less, pairs, tree=tree).bound == pytest.approx(-13.0)


hours = st.integers(2, 6)
prices = st.floats(0.5, 9.0)


@st.composite
def windows(draw: st.DrawFn) -> tuple[LinearProgram, Array, LinearProgram]:
    """A window, and a like one: other prices, another energy to charge."""
    count = draw(hours)
    surplus = np.array(draw(st.lists(st.floats(0.5, 4.0), min_size=count, max_size=count)))
    stages = []
    for _ in range(2):
        buys, sells = (np.array(draw(st.lists(prices, min_size=count, max_size=count))) for _ in range(2))
        stages.append(traded(surplus, buys, sells, draw(st.floats(0.0, 4.0 * count))))
    return stages[0][0], stages[0][1], stages[1][0]


def same_as_highs(program: LinearProgram, pairs: Array, like: LinearProgram) -> None:
    searched, best = solved(program, pairs), by_highs(program, pairs)
    assert searched.bound == pytest.approx(best, abs=1e-5)
    assert program.objective(searched.x) == pytest.approx(best, abs=1e-5)
    assert np.minimum(searched.x[pairs[:, 0]], searched.x[pairs[:, 1]]).max() <= 1e-6
    # the tree leaves no choice out, so whatever the prices are, none of its leaves is above the best
    assert searched.tree.lower_bounds_yuan(like).min() <= by_highs(like, pairs) + 1e-6
    again = solved(like, pairs, tree=searched.tree)
    assert again.bound == pytest.approx(by_highs(like, pairs), abs=1e-5)


@given(windows())
@settings(max_examples=60)
def test_it_is_what_highs_finds_with_all_binaries(window: tuple[LinearProgram, Array, LinearProgram]) -> None:
    same_as_highs(*window)


@given(windows(), st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_no_multipliers_prove_too_much(window: tuple[LinearProgram, Array, LinearProgram], seed: int) -> None:
    """A leaf's bound is true whatever its multipliers are worth: these are drawn."""
    program, pairs, _ = window
    rows = program.matrix.shape[0]
    tree = solved(program, pairs).tree
    drawn = replace(tree, row_dual=np.random.default_rng(seed).normal(0.0, 5.0, (len(tree), rows)))
    best = by_highs(program, pairs)
    assert drawn.lower_bounds_yuan(program).min() <= best + 1e-6
    assert solved(program, pairs, tree=drawn).bound == pytest.approx(best, abs=1e-5)


@given(windows())
@settings(max_examples=60)
def test_a_tree_that_decides_is_not_grown(window: tuple[LinearProgram, Array, LinearProgram]) -> None:
    """At the same prices nothing is better than what is known, and the leaves say so by themselves."""
    program, pairs, _ = window
    searched = solved(program, pairs)
    again = solved(program, pairs, searched.bound, searched.tree)
    assert again.bound == pytest.approx(searched.bound, abs=1e-5)
    assert not again.x.size
    assert len(again.tree) <= len(searched.tree)


Damage = Callable[[TreeSearchResult], TreeSearchResult]


def one_choice_forgotten(searched: TreeSearchResult) -> TreeSearchResult:
    keep = np.arange(len(searched.infeasible)) != 1
    return replace(
        searched,
        decisions=searched.decisions[keep],
        row_dual=searched.row_dual[keep],
        infeasible=searched.infeasible[keep],
    )


def one_choice_twice(searched: TreeSearchResult) -> TreeSearchResult:
    """In the place of another whose share of all choices is the same."""
    depth = (searched.decisions > 0).sum(axis=1)
    first, second = np.flatnonzero(depth == depth.max())[:2]
    decisions = searched.decisions.copy()
    decisions[second] = decisions[first]
    return replace(searched, decisions=decisions)


def all_called_impossible(searched: TreeSearchResult) -> TreeSearchResult:
    return replace(searched, best_leaf=-1, infeasible=np.ones(len(searched.infeasible), dtype=bool))


def one_multiplier_off(searched: TreeSearchResult) -> TreeSearchResult:
    row_dual = searched.row_dual.copy()
    row_dual[:, -1] += 0.1
    return replace(searched, row_dual=row_dual)


def charged_too_little(searched: TreeSearchResult) -> TreeSearchResult:
    return replace(searched, x=searched.x - 0.01)


def both_at_once(searched: TreeSearchResult) -> TreeSearchResult:
    """The relaxation's optimum, which buys 4 and sells 3 in each hour."""
    return replace(searched, x=np.array([4.0, 0.0, 4.0, 4.0, 3.0, 3.0]))


@pytest.mark.parametrize(
    "damage",
    [
        one_choice_forgotten,
        one_choice_twice,
        all_called_impossible,
        one_multiplier_off,
        charged_too_little,
        both_at_once,
    ],
)
def test_nothing_the_search_says_is_believed(damage: Damage, monkeypatch: pytest.MonkeyPatch) -> None:
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    whole = tree_search.search_tree

    def search(*given: Any) -> TreeSearchResult:
        return damage(whole(*given))

    start = Basis.of(np.zeros(6, dtype=bool), np.ones(3, dtype=bool))
    assert branch_on_window(program, pairs, start, NEVER, 1e-9) is not None
    monkeypatch.setattr(tree_search, "search_tree", search)
    assert branch_on_window(program, pairs, start, NEVER, 1e-9) is None


def test_a_tree_of_another_program_is_none() -> None:
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    tree = solved(program, pairs).tree
    for other in (
        replace(tree, row_dual=np.zeros((len(tree), 7))),
        replace(tree, pairs=np.array([[0, 1], [2, 3]])),
    ):
        assert solved(program, pairs, tree=other).bound == pytest.approx(-13.0)


def test_a_tree_of_other_pairs_is_none() -> None:
    """Who rests there is not in doubt here, so nothing can be looked for below that leaf."""
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    tree = solved(program, pairs).tree
    assert solved(program, pairs[:1], tree=tree).bound <= -13.0 + 1e-6


@st.composite
def least_powers(draw: st.DrawFn) -> tuple[LinearProgram, Array, LinearProgram]:
    """The same with a least power of charging: charge and what it lacks of 2 MW are another pair.

    Columns: charge, buy, sell, idle of each hour; charge + idle >= 2, so who charges at all charges 2 MW.
    """
    program, pairs, _ = draw(windows())
    like = replace(program, cost=draw(st.permutations(program.cost.tolist()).map(np.array)))
    count = len(program.cost) // 3
    both = sp.hstack([sp.eye_array(count), sp.csr_array((count, 2 * count)), sp.eye_array(count)])
    grown = [
        replace(
            same,
            cost=np.append(same.cost, np.zeros(count)),
            matrix=sp.csr_array(
                sp.vstack([sp.hstack([same.matrix, sp.csr_array((same.matrix.shape[0], count))]), both])
            ),
            row_lower=np.append(np.append(same.row_lower[:-1], 0.0), np.full(count, 2.0)),
            row_upper=np.append(same.row_upper, np.full(count, np.inf)),
            lower=np.append(same.lower, np.zeros(count)),
            upper=np.append(same.upper, np.full(count, 2.0)),
            binary=np.append(same.binary, np.zeros(count, dtype=bool)),
        )
        for same in (program, like)
    ]
    idle = np.column_stack([np.arange(count), 3 * count + np.arange(count)])
    sell = np.column_stack([np.arange(count), 2 * count + np.arange(count)])  # nor does one charge and sell
    return grown[0], np.concatenate([pairs, idle, sell]), grown[1]


@given(least_powers())
@settings(max_examples=60)
def test_a_column_in_several_pairs(window: tuple[LinearProgram, Array, LinearProgram]) -> None:
    same_as_highs(*window)


def test_a_tree_that_would_grow_large_is_given_up() -> None:
    """Seventy alike hours: which of them buy makes no difference, and no tree is made of that."""
    count = 70
    program, pairs = traded(np.full(count, 3.0), np.full(count, 2.0), np.full(count, 5.0), 2.0 * count)
    start = Basis.of(np.zeros(3 * count, dtype=bool), np.ones(count + 1, dtype=bool))
    assert branch_on_window(program, pairs, start, NEVER, 1e-9) is None


# --- a choice that proves nothing


def test_a_good_choice_is_the_best_of_a_small_window() -> None:
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    start = Basis.of(np.zeros(6, dtype=bool), np.ones(3, dtype=bool))
    point = quick_feasible_point(program, pairs, start, 1e-9)
    assert point is not None
    assert program.objective(point) == pytest.approx(-13.0)
    impossible = replace(program, row_lower=np.array([3.0, 3.0, 9.0]), row_upper=np.array([3.0, 3.0, 9.0]))
    none = quick_feasible_point(impossible, pairs, start, 1e-9)
    assert none is not None
    assert none.size == 0


def test_a_good_choice_is_found_where_no_tree_comes_to_its_end() -> None:
    """In half of seventy hours 1 MW is bought to charge 4, in the others all is sold."""
    count = 70
    program, pairs = traded(np.full(count, 3.0), np.full(count, 2.0), np.full(count, 5.0), 2.0 * count)
    start = Basis.of(np.zeros(3 * count, dtype=bool), np.ones(count + 1, dtype=bool))
    point = quick_feasible_point(program, pairs, start, 1e-9)
    assert point is not None
    assert program.objective(point) == pytest.approx(count / 2 * (2.0 - 15.0))


def test_that_there_is_no_choice_is_not_said_where_it_is_not_known() -> None:
    """Seventy hours charge 4 MW or idle them, 142 MWh in all: impossible, which no short search can tell."""
    count = 70
    eye, nothing = sp.eye_array(count), np.zeros(2 * count)
    total = sp.csr_array(np.repeat([1.0, 0.0], count)[None, :])
    matrix = sp.csr_array(sp.vstack([sp.hstack([eye, eye]), total]))
    rows = np.append(np.full(count, 4.0), 142.0)
    program = LinearProgram(nothing, 0.0, matrix, rows, rows, nothing, nothing + 4.0, nothing > 0)
    pairs = np.column_stack([np.arange(count), count + np.arange(count)])
    start = Basis.of(nothing > 0, rows > 0)
    assert quick_feasible_point(program, pairs, start, 1e-9) is None


@pytest.mark.parametrize("damage", [charged_too_little, both_at_once])
def test_a_choice_that_obeys_nothing_is_not_a_good_one(
    damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, pairs = traded(np.array([3.0, 3.0]), np.array([2.0, 2.0]), np.array([5.0, 5.0]), 4.0)
    start, whole = Basis.of(np.zeros(6, dtype=bool), np.ones(3, dtype=bool)), tree_search.search_tree
    monkeypatch.setattr(tree_search, "search_tree", lambda *given: damage(whole(*given)))
    assert quick_feasible_point(program, pairs, start, 1e-9) is None
