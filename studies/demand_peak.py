"""The peak demand that a month as a whole would hold, from its relaxation with everything in it.

A single day planned as if it alone set the month's demand charge would shave its peak at any price. The peak
of the cheapest month, storage, buses and all, is therefore the floor above which a day pays for demand.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256

import numpy as np
import pandas as pd

from parkdispatch.inputs.cache.array_cache import kept
from parkdispatch.inputs.cache.keys import declaration, digest, program_digest
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, month_times, prepare
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError
from parkdispatch.models.network.demand_metering import metered_demand_mw
from parkdispatch.models.registry import is_built_in
from parkdispatch.models.weather.climate import Climate
from parkdispatch.optimizer.formulation.allowances import allowable_totals
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.relaxed_dispatch import relaxed_dispatch
from parkdispatch.results.savings.daily_saving import PeakSoFar
from parkdispatch.studies.planning.stored_templates import stored_template

LIBRARIES = ("numpy", "scipy", "pyomo", "highspy", "numba")  # of which its figures follow


def paying_grids(devices: Mapping[str, Device]) -> list[str]:
    """Names of the grid connections that may be charged for their monthly peak demand."""
    return [name for name, device in devices.items() if device.pays_for_demand]


@dataclass(frozen=True)
class MonthPeaks:
    """The peaks of a month by connection that pays for demand, in the cheapest dispatch of the month [MW]."""

    expected_mw: Mapping[str, float]  # of the whole month, and no less than the case's `peak_so_far_mw`
    before: Mapping[str, PeakSoFar]  # up to the moment
    in_full_use: frozenset[str] = frozenset()  # connections, in all of the month, whatever is dispatched


@dataclass(frozen=True)
class _MonthDemand:
    """Metered demand of each paying connection over a month [MW], (intervals,), with and without storage."""

    times: pd.DatetimeIndex
    with_storage_mw: Mapping[str, Array]
    without_mw: Mapping[str, Array]
    in_full_use: frozenset[str]  # connections


class _SameCase:
    """A case as a key: the object itself, which never changes."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameCase) and other.case is self.case

    def __hash__(self) -> int:
        return id(self.case)


def _month_demand(case: Case, month: pd.Timestamp) -> _MonthDemand:
    """The cheapest dispatch of a month; the same case object need not be dispatched again for a re-plan."""
    reads_files = bool(case.series) or not isinstance(case.weather, Climate | None)  # that may have changed
    solve = _solved_month.__wrapped__ if reads_files else _solved_month
    return solve(_SameCase(case), month)


def _month_start(moment: date) -> pd.Timestamp:
    return pd.Timestamp(moment).normalize().replace(day=1)


@lru_cache(maxsize=8)
def _solved_month(same: _SameCase, month: pd.Timestamp) -> _MonthDemand:
    case = same.case
    prepared = prepare(case, month_times(case, month.date()))
    without = prepared.of(case.without_storage())
    return _MonthDemand(
        prepared.times, _relaxed_demand_mw(prepared), _relaxed_demand_mw(without), prepared.in_full_use
    )


def expected_demand_mw(case: Case, month: date) -> dict[str, pd.Series]:
    """Metered demand of the cheapest dispatch of a month [MW], by connection that pays for demand.

    Raises InputError with what is wrong with the month.
    """
    if not paying_grids(case.devices):
        return {}
    demand = _month_demand(case, _month_start(month))
    return {name: pd.Series(mw, demand.times) for name, mw in demand.with_storage_mw.items()}


def expected_peaks_mw(case: Case, month: date) -> dict[str, float]:
    """The peaks of the cheapest dispatch of a month, by connection that pays for demand [MW].

    Raises InputError with what is wrong with the month.
    """
    if not paying_grids(case.devices):
        return {}
    demand_mw = _month_demand(case, _month_start(month)).with_storage_mw
    return {name: float(mw.max(initial=0.0)) for name, mw in demand_mw.items()}


def connections_in_full_use(case: Case, month: date) -> frozenset[str]:
    """The connections that reach full use in a month whatever is dispatched, by the case's load and sources.

    Raises InputError with what is wrong with the month.
    """
    return _month_demand(case, _month_start(month)).in_full_use if paying_grids(case.devices) else frozenset()


def month_peaks(case: Case, begin: date) -> MonthPeaks:
    """The peaks of a moment's month by the case's own load and PV; none where the month is infeasible.

    Raises InputError with what is wrong with the month.
    """
    paying = paying_grids(case.devices)
    if not paying:
        return MonthPeaks({}, {})
    month = _month_demand(case, _month_start(begin))
    passed = month.times < pd.Timestamp(begin)
    with_storage, without = month.with_storage_mw, month.without_mw
    known_mw = {name: float(getattr(case.devices[name], "peak_so_far_mw", 0.0)) for name in with_storage}
    before = {}
    for name, demand_mw in with_storage.items():
        so_far_mw = float(demand_mw[passed].max(initial=known_mw[name]))
        base_mw = float(without[name][passed].max(initial=so_far_mw)) if name in without else so_far_mw
        before[name] = PeakSoFar(so_far_mw, base_mw)
    expected_mw = {name: float(mw.max(initial=known_mw[name])) for name, mw in with_storage.items()}
    return MonthPeaks(expected_mw, before, month.in_full_use)


def _relaxed_demand_mw(prepared: Prepared) -> Mapping[str, Array]:
    """Metered demand of each paying connection in the cheapest relaxed dispatch [MW], (intervals,).

    It is kept from one plan of a month to the next, which have nearly all of their time in common in it.
    """

    def compute() -> Mapping[str, Array]:
        devices, horizon = prepared.case.devices, Horizon(prepared.times, prepared.hours)
        tiled = tile(kept_template(devices, prepared.hours, stored_template), horizon, prepared.series)
        return relaxed_demand_mw(tiled, devices)

    if not all(map(is_built_in, prepared.case.devices.values())):  # whose code may change unseen
        return compute()
    return kept(_key(prepared), compute)


def _key(prepared: Prepared) -> str:
    """Digest of all that the relaxed dispatch follows from."""
    about = {
        "relaxed demand": [[name, declaration(device)] for name, device in prepared.case.devices.items()],
        "times": sha256(prepared.times.to_numpy("datetime64[ns]").tobytes()).hexdigest(),
        "hours": prepared.hours,
        "series": {
            ".".join(key): sha256(array.tobytes()).hexdigest() for key, array in prepared.series.items()
        },
        "program": program_digest(("models", "optimizer", "studies"), LIBRARIES),
        "processors": os.cpu_count(),  # the relaxation of a month is solved in as many parts at once
    }
    return digest(about)


def planned_whole(tiled: Tiled, devices: Mapping[str, Device]) -> Array | None:
    """The cheapest relaxed dispatch, (columns of `tiled`,), if its peaks or limits are asked for.

    None where no connection pays for demand and no limit ties days together, and where nothing is feasible.
    """
    if not paying_grids(devices) and not allowable_totals(tiled.template):
        return None
    try:
        return relaxed_dispatch(tiled, devices)
    except InfeasibleError:
        return None


def monthly_peaks_mw(tiled: Tiled, devices: Mapping[str, Device], x: Array | None) -> dict[str, Array]:
    """Monthly peak demand of each paying connection in a relaxed dispatch [MW], (months,); empty of none."""
    first = tiled.horizon.first("month")
    return {
        name: np.maximum.reduceat(demand_mw, first)
        for name, demand_mw in _demand_mw(tiled, devices, x).items()
    }


def relaxed_demand_mw(tiled: Tiled, devices: Mapping[str, Device]) -> dict[str, Array]:
    """Metered demand of each paying connection in the cheapest relaxed dispatch [MW], (intervals,).

    Exclusive pairs are relaxed: import counts net of what the relaxation exports at once. Empty where no
    dispatch is feasible.
    """
    if not paying_grids(devices):
        return {}
    try:
        return _demand_mw(tiled, devices, relaxed_dispatch(tiled, devices))
    except InfeasibleError:
        return {}


def _demand_mw(tiled: Tiled, devices: Mapping[str, Device], x: Array | None) -> dict[str, Array]:
    if x is None:
        return {}
    horizon, keys = tiled.horizon, [column.key for column in tiled.template.columns]

    def power_mw(name: str, variable: str) -> Array:
        return x[tiled.column_of(keys.index((name, variable)))]

    return {
        name: metered_demand_mw(
            horizon.times,
            horizon.hours,
            np.maximum(power_mw(name, "import_mw") - power_mw(name, "export_mw"), 0.0),
        )
        for name in paying_grids(devices)
    }
