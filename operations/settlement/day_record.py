"""What is known of a day after it: the plan that was followed, and what the meters say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import day_times
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.known_outages import RecordedOutage

KINDS = ("grid", "load", "pv", "wind", "battery")  # of devices that a settlement understands
SERIES = {"load": "demand_mw", "pv": "available_mw", "wind": "available_mw"}  # that is measured, by kind
PLANNED = {  # what a plan must say of a device, by its kind
    "grid": ("import_mw", "export_mw"),
    "load": ("demand_mw",),
    "pv": ("available_mw",),
    "wind": ("available_mw",),
    "battery": ("charge_mw", "discharge_mw", "energy_mwh"),
}


@dataclass(frozen=True)
class DayRecord:
    """A day after it. Powers [MW] are arrays of shape (intervals,), by device."""

    case: Case
    day: date
    planned: pd.DataFrame  # by interval, columns (device, quantity)
    measured: Mapping[str, Array]  # of loads and sources
    exchange_mw: tuple[Array, Array] | None = None  # import and export, where metered
    set_points_mw: Mapping[str, Array] = field(default_factory=dict)  # of batteries that are metered
    soc: Mapping[str, float] = field(default_factory=dict)  # at the start, where measured
    final_soc: Mapping[str, float] = field(default_factory=dict)  # at the end, where measured
    peak_so_far_mw: float | None = None  # of the month before the day, where known
    outages: Sequence[RecordedOutage] = ()
    planned_outages: Sequence[RecordedOutage] | None = None  # known to the plan; None: all of them
    assumed: Sequence[tuple[str, Mapping[str, Any]]] = ()

    @property
    def times(self) -> pd.DatetimeIndex:
        """Starts of the day's intervals."""
        return day_times(self.case, self.day)

    @property
    def grid(self) -> str:
        """The one connection."""
        return self.case.of_role("grid")[0]

    def planned_values(self, device: str, quantity: str) -> Array:
        """What the plan says of a quantity, shape (intervals,)."""
        return self.planned[device, quantity].to_numpy(dtype=np.float64)


def settleable(case: Case) -> None:
    """Raise InputError for a park that a settlement does not understand."""
    kinds = {name: str(getattr(device, "kind", "")) for name, device in case.devices.items()}
    problems = [
        f"`device.{name}`: is of kind {kind}: a settlement understands {', '.join(KINDS)} only"
        for name, kind in kinds.items()
        if kind not in KINDS
    ]
    grids, buses = case.of_role("grid"), {bus for device in case.devices.values() for bus in device.buses}
    if len(grids) != 1:
        problems.append(f"case {case.name} has {len(grids)} connections: a settlement must have one")
    if len(buses) != 1:
        problems.append(f"case {case.name} has buses {', '.join(sorted(buses))}: a settlement must have one")
    if problems:
        raise InputError(problems)


def measured_devices(case: Case) -> dict[str, str]:
    """The loads and sources of a case, with the series of each that is measured."""
    kinds = {name: str(getattr(device, "kind", "")) for name, device in case.devices.items()}
    return {name: SERIES[kind] for name, kind in kinds.items() if kind in SERIES}


def complete_plan(case: Case, day: date, planned: pd.DataFrame) -> pd.DataFrame:
    """The plan at the day's intervals. Raises InputError for what it does not say."""
    if planned.empty:
        raise InputError(f"no plan for {day}: must be one, which was sent")
    times = day_times(case, day)
    values = planned.reindex(times)
    problems = []
    for name, device in case.devices.items():
        for quantity in PLANNED.get(str(getattr(device, "kind", "")), ()):
            if (name, quantity) not in values.columns:
                problems.append(f"the plan for {day} does not say {name}.{quantity}, must be of this case")
            elif missing := int(values[name, quantity].isna().sum()):
                problems.append(
                    f"the plan for {day} says {name}.{quantity} for {len(times) - missing} of {len(times)}"
                    " intervals, must for all"
                )
    if problems:
        raise InputError(problems)
    return values
