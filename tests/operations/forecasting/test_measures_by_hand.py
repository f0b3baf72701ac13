"""Pinball loss, coverage and conformal margins computed by hand."""

import math

import numpy as np
import pytest

from parkdispatch.operations.forecasting.conformal import adapted, conformal_margin, in_order, scores
from parkdispatch.results.forecasts.forecast_measures import coverage, method_score, pinball_loss


def test_pinball_by_hand() -> None:
    # 2 above the P90 costs 0.9 x 2; 5 below it costs 0.1 x 5; on it nothing
    assert pinball_loss(np.array([12.0, 5.0, 10.0]), np.array([10.0] * 3), 0.9).tolist() == pytest.approx(
        [1.8, 0.5, 0.0]
    )


def test_coverage_counts_values_on_the_quantile() -> None:
    assert coverage(np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 2.0)) == 0.5


def test_a_method_is_scored_by_hand() -> None:
    actual = np.array([10.0, 20.0])
    score = method_score("one", actual, np.array([[8.0, 11.0, 12.0], [18.0, 22.0, 19.0]]))
    # P10: 0.1 x 2 twice; P50: 0.5 x 1 and 0.5 x 2; P90: 0.1 x 2 and 0.9 x 1
    assert score.pinball_mw == pytest.approx((0.2 + 0.75 + 0.55) / 3)
    assert score.mae_mw == pytest.approx(1.5)
    assert score.coverage == (0.0, 1.0, 0.5)


@pytest.mark.parametrize(
    ("level", "margin"),
    [
        (0.9, 9.0),  # ceil(0.9 x 10) = the ninth of nine
        (0.5, 5.0),  # the fifth
        (0.1, 1.0),  # the first
        (0.95, 9.0),  # ceil(9.5) = 10 is beyond the nine: the last
    ],
)
def test_a_margin_is_the_score_of_its_rank(level: float, margin: float) -> None:
    assert conformal_margin(np.array([4.0, 9, 2, 7, 1, 8, 3, 6, 5, math.nan]), level) == margin


def test_without_scores_nothing_moves() -> None:
    assert conformal_margin(np.array([math.nan]), 0.9) == 0.0


def test_scores_are_counted_in_their_measure() -> None:
    counted = scores(np.array([12.0, 9.0, 5.0]), np.array([10.0, 10.0, 5.0]), np.array([4.0, 2.0, 0.0]))
    assert counted[:2].tolist() == [0.5, -0.5]
    assert math.isnan(counted[2])  # by night


def test_levels_rise_where_too_little_was_covered() -> None:
    # two of four at or below P10, two below P50, two below P90
    quantiles = np.tile([5.0, 5.0, 5.0], (4, 1))
    levels = adapted(np.array([0.1, 0.5, 0.9]), np.array([4.0, 5.0, 6.0, 7.0]), quantiles, np.ones(4, bool))
    assert levels.tolist() == pytest.approx([0.1 + 0.05 * (0.1 - 0.5), 0.5, 0.9 + 0.05 * (0.9 - 0.5)])


def test_quantiles_do_not_cross_and_keep_limits() -> None:
    assert in_order(np.array([[3.0, -1.0, 12.0]]), 0.0, 10.0).tolist() == [[0.0, 3.0, 10.0]]
