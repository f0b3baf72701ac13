"""What is known of a day after it: the plan that was followed, and what the meters say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import day_times, month_times, prepare
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InputError
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.studies.daily_replay import not_handed_over
from parkdispatch.studies.solve_case import undecided_sizes

KINDS = ("grid", "load", "pv", "wind", "battery")  # of devices of a park that is settled at one bus
SERIES = {  # that is measured, by kind
    "load": "demand_mw",
    "interruptible_load": "demand_mw",
    "pv": "available_mw",
    "wind": "available_mw",
}
NOT_METERED = ("grid", "network")  # roles whose power the meters of others say
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
    exchange_mw: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)  # import, export, if metered
    set_points_mw: Mapping[str, Array] = field(default_factory=dict)  # of batteries that are metered
    powers_mw: Mapping[str, Array] = field(default_factory=dict)  # of other devices that are metered
    soc: Mapping[str, float] = field(default_factory=dict)  # at the start, where measured
    final_soc: Mapping[str, float] = field(default_factory=dict)  # at the end, where measured
    peak_so_far_mw: Mapping[str, float] = field(default_factory=dict)  # by connection, where known
    outages: Sequence[RecordedOutage] = ()
    planned_outages: Sequence[RecordedOutage] | None = None  # known to the plan; None: all of them
    assumed: Sequence[tuple[str, Mapping[str, Any]]] = ()

    @cached_property
    def in_full_use(self) -> Mapping[str, frozenset[str]]:
        """The month ("2026-03") and the connections that reach full use in it whatever is dispatched.

        By the case's own load and sources of the month, as a plan of the day has it; none where these do not
        have all of the month.
        """
        try:
            month = prepare(self.case, month_times(self.case, self.day))
        except InputError:
            return {}
        return {f"{self.day:%Y-%m}": month.in_full_use}

    @property
    def times(self) -> pd.DatetimeIndex:
        """Starts of the day's intervals."""
        return day_times(self.case, self.day)

    @property
    def grids(self) -> tuple[str, ...]:
        """The connections."""
        return tuple(self.case.of_role("grid"))

    def planned_values(self, device: str, quantity: str) -> Array:
        """What the plan says of a quantity, shape (intervals,)."""
        return self.planned[device, quantity].to_numpy(dtype=np.float64)


def is_at_one_bus(case: Case) -> bool:
    """Whether a park has loads, sources of sun and wind, batteries and one connection, at one bus."""
    kinds = {str(getattr(device, "kind", "")) for device in case.devices.values()}
    buses = {bus for device in case.devices.values() for bus in device.buses}
    return kinds <= set(KINDS) and len(buses) == 1 and len(case.of_role("grid")) == 1


def settleable(case: Case) -> None:
    """Raise InputError for a park that a settlement does not understand."""
    problems = undecided_sizes(case, "a settlement cannot decide a size")
    if not case.of_role("grid"):
        problems.append(f"case {case.name} has no connection: a settlement must have one at least")
    if not is_at_one_bus(case):
        template = kept_template(case.devices, case.calendar.hours)
        problems += not_handed_over(template, case.devices)
    if problems:
        raise InputError(problems)


def metered_bus(device: Device) -> str:
    """The bus at which a device is metered: its first electric one, else its first."""
    return next(iter((*device.electric_buses, *device.buses)))


def metered_sign(device: Device) -> float:
    """1 where a meter counts what a device gives to its bus, -1 where it counts what it draws."""
    return 1.0 if device.role in ("source", "store") else -1.0


def measured_devices(case: Case) -> dict[str, str]:
    """The loads and sources of a case, with the series of each that is measured."""
    kinds = {name: str(getattr(device, "kind", "")) for name, device in case.devices.items()}
    return {name: SERIES[kind] for name, kind in kinds.items() if kind in SERIES}


def metered_powers(case: Case) -> list[str]:
    """Devices without a series that is measured whose power may be: units, converters, shifted work."""
    if is_at_one_bus(case):
        return []
    others = {*case.batteries, *measured_devices(case)}
    return [
        name for name, device in case.devices.items() if device.role not in NOT_METERED and name not in others
    ]


def planned_quantities(case: Case) -> Mapping[str, tuple[str, ...]]:
    """What a plan must say of each device."""
    if is_at_one_bus(case):
        kinds = {name: str(getattr(device, "kind", "")) for name, device in case.devices.items()}
        return {name: PLANNED[kind] for name, kind in kinds.items() if kind in PLANNED}
    quantities: dict[str, tuple[str, ...]] = {name: (key,) for name, key in measured_devices(case).items()}
    for column in kept_template(case.devices, case.calendar.hours).columns:
        name, key = column.key
        quantities[name] = (*quantities.get(name, ()), key)
    return quantities


def complete_plan(case: Case, day: date, planned: pd.DataFrame) -> pd.DataFrame:
    """The plan at the day's intervals. Raises InputError for what it does not say."""
    if planned.empty:
        raise InputError(f"no plan for {day}: must be one, which was sent")
    times = day_times(case, day)
    values = planned.reindex(times)
    problems = []
    for name, quantities in planned_quantities(case).items():
        for quantity in quantities:
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
