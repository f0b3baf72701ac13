"""Uncertain numbers that move together: ranks do, distributions stay, impossible ones are refused."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats

from parkdispatch.inputs.variations.scenarios import draw_scenarios
from parkdispatch.models.finance.correlation import Correlation, correlated_probabilities
from parkdispatch.models.finance.sizing_section import Sizing

DOUBTS = [
    {"name": "a", "fields": ["tariff.spread"], "kind": "uniform", "low": 0.5, "high": 1.5},
    {"name": "b", "fields": ["finance.discount_rate"], "kind": "triangular", "low": 0.0, "high": 0.2},
    {"name": "c", "fields": ["sizing.price_multiple"], "kind": "normal", "mean": 1.0, "std": 0.1},
]


def sizing(*pairs: tuple[str, str, float]) -> Sizing:
    return Sizing.model_validate(
        {
            "device": "battery",
            "power_mw": {"min": 0.0, "max": 2.0, "step": 1.0},
            "duration_hours": {"min": 1.0, "max": 2.0, "step": 1.0},
            "price": {"yuan_per_kwh": 1.0},
            "doubt": DOUBTS,
            "correlation": [{"doubts": [a, b], "rank": rank} for a, b, rank in pairs],
        }
    )


def ranks(table: pd.DataFrame) -> dict[str, float]:
    matrix = table.corr(method="spearman")
    return {a + b: float(matrix.loc[a, b]) for a, b in (("a", "b"), ("a", "c"), ("b", "c"))}


def test_ranks_are_those_of_the_case() -> None:
    """Were the rank taken for the normal variables' own correlation, 0.683 would come of 0.7."""
    drawn = ranks(draw_scenarios(sizing(("a", "b", 0.7), ("c", "b", -0.4)), 4096, 1))
    assert drawn == pytest.approx({"ab": 0.7, "ac": 0.0, "bc": -0.4}, abs=0.006)


def test_each_distribution_stays_what_it_is() -> None:
    together = draw_scenarios(sizing(("a", "b", 0.9)), 4096, 1)
    apart = draw_scenarios(sizing(), 4096, 1)
    for name in ("a", "b"):
        assert stats.ks_2samp(together[name], apart[name]).statistic < 0.02
    pd.testing.assert_series_equal(together["c"], apart["c"])  # to the last bit


def test_wholly_together_and_wholly_opposite() -> None:
    """Rank 1 is one number under two names; the matrix is singular and allowed."""
    table = draw_scenarios(sizing(("a", "c", 1.0), ("a", "b", -1.0), ("b", "c", -1.0)), 256, 1)
    assert ranks(table) == pytest.approx({"ab": -1.0, "ac": 1.0, "bc": -1.0})


def test_a_longer_table_begins_with_the_shorter_one() -> None:
    asked = sizing(("a", "b", 0.5))
    pd.testing.assert_frame_equal(draw_scenarios(asked, 300, 1).iloc[:20], draw_scenarios(asked, 20, 1))
    assert draw_scenarios(asked, 20, 1).attrs != draw_scenarios(sizing(), 20, 1).attrs


def test_two_normal_variables_by_hand() -> None:
    """Rank 1/3: 2 sin(pi / 18) = 0.34730; its symmetric root has 0.98432 and 0.17641 in a row.

    Draws at +1 and at 0 standard deviations become +0.98432 and +0.17641.
    """
    ends = np.array([[stats.norm.cdf(1.0), 0.5]])
    correlated = correlated_probabilities(ends, ["a", "b"], [Correlation(doubts=("a", "b"), rank=1 / 3)])
    np.testing.assert_allclose(stats.norm.ppf(correlated), [[0.98432, 0.17641]], atol=1e-5)
    squares = (stats.norm.ppf(correlated) ** 2).sum()
    assert squares == pytest.approx(1.0)
    assert 2 * np.prod(stats.norm.ppf(correlated)) == pytest.approx(2 * np.sin(np.pi / 18))


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([("a", "b", 0.9), ("b", "c", 0.9), ("a", "c", -0.9)], "a - b 0.9.*must be positive semidefinite"),
        ([("a", "x", 0.5)], r"correlation\[0\].doubts: 'x' is no doubt, must be of a, b, c"),
        ([("a", "b", 0.5), ("b", "a", 0.5)], "b, a have a correlation already, must be one"),
        ([("a", "a", 0.5)], "'a' twice"),
        ([("a", "b", 1.5)], "less than or equal to 1"),
    ],
)
def test_impossible_correlations_are_refused(pairs: list[tuple[str, str, float]], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        sizing(*pairs)
