"""What is learned of a load, a PV plant or a wind farm: features, and the targets in their own measure.

The target of a quantile is (power - base) / scale. Base and scale are known when the forecast is issued: what
a plain rule says need not be learned, and what cannot be (PV at night) has a scale of zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array
from parkdispatch.models.site import Site
from parkdispatch.operations.forecasting.day_history import DayHistory
from parkdispatch.operations.forecasting.forecast_rules import KIND_DAYS, LAG_DAYS, IssueTime
from parkdispatch.operations.forecasting.holiday_calendar import calendar_features
from parkdispatch.operations.forecasting.lagged_features import (
    deviation_features,
    lag,
    lagged_features,
    mean_of,
    same_kind_ranges,
    weekday_ranges,
)
from parkdispatch.operations.forecasting.solar_features import LEAST_SUN, clear_sky
from parkdispatch.results.forecasts.forecast_measures import QUANTILES, pinball_loss

Kind = Literal["load", "pv", "wind"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class ForecastProblem:
    """Features (days, intervals, features), base (days, intervals, quantiles), scale (days, intervals)."""

    features: Array
    base: Array  # [MW]
    scale: Array  # [MW] of target 1; 0: the power is the base
    names: tuple[str, ...]

    def target(self, values: Array) -> Array:
        """The targets of powers [MW], shape (days, intervals, quantiles); NaN where the scale is zero."""
        scale = self.scale[..., np.newaxis]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(scale > 0, (values[..., np.newaxis] - self.base) / scale, np.nan)

    def power(self, target: Array) -> Array:
        """Powers [MW] of targets."""
        return np.asarray(self.base + self.scale[..., np.newaxis] * target)


def forecast_problem(
    kind: Kind,
    history: DayHistory,
    issue: IssueTime,
    site: Site,
    country: str,
    weather: pd.DataFrame | None = None,
) -> ForecastProblem:
    """The problem of a kind. Row d reads only what is known when the forecast of day d is issued."""
    values, known = history.values, issue.known_intervals(history.per_day)
    by_day = calendar_features(history.days, country)
    calendar = {name: column[:, np.newaxis] for name, column in by_day.items()}
    season = {
        "slot": np.arange(history.per_day, dtype=np.float64)[np.newaxis],
        "day_of_year": calendar["day_of_year"],
    }
    base, scale = np.zeros((*values.shape, len(QUANTILES))), np.ones_like(values)
    if kind == "load":
        ranges = same_kind_ranges(values, by_day["kind"], known, KIND_DAYS)
        base = best_rule(values, [weekday_ranges(values), ranges])
        of_kind = dict(zip(("kind_p10", "kind_p50", "kind_p90"), ranges))
        features = lagged_features(values, known, scale) | of_kind | calendar | season
        features |= deviation_features(values - base[..., QUANTILES.index(0.5)], known)
    elif kind == "pv":
        ghi, elevation, azimuth = (
            part.reshape(values.shape) for part in clear_sky(history.times, site, 1440 / history.per_day)
        )
        scale = np.where(ghi > LEAST_SUN, ghi / 1000.0, 0.0)
        index = np.where(scale > 0, values, np.nan) / np.where(scale > 0, scale, 1.0)  # clear-sky index [MW]
        features = lagged_features(index, known, scale) | season
        features |= {"elevation": elevation, "azimuth": azimuth}
    else:
        features = lagged_features(values, known, scale) | season
    features |= weather_features(history, weather, scale)
    columns = [np.broadcast_to(column, values.shape) for column in features.values()]
    return ForecastProblem(np.stack(columns, axis=-1), base, scale, tuple(features))


def weather_features(history: DayHistory, weather: pd.DataFrame | None, scale: Array) -> dict[str, Array]:
    """What was forecast of the weather of each interval; of irradiance also its share of a clear sky's."""
    if weather is None:
        return {}
    table = weather.reindex(history.times)
    columns = {name: table[name].to_numpy(np.float64).reshape(scale.shape) for name in table.columns}
    for name in [name for name in columns if name.startswith("ghi")]:
        columns[f"{name}_share"] = np.where(scale > 0, columns[name], np.nan) / np.where(
            scale > 0, scale, 1.0
        )
    return {f"weather_{name}": column for name, column in columns.items()}


def best_rule(values: Array, rules: Sequence[Sequence[Array]]) -> Array:
    """By day the quantiles of that rule which had the least pinball loss over the last 28 known days.

    A rule is its quantiles, each of shape (days, intervals). Returns shape (days, intervals, quantiles); zero
    where no rule says anything.
    """
    tables = [np.stack(rule, axis=-1) for rule in rules]
    recent = []
    for table in tables:
        losses = sum(pinball_loss(values, table[..., n], level) for n, level in enumerate(QUANTILES))
        by_day = mean_of(np.asarray(losses))
        known = np.concatenate([lag(by_day, days) for days in range(2, 2 + LAG_DAYS)], axis=1)
        recent.append(mean_of(known)[:, 0])
    loss = np.where(np.isnan(np.stack(recent)), np.inf, np.stack(recent))
    chosen = np.stack(tables)[loss.argmin(axis=0), np.arange(len(values))]
    for table in tables:
        chosen = np.where(np.isnan(chosen), table, chosen)
    return np.asarray(np.nan_to_num(chosen))
