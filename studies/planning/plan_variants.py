"""The same prepared plan with other orders: its series are computed once, however often it is solved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Device
from parkdispatch.models.network.demand_calls import DemandCall, call_series
from parkdispatch.models.network.unserved import UnservedEnergy
from parkdispatch.models.ordered_bounds import OrderedBound, Side, ordered_series

UNSERVED = "unserved"  # begins the names of the devices that a plan with priced violations has in addition


def with_ordered_bounds(prepared: Prepared, bounds: Mapping[str, Sequence[OrderedBound]]) -> Prepared:
    """The same with these bounds in place of those that its devices have."""
    devices: dict[str, Device] = {}
    series = dict(prepared.series)
    for name, device in prepared.case.devices.items():
        for key in ordered_series(device.ordered, prepared.times, prepared.hours):
            del series[name, key]
        devices[name] = device.model_copy(update={"ordered": tuple(bounds.get(name, ()))})
        ordered = ordered_series(devices[name].ordered, prepared.times, prepared.hours)
        series |= {(name, key): array for key, array in ordered.items()}
    return replace(prepared, case=replace(prepared.case, devices=devices), series=series)


def with_calls(prepared: Prepared, calls: Mapping[str, Sequence[DemandCall]]) -> Prepared:
    """The same in which connections answer these calls, and no others."""
    devices, series = dict(prepared.case.devices), dict(prepared.series)
    for name, of_connection in calls.items():
        devices[name] = devices[name].model_copy(update={"calls": tuple(of_connection)})
        responses = call_series(of_connection, prepared.times, prepared.hours)
        for key, array in responses.items():
            series.pop((name, key), None)
            if of_connection:
                series[name, key] = array
    return replace(prepared, case=replace(prepared.case, devices=devices), series=series)


def _sides(least: float | None, most: float | None) -> list[tuple[Side, float | None]]:
    return [("least", least), ("most", most)]


def with_priced_violations(case: Case, end: pd.Timestamp, hours: float, price_yuan_per_mwh: float) -> Case:
    """The case whose buses and final states may be violated at a price; its orders are priced already."""
    devices: dict[str, Device] = {}
    for name, device in case.devices.items():
        bounds = [
            OrderedBound(
                variable=variable,
                side=side,
                value=value,
                begin=end - pd.Timedelta(hours=hours),
                end=end,
                violation_yuan_per_mwh=price_yuan_per_mwh,
            )
            for variable, (least, most) in device.final_bounds.items()
            for side, value in _sides(least, most)
            if value is not None
        ]
        freed = device.freed_at_end()
        devices[name] = freed.model_copy(update={"ordered": (*freed.ordered, *bounds)}) if bounds else device
    buses = dict.fromkeys(bus for device in case.devices.values() for bus in device.buses)
    for bus in buses:
        name = UNSERVED if len(buses) == 1 else f"{UNSERVED}_{bus}"
        suffix = "" if len(buses) == 1 else f" {bus}"
        devices[name] = UnservedEnergy(
            bus=bus,
            violation_yuan_per_mwh=price_yuan_per_mwh,
            title=f"unserved energy{suffix}"[:40],
            title_zh=f"缺供电量{suffix}"[:40],
        )
    return replace(case, devices=devices)
