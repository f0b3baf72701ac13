"""What every device must do, checked for any: compile, prove, audit, cross midnight, be shown and named."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import xarray as xr

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.device import Array, Carrier, Device, Park, Seen
from parkdispatch.models.errors import ParkdispatchError
from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.registry import kind_of
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.solve import Optimum, optimize, optimize_with_pyomo
from parkdispatch.results.audit import audit
from parkdispatch.results.schedule.schedule import schedule_blocks
from parkdispatch.results.solution import device_quantities, key_of, of_kind
from parkdispatch.results.views.device_charts import chart_data
from parkdispatch.results.views.plan_columns import plan_columns
from parkdispatch.results.wording.languages import LANGS
from parkdispatch.results.wording.words import load_words, with_device_words

DAYS = ("2026-03-31", "2026-04-01")  # a change of day and of month
MINUTES = 60
TOLERANCE = 1e-6  # [MW, MWh] of rules; relative of costs
PLAIN_SOLVER = "appsi_highs"
BOUNDARY_MW, BOUNDARY_DEMAND_MW = 100.0, 2.0
BOUNDARY_YUAN_PER_MWH = (400.0, 10.0)  # to be had, to be left


class _Boundary(Device):
    """What is on another bus of a device: a demand, and power to be had and to be left at a price."""

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "any"}
    bus: str

    def series(self, park: Park) -> Mapping[str, Array]:
        """Nothing varies."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Supply dearly, take cheaply."""
        block.given_mw = pyo.Var(bounds=(0, BOUNDARY_MW))
        block.taken_mw = pyo.Var(bounds=(0, BOUNDARY_MW))
        dear, cheap = (price * interval.hours for price in BOUNDARY_YUAN_PER_MWH)
        return Terms(
            {self.bus: block.given_mw - block.taken_mw - BOUNDARY_DEMAND_MW},
            {"purchase": dear * block.given_mw, "sale": -cheap * block.taken_mw},
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Nothing of its own."""
        return {}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What is given and taken."""
        dear, cheap = (price * seen.hours for price in BOUNDARY_YUAN_PER_MWH)
        return {"purchase": dear * seen.values["given_mw"], "sale": -cheap * seen.values["taken_mw"]}


@dataclass(frozen=True)
class _Trial:
    """A device in a small park, on two days by the hour."""

    name: str
    device: Device
    prepared: Prepared

    def optimum(self, devices: Mapping[str, Device], hours: slice) -> Optimum:
        """The dispatch of some of the hours."""
        prepared = self.prepared
        series = {key: array[hours] for key, array in prepared.series.items()}
        return optimize(devices, prepared.times[hours], prepared.hours, series)


def check_device(device: Device | type[Device]) -> list[str]:
    """What a device does not do that it must, one sentence each; an empty list is a pass.

    The device, or the `example()` of a class, is put beside a load and a grid connection on bus `ac`, on two
    days of the built-in case; on every other bus of it there is a demand that can be met at a price. It must
    compile without a component that is not read, dispatch the same as the plain Pyomo model, pass its own
    self-check, hand its state over at midnight, be found in schedule, chart and workbook, and have words in
    English and Chinese.

    Args:
        device: a device, or its class.

    Returns:
        The problems found.

    Example:
        >>> import parkdispatch as pdx
        >>> pdx.check_device(pdx.device_kinds()["battery"])
        []

    """
    example = device.example() if isinstance(device, type) else device
    trial = _trial(example)
    try:
        optimum = trial.optimum(trial.prepared.case.devices, slice(None))
    except ParkdispatchError as error:
        return str(error).splitlines()
    solution = to_dataset(optimum, {})
    return [
        *_audit_problems(solution, trial.prepared),
        *_plain_model_problems(trial, optimum),
        *_midnight_problems(trial),
        *_display_problems(trial, solution),
        *_word_problems(trial, solution),
    ]


def _trial(device: Device) -> _Trial:
    base = load_case("gaoan")
    name = kind_of(type(device)) or "device"
    devices = {"grid": Grid.example(), "load": Load.example(), name: device}
    # rules without effect, for which the audit adds up what every device says of renewables, use and CO2
    devices["rules"] = ParkRules(
        co2_price_yuan_per_t=1.0, own_use_of_consumption=0.0, export_of_renewables=1.0
    )
    devices |= {
        f"boundary_{number}": _Boundary(bus=bus) for number, bus in enumerate(device.buses) if bus != "ac"
    }
    case = replace(
        base.with_devices(devices),
        calendar=base.calendar.model_copy(update={"minutes": MINUTES}),
        series={},
        sizing=None,
    )
    times = pd.DatetimeIndex(np.concatenate([pd.date_range(day, periods=24, freq="h") for day in DAYS]))
    return _Trial(name, device, prepare(case, times))


def _audit_problems(solution: xr.Dataset, prepared: Prepared) -> list[str]:
    checked = audit(solution, prepared)
    return [
        *(
            f"the audit finds {check.name} = {check.residual:g}, {check.allowed:g} is allowed"
            for check in checked.checks
            if not check.holds
        ),
        *(f"`costs_yuan` does not recompute the cost '{cost.key}'" for cost in checked.not_recomputed),
    ]


def _plain_model_problems(trial: _Trial, optimum: Optimum) -> list[str]:
    prepared = trial.prepared
    plain = optimize_with_pyomo(
        prepared.case.devices, prepared.times, prepared.hours, prepared.series, PLAIN_SOLVER
    )
    ours, theirs = optimum.proof.objective_yuan, plain.proof.objective_yuan
    if abs(ours - theirs) <= TOLERANCE * max(1.0, abs(theirs)):
        return []
    return [f"the tiled model costs {ours:.4f} yuan, the plain Pyomo model {theirs:.4f}"]


def _midnight_problems(trial: _Trial) -> list[str]:
    """Whether two days dispatched one after the other are a dispatch of both."""
    name, devices = trial.name, trial.prepared.case.devices
    template = compile_template({name: trial.device}, trial.prepared.hours)
    state = trial.device.initial_state()
    if template.previous and not state:
        return ["has a value of the interval before, but no `initial_state` to hand over at midnight"]
    parts: list[Seen] = []
    device, count = trial.device, len(trial.prepared.times)
    for first, last in pairwise((0, count // 2, count)):
        device = device.starting_from(state)
        try:
            optimum = trial.optimum({**devices, name: device}, slice(first, last))
        except ParkdispatchError as error:
            return [f"the day that begins with {dict(state)} has no dispatch: {error}"]
        part = device_quantities(to_dataset(optimum, {}), name)
        state = device.state_after(part)
        parts.append(part)
    residuals = trial.device.self_check(_joined(parts))
    return [
        f"two days one after the other break {rule} by {residual:g}"
        for rule, residual in residuals.items()
        if not residual <= TOLERANCE
    ]


def _joined(parts: list[Seen]) -> Seen:
    """Dispatches laid end to end; a decision shared by a day is that of its own day."""

    def joined(field: str) -> dict[str, np.ndarray]:
        tables = [getattr(part, field) for part in parts]
        return {key: np.concatenate([table[key] for table in tables]) for key in tables[0]}

    times = parts[0].times.append([part.times for part in parts[1:]])
    return Seen(
        pd.DatetimeIndex(times), parts[0].hours, joined("values"), joined("shared"), joined("injection")
    )


def _display_problems(trial: _Trial, solution: xr.Dataset) -> Iterator[str]:
    case, words = trial.prepared.case, load_words("en")
    columns = [column.owner for column in plan_columns(solution, case, words)]
    charts, part = chart_data(solution, case, words, {}, {}), device_quantities(solution, trial.name)
    drawn = [device["device"] for balance in charts["balances"] for device in balance["devices"]]
    if not trial.device.buses:
        return
    if trial.name not in columns:
        yield "has no column in the plan's workbook"
    if trial.name not in drawn and trial.device.flow(part) is None:
        yield "is not drawn in the chart"
    level = trial.device.storage_level(part)
    if trial.device.stores_energy:
        schedule_blocks(solution, case)
        if level is None:
            yield "stores energy, but has no `storage_level`"


def _word_problems(trial: _Trial, solution: xr.Dataset) -> Iterator[str]:
    """Names that people read and that have no word in a language."""
    name, device = trial.name, trial.device
    rules = [rule.rpartition("_")[0] for rule in device.self_check(device_quantities(solution, name))]
    costs = [key_of(solution, cost) for cost in of_kind(solution, "cost", name)]
    needed = {
        "devices": [name],
        "costs": costs,
        "checks": rules,
        "book": [display.key for display in device.displays],
        "prices": [spec.title for spec in device.series_specs.values() if spec.unit == "yuan/MWh"],
    }
    for lang in LANGS:
        words = with_device_words(load_words(lang), type(device), lang)
        for section, keys in needed.items():
            for key in dict.fromkeys(keys):
                if key not in words[section]:
                    yield f"has no word for '{key}' in {section} ({lang})"
