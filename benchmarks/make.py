"""Instances from the built-in case: the park as it is, and the same with surplus sold for less.

`gaoan` sells surplus above the two valley prices, so buying and selling at once would pay: a linear program
alone has a wrong answer, and who has no binaries is left out. `gaoan-lp` sells below every buying price:
there a linear program's optimum is the answer, and everybody must print the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.instance import Instance, Store
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.stores.battery import Battery

if TYPE_CHECKING:
    from benchmarks.instance import Declared

CASE = "gaoan"
INSTANCES = {"gaoan-lp": 300.0, "gaoan": None}  # sale price [yuan/MWh]; none: the case's own
DAY = "2026-04-21"  # the case's own plan date: a surplus at noon
# first day and day after the last; the week and the month are those of the day
HORIZONS: Mapping[str, tuple[str, str]] = {
    "day": (DAY, "2026-04-22"),
    "week": ("2026-04-20", "2026-04-27"),
    "month": ("2026-04-01", "2026-05-01"),
    "year": ("2026-01-01", "2027-01-01"),
    "ten years": (
        "2026-01-01",
        "2036-01-01",
    ),  # the year's numbers repeated; 29 February has those of the 28th
}


def make_year() -> Prepared:
    """The case's year, from which every instance is cut."""
    case = load_case(CASE)
    return prepare(case, year_times(case))


def make_instance(year: Prepared, name: str, horizon: str) -> Instance:
    """The instance of that name on that horizon."""
    first, end = HORIZONS[horizon]
    step = year.times[1] - year.times[0]
    times = pd.date_range(first, end, freq=step, inclusive="left")
    positions = _in_the_year(times, step)
    series = {key: array[positions] for key, array in year.series.items()}
    month = times.year * 12 + times.month
    grid = {key: array for (device, key), array in series.items() if device == "grid"}
    if any(grid[name].any() for name in ("peak_floor_mw", "demand_free_mw", "quarter_continues")):
        raise ValueError(
            "the instance has no word for a peak so far, a contracted demand or intervals below a quarter"
        )
    sale = INSTANCES[name]
    return Instance(
        name=name,
        horizon=horizon,
        hours=year.hours,
        import_limit_mw=float(grid["import_limit_mw"][0]),
        export_limit_mw=float(grid["export_limit_mw"][0]),
        stores=tuple(_stores(year.case, year.hours)),
        times=times.to_numpy().astype("datetime64[s]"),
        month=(month - month[0]).to_numpy().astype(np.int64),
        load_mw=series["load", "demand_mw"],
        pv_mw=series["pv", "available_mw"],
        buy_yuan_per_mwh=grid["purchase_price_yuan_per_mwh"],
        sell_yuan_per_mwh=grid["sale_price_yuan_per_mwh"] if sale is None else np.full(len(times), sale),
        demand_yuan_per_mw=grid["demand_price_yuan_per_mw_month"][np.diff(month, prepend=-1) != 0],
    )


def _in_the_year(times: pd.DatetimeIndex, step: pd.Timedelta) -> np.ndarray:
    """Number of the interval of 2026 at the same day of the year and time of day."""
    leap_day = (times.month == 2) & (times.day == 29)
    day = times.day_of_year.to_numpy() - 1
    day = day - (times.is_leap_year & ((times.month > 2) | leap_day))
    return np.asarray(day * round(pd.Timedelta(days=1) / step) + (times - times.normalize()) // step)


def _stores(case: Case, hours: float) -> list[Store]:
    stores = []
    for name in case.storage:
        device = case.devices[name]
        if (
            not isinstance(device, Battery)
            or device.max_cycles_per_day is not None
            or device.min_charge_mw > 0
            or device.min_discharge_mw > 0
        ):
            raise TypeError(f"{name}: the instance has no word for it")
        power, energy = float(device.power_mw), float(device.energy_mwh)  # type: ignore[arg-type]
        stores.append(
            Store(
                name=name,
                power_mw=power,
                lowest_mwh=device.soc_min * energy,
                highest_mwh=device.soc_max * energy,
                initial_mwh=device.initial_soc * energy,
                final_mwh=device.final_soc_or_initial * energy,
                eta_charge=device.eta_charge,
                eta_discharge=device.eta_discharge,
                kept=(1 - device.self_discharge_per_hour) ** hours,
                auxiliary_mw=device.auxiliary_share * power,
                wear_yuan_per_mwh=device.wear_yuan_per_mwh,
            )
        )
    return stores


def declared(instance: Instance) -> "Declared":
    """The instance in the project's own words: devices, times and series by device."""
    case = load_case(CASE)
    ones = np.ones(len(instance))
    series = {
        ("load", "demand_mw"): instance.load_mw,
        ("pv", "available_mw"): instance.pv_mw,
        ("grid", "purchase_price_yuan_per_mwh"): instance.buy_yuan_per_mwh,
        ("grid", "sale_price_yuan_per_mwh"): instance.sell_yuan_per_mwh,
        ("grid", "demand_price_yuan_per_mw_month"): instance.demand_yuan_per_mw[instance.month],
        ("grid", "peak_floor_mw"): 0.0 * ones,
        ("grid", "import_limit_mw"): instance.import_limit_mw * ones,
        ("grid", "export_limit_mw"): instance.export_limit_mw * ones,
        ("grid", "quarter_continues"): 0.0 * ones,
    }
    stores = _stores(case, instance.hours)
    if replace(instance, stores=tuple(stores)).stores != instance.stores:
        raise ValueError("the instance was made from another case")
    return case.devices, pd.DatetimeIndex(instance.times).as_unit("ns"), series
