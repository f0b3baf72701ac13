"""Measures of quantile forecasts: pinball loss, mean absolute error of the median, coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array

QUANTILES = (0.1, 0.5, 0.9)
LEARNED = "forecast"  # the method that is measured
NAIVE = ("persistence", "last_week", "climatology")


def pinball_loss(actual: Array, quantile: Array, level: float) -> Array:
    """The loss of a quantile, shape as `actual`: level x (actual - quantile) above it, (1 - level) x below.

    Its mean is smallest for the true quantile of that level (Koenker and Bassett 1978, Econometrica 46).
    """
    above = actual - quantile
    return np.asarray(np.maximum(level * above, (level - 1.0) * above))


def coverage(actual: Array, quantile: Array) -> float:
    """Share of the actual values at or below a quantile; right is its level."""
    return float(np.mean(actual <= quantile))


@dataclass(frozen=True)
class MethodScore:
    """How good the forecasts of a method were."""

    method: str
    pinball_mw: float  # mean of the quantiles
    mae_mw: float  # of the median
    coverage: tuple[float, ...]  # by quantile


def method_score(method: str, actual: Array, quantiles: Array) -> MethodScore:
    """The score of a method: `actual` has shape (intervals,), `quantiles` (intervals, quantiles)."""
    losses = [pinball_loss(actual, quantiles[:, n], level).mean() for n, level in enumerate(QUANTILES)]
    return MethodScore(
        method,
        float(np.mean(losses)),
        float(np.abs(actual - quantiles[:, QUANTILES.index(0.5)]).mean()),
        tuple(coverage(actual, quantiles[:, n]) for n in range(len(QUANTILES))),
    )


@dataclass(frozen=True, eq=False)
class ForecastScore:
    """Forecasts of a span of days, each from what was known before it, beside naive ones.

    `table` has a row an interval: the actual power and the quantiles [MW].
    """

    kind: str
    first: date
    last: date
    issue_hour: float
    mean_mw: float  # of the actual power over the scored intervals
    intervals: int  # that are scored: all of a load or wind farm, those by day of a PV plant
    methods: Sequence[MethodScore]
    table: pd.DataFrame

    @property
    def learned(self) -> MethodScore:
        """The score of the forecasts."""
        return next(score for score in self.methods if score.method == LEARNED)

    @property
    def best_naive(self) -> MethodScore:
        """The naive method with the least pinball loss."""
        return min((s for s in self.methods if s.method in NAIVE), key=lambda score: score.pinball_mw)

    @property
    def least_naive_mae_mw(self) -> float:
        """The least mean absolute error of the naive methods."""
        return min(score.mae_mw for score in self.methods if score.method in NAIVE)

    @property
    def pinball_gain(self) -> float:
        """Share of the best naive pinball loss that the forecasts save; below zero: they are worse."""
        naive = self.best_naive.pinball_mw
        return 1.0 - self.learned.pinball_mw / naive if naive > 0 else 0.0

    @property
    def mae_gain(self) -> float:
        """Share of the least naive mean absolute error that the forecasts save."""
        naive = self.least_naive_mae_mw
        return 1.0 - self.learned.mae_mw / naive if naive > 0 else 0.0

    def summary(self) -> Mapping[str, object]:
        """What `summary.json` says."""
        return {
            "first": str(self.first),
            "last": str(self.last),
            "issue_hour": self.issue_hour,
            "intervals": self.intervals,
            "mean_mw": self.mean_mw,
            "methods": {
                score.method: {
                    "pinball_mw": score.pinball_mw,
                    "mae_mw": score.mae_mw,
                    "coverage": dict(zip(("p10", "p50", "p90"), score.coverage)),
                }
                for score in self.methods
            },
            "best_naive": self.best_naive.method,
            "pinball_gain": self.pinball_gain,
            "mae_gain": self.mae_gain,
        }
