"""Checks of the buses: what is connected to each, and whether it all carries the same."""

from collections import Counter
from collections.abc import Collection, Mapping
from types import MappingProxyType

from parkdispatch.models.device import Device


def bus_problems(
    devices: Mapping[str, Device],
    perhaps_buses: Collection[str] = (),
    perhaps_ports: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
) -> list[str]:
    """Devices alone on a bus, which cannot exchange power there, and buses of two carriers.

    A bus that a device with mistakes may be on, of `perhaps_buses`, is not called lonely. `perhaps_ports` are
    the buses that such devices name, by device and field: one that no other names is lonely all the same.
    """
    if len(devices) < 2 and not perhaps_buses:
        return []
    devices_on: dict[str, list[str]] = {}
    for name, device in devices.items():
        for bus in device.buses:
            devices_on.setdefault(bus, []).append(name)
    shared = {bus for bus, names in devices_on.items() if len(names) > 1 or bus in perhaps_buses}
    problems = []
    for bus, names in devices_on.items():
        if len(names) == 1 and bus in perhaps_buses:
            continue
        if len(names) == 1:
            field = _port(devices[names[0]], bus)
            problems.append(
                f"`device.{names[0]}.{field}` = '{bus}': no other device is on it,"
                f" must be a bus that another one has: {_others(bus, shared or devices_on)}"
            )
        elif line := _carrier_problem(bus, {name: devices[name] for name in names}):
            problems.append(line)
    problems += _refund_problems(devices, devices_on)
    return problems + _lonely_ports(perhaps_ports, devices_on, shared or devices_on)


def _refund_problems(devices: Mapping[str, Device], devices_on: Mapping[str, list[str]]) -> list[str]:
    """Connections of independent storage that something else than storage is connected to."""
    problems = []
    for name, device in devices.items():
        if not getattr(device, "independent_storage", False):
            continue
        beside = [other for bus in device.buses for other in devices_on[bus] if other != name]
        if others := [other for other in beside if not devices[other].stores_energy]:
            problems.append(
                f"`device.{name}.independent_storage` = true: must have storage alone on its bus, not"
                f" {', '.join(others)}"
            )
    return problems


def _others(bus: str, buses: Collection[str]) -> str:
    return ", ".join(sorted(set(buses) - {bus}))


def _lonely_ports(
    ports: Mapping[str, Mapping[str, str]], devices_on: Mapping[str, list[str]], shared: Collection[str]
) -> list[str]:
    """Buses that one device with mistakes names, and no other device."""
    named = Counter(bus for of_device in ports.values() for bus in set(of_device.values()))
    return [
        f"`device.{name}.{field}` = '{bus}': no other device is on it, must be a bus that another one has:"
        f" {_others(bus, shared)}"
        for name, of_device in ports.items()
        for field, bus in of_device.items()
        if named[bus] == 1 and bus not in devices_on and list(of_device.values()).count(bus) == 1
    ]


def _carrier_problem(bus: str, devices: Mapping[str, Device]) -> str | None:
    """What is wrong where devices that carry different things meet on a bus."""
    names_of: dict[str, list[str]] = {}
    for name, device in devices.items():
        if (carrier := device.buses[bus]) != "any":
            names_of.setdefault(carrier, []).append(f"`device.{name}.{_port(device, bus)}`")
    if len(names_of) < 2:
        return None
    parts = [f"{carrier} by {', '.join(fields)}" for carrier, fields in names_of.items()]
    return f"bus '{bus}': must carry one of {' and '.join(parts)}, not all"


def _port(device: Device, bus: str) -> str:
    """The field that names this bus."""
    return next(field for field in device.ports if getattr(device, field, None) == bus)
