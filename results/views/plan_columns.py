"""The plan's table, a row an interval: what is shown of each device, by its role and its declaration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array, Display
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.schedule.schedule import clock_text
from parkdispatch.results.schedule.tariff_periods import interval_periods
from parkdispatch.results.solution import QuantityName, device_quantities, times_of, values
from parkdispatch.results.views.device_powers import (
    PALETTES,
    ZERO_MW,
    carrier_of,
    carriers_of,
    colours,
    injections,
    prices,
    roles,
)
from parkdispatch.results.wording.display_names import device_label, injection_label, period_label
from parkdispatch.results.wording.display_names import label as plain_label


@dataclass(frozen=True)
class PlanColumn:
    """A column of the plan's table, in the units of its header."""

    key: str  # the quantity of the solution, or its place in the plan
    owner: str  # the device, as the case names it
    header: str  # device, quantity, unit: three lines
    numbers: Array  # power in the unit of the park's scale
    kind: str  # that of the display, or price, or soc
    colour: str = ""
    carrier: str = "electricity"

    @property
    def device(self) -> str:
        """Whose it is."""
        return self.header.split("\n")[0]

    @property
    def name(self) -> str:
        """Device and quantity."""
        return " ".join(self.header.split("\n")[:2]).split(",")[0]


def plan_columns(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> Iterator[PlanColumn]:
    """Columns after time and period: prices, then what devices show, by carrier and role."""
    yuan = words["script"]["yuan_per_kwh"]
    for key, (title, price) in prices(solution, case).items():
        heading = f"{device_label(key.device, words)}\n{words['prices'].get(title, title)}\n{yuan}"
        yield PlanColumn(key, key.device, heading, price, "price")
    order, carriers = [*PALETTES, "network"], carriers_of(case)
    placed = [
        (carriers.index(column.carrier), order.index(kind), column)
        for name in injections(solution)
        for kind, column in _device_columns(solution, case, words, name)
    ]
    for _, _, column in sorted(placed, key=lambda place: place[:2]):
        yield column


def interval_table(solution: xr.Dataset, case: Case, words: Mapping[str, Any]) -> dict[str, Any]:
    """The plan's table as text: from, to, tariff period, and the columns; what is nothing is empty."""
    times, hours, scale = times_of(solution), float(solution.attrs["hours"]), scale_of(solution)
    book, step = words["book"], pd.Timedelta(hours=hours)
    is_one_day = times[0].date() == times[-1].date()
    columns, periods = list(plan_columns(solution, case, words)), interval_periods(times, hours, case.tariff)
    cells = [
        [f"{time:%H:%M}" if is_one_day else f"{time:%m-%d %H:%M}" for time in times],
        [clock_text(time, time + step).split("-")[1] for time in times],
    ]
    heads = [book["from"], book["to"]]
    if all(periods):
        heads.append(book["period"])
        cells.append([" / ".join(period_label(name, words) for name in names) for names in periods])
    texts = range(len(heads))
    for column in columns:
        digits = scale.digits(float(np.abs(column.numbers).max()) / scale.per_mw)
        form = {"price": "{:z,.4f}", "soc": "{:z.1%}"}.get(column.kind, f"{{:z,.{digits}f}}")
        heads.append(column.header.replace("\n", " "))
        cells.append([form.format(number) if number else "" for number in column.numbers.tolist()])
    rows = [list(row) for row in zip(*cells, strict=True)]
    return {"heads": heads, "rows": rows, "texts": tuple(texts)}


def _device_columns(
    solution: xr.Dataset, case: Case, words: Mapping[str, Any], name: QuantityName
) -> Iterator[tuple[str, PlanColumn]]:
    """What a device shows, each with its role; for each of several buses without such, the power."""
    device, text, scale = name.device, words["book"], scale_of(solution)
    fed, kinds, carriers = injections(solution), roles(solution, case), case.carriers
    colour, label, owner = colours(kinds)[name][0], injection_label(name, words), str(name)
    declared, part = case.devices.get(device), device_quantities(solution, device)
    role_by_bus = {other.key: kinds[other] for other in fed if other.device == device}
    is_first = name.key == next(iter(role_by_bus))
    if declared is not None and declared.displays:
        label, owner = device_label(device, words), device
        displays = [(display, display.power_mw(part), bus) for display, bus in declared.shown if is_first]
    else:
        consumes = kinds[name] == "consumer"
        usual = _usual_displays(solution, device, -fed[name] if consumes else fed[name], consumes)
        displays = [(display, power_mw, name.key) for display, power_mw in usual]
    for display, power_mw, bus in displays:
        carrier = carriers.get(bus, "electricity")
        names = words["carriers"][carrier]
        what = text.get(display.key, plain_label(display.key))
        if display.key == "demand":  # of heat it is no electricity
            what = names.get("demand", what)
        on_bus = display.port or display.kind == "load" or declared is None  # not fuel, or losses
        unit = f"{scale.power} {names['unit'] if on_bus else ''}".rstrip()
        key, heading = owner, f"{label}\n{what}\n{unit}"
        if display.kind == "set_point":
            key, heading = device, f"{label}\n{what}, {unit}\n{text['set_point_sign'].format(**names)}"
        shown = np.where(np.abs(power_mw) > ZERO_MW, power_mw, 0.0) * scale.per_mw
        is_network = declared is not None and declared.role == "network"
        column = PlanColumn(f"{key}.{display.key}_mw", device, heading, shown, display.kind, colour, carrier)
        yield "network" if is_network else role_by_bus.get(bus, kinds[name]), column
    level = declared.storage_level(part) if declared is not None and is_first else None
    if level is not None and level.full_mwh > 0:
        carrier = carrier_of(case, device)
        names, share = words["carriers"][carrier], level.energy_mwh / level.full_mwh
        heading = f"{label}\n{names['column']}\n{names['column_unit']}"
        yield kinds[name], PlanColumn(f"{device}.soc", device, heading, share, "soc", colour, carrier)


def energy_parts(column: PlanColumn, words: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What the energies of a column of power are called, with their sign; 0 is the sum of all."""
    text, names = words["book"], words["carriers"][column.carrier]
    if column.kind == "set_point":
        return [(f"{column.device} {names['discharge']}", 1), (f"{column.device} {names['charge']}", -1)]
    if column.kind == "flow":
        return [(f"{column.device} {text['forward']}", 1), (f"{column.device} {text['backward']}", -1)]
    return [] if column.kind in ("price", "soc") else [(column.name, 0)]


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
    display = Display("used" if "curtailed" in parts else "power", "source", {})
    displays.insert("available" in parts, (display, power_mw))
    return displays
