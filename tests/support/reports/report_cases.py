"""A solved day of a small park, and the facts that its report tells."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.value_sources import SourcedValue
from parkdispatch.models.device import Array, Device, Park, Seen, SeriesSpec
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.power_scale import LARGE_PARK
from parkdispatch.results.schedule.interval_reasons import Priced
from parkdispatch.results.schedule.schedule import ScheduleBlock
from parkdispatch.results.solution import QuantityName, cost_yuan
from parkdispatch.results.summary import StorageComparison
from parkdispatch.results.views.report_facts import ReportFacts

DAY = pd.date_range("2026-07-15", periods=96, freq="15min")
EVIL = "bad<script>alert(1)</script>\"'&"


class Given(Device):
    """Power from a series: a consumer, or a source that may be curtailed."""

    sign: float = -1.0
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"available_mw": SeriesSpec(title="", unit="MW")}

    def series(self, park: Park) -> Mapping[str, Array]:
        raise NotImplementedError

    def interval(self, block: Any, interval: Interval) -> Terms:
        most = interval.series("available_mw")
        if self.sign < 0:
            return Terms({"ac": -most})
        block.output_mw = pyo.Var(bounds=(0, most))
        block.curtailed_mw = pyo.Expression(expr=most - block.output_mw)
        return Terms({"ac": block.output_mw})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        return {}


@cache
def solved(storage: bool = True) -> tuple[Case, xr.Dataset]:
    """A day of a small park that charges, discharges, buys, sells and curtails; its digester is new."""
    hour = np.arange(96) / 4
    devices: dict[str, Device] = {
        "pv": Given(sign=1.0),
        "digester": Given(sign=1.0),
        "load": Given(),
        "battery_1": Battery(power_mw=4.0, energy_mwh=8.0, auxiliary_share=0.0),
        "battery_2": Battery(power_mw=3.0, energy_mwh=6.0, initial_soc=0.5),
        "grid": Grid(voltage_kv_level="110kV", import_limit_mw=20.0, export_limit_mw=2.0),
    }
    case = load_case("gaoan").with_devices(devices)
    case = case if storage else case.without_storage()
    park = Park(DAY, 0.25, case.site, case.tariff, pd.DataFrame)
    series = {
        ("pv", "available_mw"): 30.0 * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None),
        ("digester", "available_mw"): np.full(96, 1.25),
        ("load", "available_mw"): 9.0 + 3.0 * np.sin(hour / 3),
    } | {("grid", name): array for name, array in devices["grid"].series(park).items()}
    return case, to_dataset(optimize(case.devices, DAY, 0.25, series), {"case": case.name})


def block(**changes: Any) -> ScheduleBlock:
    """Two hours of charging 4 MW from surplus PV."""
    noon = DAY[48]
    default = ScheduleBlock(
        first=noon,
        last=noon + pd.Timedelta(hours=2),
        action="charge",
        power_mw=4.0,
        least_mw=4.0,
        most_mw=4.0,
        energy_mwh=8.0,
        periods=("deep_valley",),
        prices=(Priced("unsold", "grid", 0.4143),),
        surplus_of=("pv",),
        held=None,
        held_mw=0.0,
        exported_mw=0.0,
        scale=LARGE_PARK,
        rated_mw=50.0,
    )
    return replace(default, **changes)


def facts_of(solution: xr.Dataset, kind: Any = "day", **changes: Any) -> ReportFacts:
    months = pd.DatetimeIndex(solution["time"].to_numpy()).strftime("%Y-%m").unique()
    cost = float(solution.attrs["objective_yuan"])
    facts = ReportFacts(
        title="A small park 小园区",
        kind=kind,
        cost_yuan=cost,
        without_storage=StorageComparison(
            cost_yuan=cost + 1234.5,
            saving_yuan=1234.5,
            saving_by_cost_yuan=dict.fromkeys(cost_yuan(solution), 411.5),
            peak_mw=dict.fromkeys(months, 12.5),
        ),
        full_cycles={"battery_1": 1.25, "battery_2": 0.75},
        peak_mw=dict.fromkeys(months, 11.0),
        energy_mwh={
            QuantityName("pv.exported_mwh", "pv", "exported", "energy"): 17.25,
        },
        blocks=[block()] if kind == "day" else [],
        timings_s={"build": 0.01, "solve": 0.02},
        model={"columns": 960, "rows": 480},
        versions={"python": "3.11"},
        certificate={"primal": 1e-12},
        assumptions=[SourcedValue("grid.sale_price", "0.4143", "file", "", "the coal benchmark.")],
    )
    return replace(facts, **changes)


@cache
def solved_small() -> tuple[Case, xr.Dataset]:
    """The same day of a park of a hundredth of the size."""
    case, solution = solved()
    shares = {"MW": 0.01, "MWh": 0.01, "yuan": 0.01}
    with xr.set_options(keep_attrs=True):
        return case, solution.map(lambda quantity: quantity * shares.get(quantity.attrs["units"], 1.0))
