"""What a gap leaves open between sizes, worked by hand: a year costs 500 million yuan."""

from dataclasses import replace

import pytest

from parkdispatch.results.sizing.decision import decision
from parkdispatch.results.sizing.sizing_results import Offered, SizeStudy
from parkdispatch.results.sizing.undecided import undecided
from tests.support.size_studies import given, surface_given, valued

A = (10.0, 20.0)


def with_cost(offered: Offered, gap: float, cost_yuan: float = 5e8) -> Offered:
    return replace(offered, figures={"gap": gap, "dispatch_yuan": cost_yuan})


def keys(study: SizeStudy) -> list[str]:
    return [statement.key for statement in decision(study)]


def test_a_gap_is_yuan_a_year_and_over_the_years() -> None:
    """1e-4 of 500 million are 50,000 a year; 20 years at 6 % are worth (1 - 1.06**-20) / 0.06 = 11.47.

    The gap of the offer that is proven better does not count, and not that of a smaller cost.
    """
    study = given(with_cost(valued("offer_1", A, 9e6), 1e-4), with_cost(valued("offer_2", A, 8e6), 1e-6, 4e8))
    finance = replace(study.case, finance=study.case.finance.model_copy(update={"discount_rate": 0.06}))  # type: ignore[union-attr]
    doubt = undecided(replace(study, case=finance))
    assert doubt is not None
    assert doubt.year_yuan == pytest.approx(50_000.0)
    assert finance.finance is not None
    assert finance.finance.operation_years == 20
    assert doubt.npv_yuan == pytest.approx(50_000.0 * 11.4699, rel=1e-5)


def test_a_surface_alone_has_its_cost_too() -> None:
    surface = surface_given([[0.0], [5e6]])
    surface["gap"] = surface["npv_yuan"] * 0 + 1e-3
    surface["dispatch_yuan"] = surface["npv_yuan"] * 0 + 2e8
    doubt = undecided(given(surface=surface))
    assert doubt is not None
    assert doubt.year_yuan == pytest.approx(2e5)


def test_what_is_proven_leaves_nothing_open() -> None:
    study = given(with_cost(valued("offer_1", A, 9e6), 1e-9))
    assert undecided(study) is None
    assert "undecided" not in keys(study)


@pytest.mark.parametrize(("npv_yuan", "is_open"), [(9e6, False), (3e5, True), (-3e5, True), (-9e6, False)])
def test_a_verdict_within_the_gap_is_said_to_be(npv_yuan: float, is_open: bool) -> None:
    """Half a million of NPV lies in the gap: a size worth 300,000 may be worth nothing, or may lose them."""
    said = keys(given(with_cost(valued("offer_1", A, npv_yuan), 1e-4)))
    assert "undecided" in said
    assert ("verdict_undecided" in said) == is_open


def test_a_size_that_is_not_searched_is_said_to_be_left_out() -> None:
    assert "best_left_out" in keys(replace(given(valued("offer_1", A, 9e6)), is_best_left_out=True))
