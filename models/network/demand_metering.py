"""Billed demand: the 15-minute average import."""

from typing import Any

import numpy as np

from parkdispatch.models.device import Array

QUARTER_HOURS = 0.25  # [h] averaging period of the demand meter


def metered_demand_mw(times: Any, hours: float, import_mw: Array) -> Array:
    """Mean import over the quarter-hour each interval lies in [MW], shape (intervals,).

    Intervals of a quarter-hour or longer are returned unchanged.
    """
    if hours >= QUARTER_HOURS:
        return import_mw
    _, quarter = np.unique(times.floor("15min").to_numpy(), return_inverse=True)
    average_mw = np.bincount(quarter, weights=import_mw) * hours / QUARTER_HOURS
    return np.asarray(average_mw[quarter], dtype=np.float64)
