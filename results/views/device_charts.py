"""What report and workbook show of each device: power, stored energy, prices, and their colours.

Everything is found by the kinds and units of the solution, so that a new device shows up by itself.
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array, Display, StorageLevel
from parkdispatch.models.tariff.tariff_tables import PERIODS
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.schedule.tariff_periods import quarter_periods
from parkdispatch.results.solution import (
    QuantityName,
    device_of,
    device_quantities,
    key_of,
    of_kind,
    times_of,
    values,
)
from parkdispatch.results.wording.display_names import device_label, injection_label
from parkdispatch.results.wording.display_names import label as plain_label

EXACT_INTERVALS = 3000  # up to here a page has room for doubles; a year travels as single precision
ZERO_MW = 1e-6  # less is rounding of the solver

# Colours of Okabe and Ito (2008), safe for the colour-blind, each for a light and a dark page, taken in the
# order of the case; the grid, the largest area, is calm.
STORAGE = (("#0072B2", "#3A9BDC"), ("#009E73", "#22B98D"), ("#CC79A7", "#D98CB6"), ("#56B4E9", "#7CC6F0"))
SOURCES = (("#E69F00", "#E8A91C"), ("#D55E00", "#E8762C"), ("#C9B500", "#E5DA4A"))
GRIDS = (("#A9B8C9", "#7488A0"), ("#C7BBD6", "#8C7DA3"))
CONSUMERS = (("#5F6B7C", "#A6B0BF"), ("#8C7565", "#BDA793"), ("#7A7F52", "#B3B98A"))
PALETTES = {"consumer": CONSUMERS, "source": SOURCES, "storage": STORAGE, "grid": GRIDS}
# One hue, darker where energy is dearer, so that the order is seen without a legend
PERIOD_SHADES = {"sharp": 0.55, "peak": 0.36, "flat": 0.2, "valley": 0.09, "deep_valley": 0.03}


def packed(array: NDArray[Any]) -> dict[str, Any]:
    """An array for a page: one number where it never changes, else base64 of its little-endian bytes."""
    if array.dtype == np.uint8:
        return {"type": "u1", "base64": base64.b64encode(array.tobytes()).decode()}
    if np.all(array == array[0]):
        return {"value": float(array[0])}
    kind = "<f8" if array.size <= EXACT_INTERVALS else "<f4"
    return {"type": kind[1:], "base64": base64.b64encode(array.astype(kind).tobytes()).decode()}


def injections(solution: xr.Dataset) -> dict[QuantityName, Array]:
    """Power into its bus [MW], shape (intervals,), by device; "device (bus)" for one that has several."""
    names = of_kind(solution, "injection")
    devices = [device_of(solution, name) for name in names]
    found = {}
    for name, device in zip(names, devices, strict=True):
        bus = key_of(solution, name)
        text = device if devices.count(device) == 1 else f"{device} ({bus})"
        found[QuantityName(text, device, bus, "injection")] = values(solution, name)
    return found


def drawn_power(solution: xr.Dataset, case: Case) -> dict[QuantityName, Array]:
    """What the chart of power stacks [MW], (intervals,): electricity, and of networks only what they lose.

    Between two buses a transformer or a link draws and feeds the same power; stacked, it would count twice.
    """
    carriers, drawn = case.carriers, dict[QuantityName, Array]()
    for name, power in injections(solution).items():
        if carriers.get(name.key, "electricity") != "electricity":
            continue
        device = case.devices.get(name.device)
        if device is not None and device.role == "network" and len(device.buses) > 1:
            whole = QuantityName(name.device, name.device, "", "injection")
            drawn[whole] = drawn.get(whole, 0.0) + power
        else:
            drawn[name] = power
    return drawn


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
    if declared is not None and declared.role in ROLES:
        return ROLES[declared.role]
    return "consumer" if power_mw.min() < -ZERO_MW and power_mw.max() <= ZERO_MW else "source"


def roles(solution: xr.Dataset, case: Case) -> dict[QuantityName, str]:
    """Role of every injection."""
    return {name: role(case, name.device, power) for name, power in injections(solution).items()}


def colours(kinds: Mapping[QuantityName, str]) -> dict[QuantityName, tuple[str, str]]:
    """Colour of every injection on a light and on a dark page, by its role."""
    taken = dict.fromkeys(PALETTES, 0)
    found = {}
    for name, kind in kinds.items():
        found[name] = PALETTES[kind][taken[kind] % len(PALETTES[kind])]
        taken[kind] += 1
    return found


def storage_levels(solution: xr.Dataset, case: Case) -> dict[str, StorageLevel]:
    """Stored energy of each device that holds any, by its name."""
    levels = {
        name: device.storage_level(device_quantities(solution, name)) for name, device in case.devices.items()
    }
    return {name: level for name, level in levels.items() if level is not None and level.full_mwh > 0}


def prices(solution: xr.Dataset, case: Case) -> dict[QuantityName, tuple[str, Array]]:
    """Title and values [yuan/kWh] of every energy price among the series, by name."""
    found = {}
    for name in of_kind(solution, "series"):
        device, key = device_of(solution, name), key_of(solution, name)
        if solution[name].attrs["units"] == "yuan/MWh":
            spec = case.devices[device].series_specs.get(key) if device in case.devices else None
            title = spec.title if spec else key.replace("_", " ")
            found[QuantityName(name, device, key, "series")] = (title, values(solution, name) / KW_PER_MW)
    return found


def chart_data(
    solution: xr.Dataset,
    case: Case,
    words: Mapping[str, Any],
    peak_mw: Mapping[str, float],
    peak_without_storage_mw: Mapping[str, float],
) -> dict[str, Any]:
    """The page's data: plain values and packed arrays, in the order in which they are drawn."""
    times = times_of(solution)
    hours, scale = float(solution.attrs["hours"]), scale_of(solution)
    data: dict[str, Any] = {
        "start_ms": _milliseconds(times[0]),
        "step_ms": round(hours * 3_600_000),
        "count": len(times),
        "focus_ms": _milliseconds(pd.Timestamp(case.calendar.plan_date)),
        "devices": list(_devices(solution, case, words)),
        "storage": list(_storage(solution, case, words)),
        "prices": _prices(solution, case, words),
        "months": list(_months(times, peak_mw, peak_without_storage_mw)),
        "timezone": case.site.timezone,
        "per_mw": scale.per_mw,
        "digits": scale.digits(),
        "words": words["script"],
    }
    colour_of = {device["device"]: device["colour"] for device in data["devices"]}
    for number, storage in enumerate(data["storage"]):
        # a store of heat is in no stack of electric power
        storage["colour"] = colour_of.get(storage["name"], STORAGE[-1 - number % len(STORAGE)])
    data["curtailed"] = [
        {
            "label": f"{device_label(name, words)} {words['curtailed']}",
            "colour": colour_of[name],
            "data": packed(power),
        }
        for name, power in curtailed(solution).items()
        if power.max() > ZERO_MW and name in colour_of
    ]
    found = quarter_periods(times, hours, case.tariff)
    if found is not None:
        codes = np.array([PERIODS.index(period) for period in found.ravel().tolist()], dtype=np.uint8)
        data["periods"] = {
            "codes": packed(codes),
            "each": found.shape[1],  # periods an interval has
            "names": [words["periods"][period] for period in PERIODS],
            "shades": [PERIOD_SHADES[period] for period in PERIODS],
            "used": sorted({int(code) for code in codes}),
        }
    return data


def _milliseconds(time: pd.Timestamp) -> int:
    return int(time.timestamp() * 1000)


def _devices(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every injection with its colour and what its two directions are called."""
    drawn = drawn_power(solution, case)
    kinds = {name: role(case, name.device, power) for name, power in drawn.items()}
    pairs = colours(kinds)
    for name, power in drawn.items():
        yield {
            "name": name,
            "device": name.device,
            "label": injection_label(name, words),
            "role": kinds[name],
            "up": f"{injection_label(name, words)} {words['up'][kinds[name]]}".strip(),
            "down": f"{injection_label(name, words)} {words['down'][kinds[name]]}".strip(),
            "colour": pairs[name],
            "data": packed(power),
        }


def _storage(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, level in storage_levels(solution, case).items():
        yield {
            "name": name,
            "label": device_label(name, words),
            "full_mwh": level.full_mwh,
            "full": scale_of(solution).capacity_text(level.full_mwh),
            "initial_mwh": level.initial_mwh,
            "low": level.lowest,
            "high": level.highest,
            "data": packed(level.energy_mwh),
        }


def _prices(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = prices(solution, case)
    several = len({name.device for name in found}) > 1
    return [
        {
            "label": (f"{device_label(name.device, words)}: " if several else "")
            + words["prices"].get(title, title),
            "data": packed(price),
        }
        for name, (title, price) in found.items()
    ]


def month_starts(times: pd.DatetimeIndex) -> dict[str, int]:
    """Number of the first interval of each month, by the month's name "2026-03"."""
    names = times.strftime("%Y-%m").to_numpy()
    starts = np.flatnonzero(np.concatenate([[True], names[1:] != names[:-1]]))
    return {str(names[start]): int(start) for start in starts}


def _months(
    times: pd.DatetimeIndex, peak_mw: Mapping[str, float], without_mw: Mapping[str, float]
) -> Iterator[dict[str, Any]]:
    for name, first in month_starts(times).items():
        yield {
            "label": name,
            "first": first,
            "peak_mw": peak_mw.get(name),
            "without_mw": without_mw.get(name),
        }


@dataclass(frozen=True)
class PlanColumn:
    """A column of the plan's table, in the units of its header."""

    key: str  # the quantity of the solution, or its place in the plan
    owner: str  # the device, as the case names it
    header: str  # device, quantity, unit: three lines
    numbers: Array  # power in the unit of the park's scale
    kind: str  # set_point, soc, load, source, import, export, price, other
    colour: str = ""

    @property
    def device(self) -> str:
        """Whose it is."""
        return self.header.split("\n")[0]

    @property
    def name(self) -> str:
        """Device and quantity."""
        return " ".join(self.header.split("\n")[:2]).split(",")[0]


def plan_columns(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> Iterator[PlanColumn]:
    """Columns after time and period, found by what each device has: power, yuan/kWh and fractions."""
    yuan = words["script"]["yuan_per_kwh"]
    for key, (title, price) in prices(solution, case).items():
        heading = f"{device_label(key.device, words)}\n{words['prices'].get(title, title)}\n{yuan}"
        yield PlanColumn(key, key.device, heading, price, "price")
    for name in sorted(fed := injections(solution), key=_order(solution, case)):
        yield from _device_columns(solution, case, words, name, fed)


def _order(solution: xr.Dataset, case: Case) -> Callable[[QuantityName], int]:
    """The place of an injection among the columns, by its role."""
    kinds, order = roles(solution, case), list(PALETTES)
    return lambda name: order.index(kinds[name])


def _device_columns(
    solution: xr.Dataset,
    case: Case,
    words: Mapping[str, Any],
    name: QuantityName,
    fed: Mapping[QuantityName, Array],
) -> Iterator[PlanColumn]:
    """The columns a device declares; for each of several buses without such, the power into it."""
    device, text, scale = name.device, words["book"], scale_of(solution)
    colour, label = colours(roles(solution, case))[name][0], injection_label(name, words)
    declared, part = case.devices.get(device), device_quantities(solution, device)
    is_first = name == next(other for other in fed if other.device == device)
    if declared is not None and declared.displays:
        displays = [(display, display.power_mw(part)) for display in declared.displays if is_first]
    else:
        consumes = roles(solution, case)[name] == "consumer"
        displays = _usual_displays(solution, device, -fed[name] if consumes else fed[name], consumes)
    for display, power_mw in displays:
        what = text.get(display.key, plain_label(display.key))
        if display.kind == "set_point":
            key, heading = device, f"{label}\n{what}, {scale.power}\n{text['set_point_sign']}"
        else:
            key, heading = name, f"{label}\n{what}\n{scale.power}"
        shown = np.where(np.abs(power_mw) > ZERO_MW, power_mw, 0.0) * scale.per_mw
        yield PlanColumn(f"{key}.{display.key}_mw", device, heading, shown, display.kind, colour)
    level = declared.storage_level(part) if declared is not None and is_first else None
    if level is not None and level.full_mwh > 0:
        heading = f"{label}\n{text['soc']}\n{text['soc_unit']}"
        yield PlanColumn(f"{device}.soc", device, heading, level.energy_mwh / level.full_mwh, "soc", colour)


def _usual_displays(
    solution: xr.Dataset, device: str, power_mw: Array, consumes: bool
) -> list[tuple[Display, Array]]:
    """The columns of a device that declares none: its power, what was available, what was curtailed."""
    if consumes:
        return [(Display("demand", "load", {}), power_mw)]
    parts = {
        key: values(solution, f"{device}.{key}_mw")
        for key in ("available", "curtailed")
        if f"{device}.{key}_mw" in solution
    }
    displays = [(Display(key, "other", {}), power) for key, power in parts.items()]
    own = Display("used" if "curtailed" in parts else "power", "source", {})
    displays.insert("available" in parts, (own, power_mw))
    return displays
