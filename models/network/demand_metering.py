"""Demand as the meter counts it, and the least that storage must leave of it."""

from typing import Any

import numpy as np

from parkdispatch.models.device import Array

QUARTER_HOURS = 0.25  # [h] over which demand is averaged


def unavoidable_peak_mw(import_mw: Array, hours: float, power_mw: float, energy_mwh: float) -> float:
    """Demand below which storage cannot hold this import, whatever it does [MW].

    Over any window of w hours storage lowers the mean import by at most its power and at most its
    deliverable energy / w, because recharging inside the window only raises it. The largest mean that is
    left over windows of up to a day is therefore a lower bound on the month's peak.
    """
    total = np.concatenate([[0.0], np.cumsum(import_mw)])
    bound = 0.0
    for length in range(1, min(len(import_mw), round(24 / hours)) + 1):
        mean = (total[length:] - total[:-length]).max() / length
        bound = max(bound, mean - min(power_mw, energy_mwh / (length * hours)))
    return float(bound)


def metered_demand_mw(times: Any, hours: float, import_mw: Array) -> Array:
    """Demand as the meter counts it: the mean import of each interval's quarter-hour [MW], (intervals,).

    Intervals of a quarter-hour or longer count as they are.
    """
    if hours >= QUARTER_HOURS:
        return import_mw
    _, quarter = np.unique(times.floor("15min").to_numpy(), return_inverse=True)
    average_mw = np.bincount(quarter, weights=import_mw) * hours / QUARTER_HOURS
    return np.asarray(average_mw[quarter], dtype=np.float64)
