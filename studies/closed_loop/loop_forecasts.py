"""Forecasts of a closed loop, each value known before the interval at which it is made."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.optimizer.stochastic.drawn_paths import Z90, drawn_paths

ForecastKind = Literal["perfect", "persistence", "last-week", "learned", "file"]
KINDS: tuple[ForecastKind, ...] = get_args(ForecastKind)
ISSUED: tuple[ForecastKind, ...] = ("learned", "file")  # once for each day, on the day before
PERIOD_DAYS = {"persistence": 1, "last-week": 7}
MOST_SPREADS = 2.0  # to which an error is taken at its word: the spread of a narrow interval says little


def parse_kind(text: str) -> ForecastKind:
    """A kind of forecast. Raises InputError for any other text."""
    for kind in KINDS:
        if text == kind:
            return kind
    raise InputError(f"argument `forecast` = {text}: must be {', '.join(KINDS)}")


def forecast(actual: Array, kind: ForecastKind, now: int, count: int, per_day: int) -> Array:
    """The forecast for `count` intervals from `now` on, (count,), of a kind that follows from the series.

    "perfect" is what comes. "persistence" repeats the last 24 hours before `now`, "last-week" the last seven
    days, each as often as the horizon is long. Before the beginning of `actual` stands its end, as a year
    that repeats.
    """
    ahead = np.arange(count)
    if kind == "perfect":
        return actual[now + ahead]
    period = PERIOD_DAYS[kind] * per_day
    return actual[(now - period + ahead % period) % len(actual)]


@dataclass(frozen=True, eq=False)
class IssuedForecasts:
    """Forecasts of the days of a year, each issued at an hour of the day before, and what is made of them.

    `quantiles` are P10, P50 and P90 [MW] of each interval of the year, (intervals, 3). `correlation`,
    (days,), is that of the errors of two intervals in succession, as measured before the day began.
    """

    quantiles: Array
    issue_hour: float
    correlation: Array

    def at(self, actual: Array, now: int, count: int) -> Array:
        """The forecast [MW] for `count` intervals from `now` on, (count,).

        The last issued one; a day whose forecast is still to be issued is expected to be as the day before
        it. What the last interval was above or below its median is carried on: in terms of the distance to
        P90 or P10 it fades by the correlation of the errors at each interval.
        """
        low, middle, high = self._ahead(actual, now, count).T
        error = self._last_error(actual, now)
        faded = error * self._correlation(actual, now) ** np.arange(1, count + 1)
        spread = high - middle if error > 0 else middle - low
        return np.asarray(np.maximum(middle + faded * spread, 0.0))

    def paths(
        self, actual: Array, now: int, count: int, number: int, generator: np.random.Generator
    ) -> Array:
        """Paths [MW] that may come in `count` intervals from `now` on, (number, count).

        They are drawn about the forecast that `at` gives, with the errors that its quantiles say.
        """
        quantiles, correlation = self._ahead(actual, now, count), self._correlation(actual, now)
        last_error = Z90 * self._last_error(actual, now)
        return drawn_paths(quantiles, correlation, number, generator, last_error)

    def _ahead(self, actual: Array, now: int, count: int) -> Array:
        """P10, P50 and P90 as known at `now`, (count, 3)."""
        per_day = len(actual) // len(self.correlation)
        ahead = now + np.arange(count)
        issued = now // per_day + (now % per_day >= round(self.issue_hour * per_day / 24))  # last day
        late = np.maximum(ahead // per_day - issued, 0)
        return np.asarray(self.quantiles[ahead - late * per_day])

    def _correlation(self, actual: Array, now: int) -> float:
        per_day = len(actual) // len(self.correlation)
        return float(self.correlation[now // per_day])

    def _last_error(self, actual: Array, now: int) -> float:
        """The error of the last interval in terms of the distance from its median to P90, or to P10."""
        if now == 0:
            return 0.0
        low, middle, high = self.quantiles[now - 1]
        error = float(actual[now - 1] - middle)
        spread = float(high - middle if error > 0 else middle - low)
        return float(np.clip(error / spread, -MOST_SPREADS, MOST_SPREADS)) if spread > 0 else 0.0
