"""Billed demand: the 15-minute average import, and the peak of each month."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.device import Array, largest_residual

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


def quarter_energy_mwh(times: pd.DatetimeIndex, bought_mwh: Array) -> Array:
    """Energy bought since the quarter-hour began, at the end of each interval [MWh], shape (intervals,)."""
    by_quarter = pd.Series(bought_mwh, times).groupby(times.floor("15min"))
    return np.asarray(by_quarter.cumsum(), dtype=np.float64)


def first_of_month(times: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Position of the first interval of each interval's month, shape (intervals,)."""
    month = 12 * times.year + times.month
    return np.asarray(np.flatnonzero(~month.duplicated())[month.factorize()[0]], dtype=np.int64)


def peak_residuals_mw(
    times: pd.DatetimeIndex, demand_mw: Array, floor_mw: Array, peak_mw: Array, priced: NDArray[np.bool_]
) -> tuple[float, float]:
    """By how much demand exceeds the billed peak of its month, and that peak what it should be [MW].

    The peak should be the month's highest demand or the floor that the month begins with. A peak without a
    price may lie anywhere above.
    """
    excesses_mw, slacks_mw, first = [], [], first_of_month(times)
    for begin in np.unique(first):
        in_month = first == begin
        highest_mw = np.maximum(demand_mw[in_month].max(), floor_mw[begin])
        excesses_mw.append(highest_mw - peak_mw[in_month].min())
        if priced[begin]:
            slacks_mw.append(peak_mw[in_month].max() - highest_mw)
    return largest_residual(*excesses_mw), largest_residual(*slacks_mw)
