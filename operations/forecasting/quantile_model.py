"""Quantile regression by gradient boosted trees (LightGBM), one model for each quantile."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.results.forecasts.forecast_measures import QUANTILES

# small trees, one thread and fixed seeds: the same history gives the same forecast, bit for bit
PARAMETERS: Mapping[str, Any] = {
    "objective": "quantile",
    "num_leaves": 7,
    "learning_rate": 0.05,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.4,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "seed": 7,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
TREES = 100
LEAF_DAYS = 10  # worth of intervals in a leaf at least: the intervals of a day err together
LEAF_SHARE = 0.1  # of the rows of a tree, which suffices where there are few


@dataclass(frozen=True, eq=False)
class QuantileModel:
    """A model for each of the quantiles."""

    boosters: tuple[Any, ...]

    def predict(self, features: Array) -> Array:
        """Quantiles of the target, shape (rows, quantiles)."""
        return np.stack(
            [np.asarray(booster.predict(features, num_threads=1)) for booster in self.boosters], axis=-1
        )


def fit(features: Array, target: Array, weight: Array, per_day: int) -> QuantileModel:
    """Models fitted to the rows with a target and a weight above zero.

    Features have shape (rows, features), the target (rows, quantiles), the weight (rows,); a day has
    `per_day` rows. Each model minimises the pinball loss times the weight.
    """
    import lightgbm

    kept = np.isfinite(target).all(axis=1) & (weight > 0)
    rows, labels, weights = features[kept], target[kept], weight[kept]
    boosters = []
    few = int(LEAF_SHARE * PARAMETERS["bagging_fraction"] * len(rows))
    parameters = {**PARAMETERS, "min_data_in_leaf": max(1, min(LEAF_DAYS * per_day, few))}
    data = lightgbm.Dataset(rows, weight=weights, params=parameters, free_raw_data=False)
    for n, level in enumerate(QUANTILES):
        data.set_label(labels[:, n])
        boosters.append(lightgbm.train({**parameters, "alpha": level}, data, num_boost_round=TREES))
    return QuantileModel(tuple(boosters))
