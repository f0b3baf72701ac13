"""Billed demand: the 15-minute average import, and a lower bound on the peak that storage can reach."""

from typing import Any

import numpy as np

from parkdispatch.models.device import Array

QUARTER_HOURS = 0.25  # [h] averaging period of the demand meter


def unavoidable_peak_mw(import_mw: Array, hours: float, power_mw: float, energy_mwh: float) -> float:
    """Lower bound on the peak import that storage of this power and deliverable energy can reach [MW].

    Over any window of w hours storage lowers the mean import by at most its power and by at most its
    deliverable energy / w; recharging inside the window only raises the mean. The largest remaining mean over
    all windows of up to a day is therefore a lower bound on the month's peak.
    """
    cumulative = np.concatenate([[0.0], np.cumsum(import_mw)])
    bound = 0.0
    for length in range(1, min(len(import_mw), round(24 / hours)) + 1):
        largest_mean_mw = (cumulative[length:] - cumulative[:-length]).max() / length
        bound = max(bound, largest_mean_mw - min(power_mw, energy_mwh / (length * hours)))
    return float(bound)


def metered_demand_mw(times: Any, hours: float, import_mw: Array) -> Array:
    """Mean import over the quarter-hour each interval lies in [MW], shape (intervals,).

    Intervals of a quarter-hour or longer are returned unchanged.
    """
    if hours >= QUARTER_HOURS:
        return import_mw
    _, quarter = np.unique(times.floor("15min").to_numpy(), return_inverse=True)
    average_mw = np.bincount(quarter, weights=import_mw) * hours / QUARTER_HOURS
    return np.asarray(average_mw[quarter], dtype=np.float64)
