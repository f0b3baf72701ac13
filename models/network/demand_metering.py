"""Billed demand: the 15-minute average import, and the peak of each month."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.device import Array, largest_residual
from parkdispatch.models.limits import Power

QUARTER_HOURS = 0.25  # [h] averaging period of the demand meter


class MonthPeak(Declaration):
    """The peak of a month that is paid for whatever the horizon does."""

    month: Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] = declared("-", "Month such as 2026-08")
    peak_mw: Power = declared("MW", "Highest 15-minute average import")


def peaks_before_mw(times: pd.DatetimeIndex, first_mw: float, later: Sequence[MonthPeak]) -> Array:
    """The peak that each interval's month has, or is paid for, before it begins [MW], (intervals,).

    `first_mw` is that of the month in which the horizon begins, unless `later` names it.
    """
    month = 12 * times.year.to_numpy() + times.month.to_numpy()
    peaks = np.where(month == month[0], first_mw, 0.0)
    for named in later:
        year, number = map(int, named.month.split("-"))
        peaks[month == 12 * year + number] = named.peak_mw
    return peaks


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
