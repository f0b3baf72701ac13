"""Months in which a connection reaches full use whatever is dispatched, because the load alone decides it.

The sum of the power into all electric buses is zero, so that over a month

    import - export = demand - what all other devices supply
    import         >= demand - most that sources, stores and networks can supply

What devices can supply at most, they say themselves (`supply_bound`). Where one does not, nothing is certain.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.labels import labels
from parkdispatch.models.device import Array, Device
from parkdispatch.models.units import KW_PER_MW

HOURS_PER_DAY = 24
ROUNDING_H = 1e-6


@dataclass(frozen=True)
class SupplyBound:
    """The most that a device supplies to its electric buses, whatever is dispatched; negative: it draws.

    Over any span of intervals it supplies `power_mw` times their length, and once `stored_mwh` in addition.
    """

    power_mw: Array | float = 0.0
    stored_mwh: float = 0.0


@runtime_checkable
class BoundedSupply(Protocol):
    """A device whose supply of electricity has a known bound."""

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """The bound, from the series of the device by name, each of shape (intervals,)."""


def least_import_mwh(
    devices: Mapping[str, Device],
    connection: str,
    series: Mapping[tuple[str, str], Array],
    times: pd.DatetimeIndex,
    hours: float,
) -> dict[str, float]:
    """The least energy that a connection imports in each whole month ("2026-03"), in any dispatch [MWh].

    Months of which the horizon has a part are left out. Empty where some other device has no known bound, as
    a second connection has none.
    """
    supplied_mw, stored_mwh = np.zeros(len(times)), 0.0
    for name, device in devices.items():
        if name == connection or not device.electric_buses:
            continue
        if not isinstance(device, BoundedSupply):
            return {}
        bound = device.supply_bound({key: array for (owner, key), array in series.items() if owner == name})
        supplied_mw = supplied_mw + bound.power_mw
        stored_mwh += bound.stored_mwh
    months = labels(times, "%Y-%m").to_numpy()
    least_mwh = {}
    for month in dict.fromkeys(map(str, months)):
        inside = months == month
        if inside.sum() * hours >= HOURS_PER_DAY * pd.Period(month).days_in_month - ROUNDING_H:
            least_mwh[month] = -float(supplied_mw[inside].sum()) * hours - stored_mwh
    return least_mwh


def in_certain_full_use(
    devices: Mapping[str, Device],
    connection: str,
    series: Mapping[tuple[str, str], Array],
    times: pd.DatetimeIndex,
    hours: float,
    needed_kwh: float,
) -> NDArray[np.bool_]:
    """Whether each interval is of a month whose import reaches `needed_kwh` in any dispatch, (intervals,)."""
    least_mwh = least_import_mwh(devices, connection, series, times, hours)
    certain = [month for month, mwh in least_mwh.items() if mwh * KW_PER_MW >= needed_kwh]
    return np.asarray(labels(times, "%Y-%m").isin(certain))
