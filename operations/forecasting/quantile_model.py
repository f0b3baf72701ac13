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
    "min_data_in_leaf": 1000,
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


@dataclass(frozen=True, eq=False)
class QuantileModel:
    """A model for each of the quantiles."""

    boosters: tuple[Any, ...]

    def predict(self, features: Array) -> Array:
        """Quantiles of the target, shape (rows, quantiles)."""
        return np.stack([np.asarray(one.predict(features, num_threads=1)) for one in self.boosters], axis=-1)


def fit(features: Array, target: Array, weight: Array) -> QuantileModel:
    """Models fitted to the rows with a target and a weight above zero.

    Features have shape (rows, features), the target (rows, quantiles), the weight (rows,). Each model
    minimises the pinball loss times the weight.
    """
    import lightgbm

    kept = np.isfinite(target).all(axis=1) & (weight > 0)
    rows, labels, weights = features[kept], target[kept], weight[kept]
    boosters = []
    for n, level in enumerate(QUANTILES):
        data = lightgbm.Dataset(rows, labels[:, n], weight=weights)
        boosters.append(lightgbm.train({**PARAMETERS, "alpha": level}, data, num_boost_round=TREES))
    return QuantileModel(tuple(boosters))
