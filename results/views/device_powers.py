"""Power, stored energy and prices of each device as charts and tables show them, and their colours.

Everything is found by the kinds and units of the solution and by what devices declare, so that a new device
shows up by itself.
"""

from collections.abc import Mapping

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.charges.charge_series import CREDIT
from parkdispatch.models.device import Array, StorageLevel
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.solution import (
    QuantityName,
    device_of,
    device_quantities,
    key_of,
    of_kind,
    values,
)
from parkdispatch.results.views.plain_charts import Colour

ZERO_MW = 1e-6  # less is rounding of the solver
LOSSES = QuantityName("losses", "", "", "losses")  # of all networks of a carrier together

# Colours of Okabe and Ito (2008), safe for the colour-blind, each for a light and a dark page, taken in the
# order of the case; the grid, the largest area, is calm.
STORAGE = (("#0072B2", "#3A9BDC"), ("#009E73", "#22B98D"), ("#CC79A7", "#D98CB6"), ("#56B4E9", "#7CC6F0"))
SOURCES = (
    ("#E69F00", "#E8A91C"), ("#D55E00", "#E8762C"), ("#C9B500", "#E5DA4A"), ("#8FB339", "#A9CC55"),
    ("#A65E2E", "#C47F4F"),
)  # fmt: skip
GRIDS = (("#A9B8C9", "#7488A0"), ("#C7BBD6", "#8C7DA3"))
CONSUMERS = (
    ("#5F6B7C", "#A6B0BF"), ("#8C7565", "#BDA793"), ("#7A7F52", "#B3B98A"), ("#9C8FB0", "#C3B8D6"),
    ("#4F7A7A", "#86B3B3"), ("#B3A369", "#D6C98F"), ("#7D5A6E", "#B08AA1"),
)  # fmt: skip
PALETTES = {"consumer": CONSUMERS, "source": SOURCES, "storage": STORAGE, "grid": GRIDS}


def injections(solution: xr.Dataset) -> dict[QuantityName, Array]:
    """Power into its bus [MW], shape (intervals,), by device; "device (bus)" for one that has several."""
    names = of_kind(solution, "injection")
    devices = [device_of(solution, name) for name in names]
    powers_mw = {}
    for name, device in zip(names, devices, strict=True):
        bus = key_of(solution, name)
        text = device if devices.count(device) == 1 else f"{device} ({bus})"
        powers_mw[QuantityName(text, device, bus, "injection")] = values(solution, name)
    return powers_mw


def drawn_power(solution: xr.Dataset, case: Case, carrier: str) -> dict[QuantityName, Array]:
    """What the chart of a carrier stacks [MW], (intervals,): each device, and the losses of all networks.

    Between two buses a transformer or a link draws and feeds the same power; stacked, it would count twice.
    """
    carriers, drawn = case.carriers, dict[QuantityName, Array]()
    for name, power_mw in injections(solution).items():
        if carriers.get(name.key, "electricity") != carrier:
            continue
        device = case.devices.get(name.device)
        if device is not None and device.role == "network" and len(device.buses) > 1:
            drawn[LOSSES] = drawn.get(LOSSES, 0.0) + power_mw
        else:
            drawn[name] = power_mw
    if LOSSES in drawn:
        drawn[LOSSES] = drawn.pop(LOSSES)  # the last of all
    return drawn


def carriers_of(case: Case) -> list[str]:
    """What flows on the buses, electricity first."""
    return list(dict.fromkeys(["electricity", *case.carriers.values()]))


def carrier_of(case: Case, store: str) -> str:
    """What a store holds: the carrier of its bus."""
    buses = list(case.devices[store].buses)
    return case.carriers.get(buses[0], "electricity") if buses else "electricity"


def curtailed(solution: xr.Dataset) -> dict[str, Array]:
    """Power that was there and not used [MW], shape (intervals,), by device."""
    names = of_kind(solution, "derived") + of_kind(solution, "variable")
    return {
        device_of(solution, name): values(solution, name)
        for name in names
        if key_of(solution, name) == "curtailed_mw"
    }


ROLES = {"load": "consumer", "source": "source", "store": "storage", "grid": "grid"}  # to the palettes


def role(case: Case, device: str, power_mw: Array) -> str:
    """storage, grid, source or consumer: as the device declares, or by the sign of its power on this bus."""
    declared = case.devices.get(device)
    only_draws = power_mw.min() < -ZERO_MW and power_mw.max() <= ZERO_MW
    by_sign = "consumer" if only_draws else "source"
    if declared is None or (declared.role == "source" and only_draws):  # such as a generator its fuel
        return by_sign
    return ROLES.get(declared.role, by_sign)


def roles(solution: xr.Dataset, case: Case) -> dict[QuantityName, str]:
    """Role of every injection."""
    return {name: role(case, name.device, power) for name, power in injections(solution).items()}


def colours(kinds: Mapping[QuantityName, str]) -> dict[QuantityName, Colour]:
    """Colour of every injection on a light and on a dark page, by its role."""
    taken = dict.fromkeys(PALETTES, 0)
    colour_of = {}
    for name, kind in kinds.items():
        colour_of[name] = PALETTES[kind][taken[kind] % len(PALETTES[kind])]
        taken[kind] += 1
    return colour_of


def storage_levels(solution: xr.Dataset, case: Case) -> dict[str, StorageLevel]:
    """Stored energy of each device that holds any, by its name."""
    levels = {
        name: device.storage_level(device_quantities(solution, name)) for name, device in case.devices.items()
    }
    return {name: level for name, level in levels.items() if level is not None and level.full_mwh > 0}


def prices(solution: xr.Dataset, case: Case) -> dict[QuantityName, tuple[str, Array]]:
    """Title and values [yuan/kWh] of every energy price among the series, by name."""
    priced = {}
    for name in of_kind(solution, "series"):
        device, key = device_of(solution, name), key_of(solution, name)
        if solution[name].attrs["units"] == "yuan/MWh" and not key.startswith(CREDIT):
            spec = case.devices[device].needed_series.get(key) if device in case.devices else None
            title = spec.title if spec else key.replace("_", " ")
            priced[QuantityName(name, device, key, "series")] = (
                title,
                values(solution, name) / KW_PER_MW,
            )
    return priced
