"""Small parks whose connection pays for demand in one of the ways the tariff offers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.device import Park
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.audit import Audit
from parkdispatch.results.summary import Summary, summarize
from tests.support.cases.round_tariff import ROUND, grid
from tests.support.small_parks import SmallPark

MVA_20 = {"count": 1, "rating_mva": 20}
CONTRACT = {"demand_election": "contracted", "contracted_demand_mw": 10}


def case_of(park: SmallPark) -> Case:
    return replace(load_case("gaoan").with_devices(park.devices), tariff=ROUND, series={})


def park_of(
    device: Grid, count: int, minutes: int = 15, start: str = "2026-03-31 16:00", seed: int = 1
) -> SmallPark:
    """A load, a battery with losses and the connection, whose series are its own."""
    built = SmallPark(count, minutes, start)
    # limits wide enough for any draw, whatever the transformers are
    times, hours = built.times, minutes / 60
    case = Park(times, hours, Site(latitude_deg=28, longitude_deg=115), ROUND, pd.DataFrame)
    limits = {"import_limit_mw": 100.0, "export_limit_mw": 20.0}
    built.add("grid", device, **{**device.series(case), **limits})
    random = np.random.default_rng(seed)
    built.load(random.uniform(2, 14, count)).pv(np.maximum(0, random.uniform(-10, 16, count)))
    return built.battery(power_mw=4.0, energy_mwh=6.0, initial_soc=0.5, eta_charge=0.94, eta_discharge=0.94)


def solved(built: SmallPark) -> tuple[xr.Dataset, Case]:
    return to_dataset(built.solve().optimum, {"case": "small"}), case_of(built)


def full_month(way: dict[str, Any]) -> tuple[Summary, xr.Dataset, xr.Dataset, Case]:
    """February with and without the battery, summarized."""
    built = park_of(grid(**way), 24 * 28, 60, "2026-02-01 00:00")
    solution, case = solved(built)
    bare = SmallPark(24 * 28, 60, "2026-02-01 00:00")
    bare.devices = {name: device for name, device in built.devices.items() if name != "battery"}
    bare.series = {key: array for key, array in built.series.items() if key[0] != "battery"}
    without = to_dataset(bare.solve().optimum, {"case": "small"})
    return summarize(solution, without, case, Audit(())), solution, without, case
