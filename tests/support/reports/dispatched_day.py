"""A day of the built-in park as a solution written by hand: what its storage does is given, not solved."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.device import Array
from parkdispatch.models.stores.battery import Battery


def case_with(rated_mw: float) -> Case:
    """The built-in park with one battery of two hours."""
    case = load_case("gaoan")
    kept = {name: device for name, device in case.devices.items() if name not in case.storage}
    return case.with_devices({**kept, "battery": Battery(power_mw=rated_mw, energy_mwh=2 * rated_mw)})


def dispatched(
    net_mw: Mapping[str, float],
    *,
    minutes: int = 15,
    load_mw: float | Array = 100.0,
    pv_mw: float | Array = 0.0,
    peak_mw: float = 1e3,
    **series: float | Array,
) -> xr.Dataset:
    """A day on which the battery gives these powers [MW] in the intervals that begin at "HH:MM", else none.

    `series` replaces those of the connection, such as `sale_price_yuan_per_mwh`, or adds to them.
    """
    times = pd.date_range("2026-04-21", periods=1440 // minutes, freq=f"{minutes}min")
    clock, ones = times.strftime("%H:%M"), np.ones(len(times))
    net = np.array([net_mw.get(time, 0.0) for time in clock])
    pv, load = pv_mw * ones, load_mw * ones
    import_mw = load - pv - net
    quantities: dict[str, tuple[str, str, Array]] = {
        "pv.injection_ac_mw": ("injection", "ac", pv),
        "pv.curtailed_mw": ("derived", "curtailed_mw", 0.0 * ones),
        "load.injection_ac_mw": ("injection", "ac", -load),
        "battery.injection_ac_mw": ("injection", "ac", net),
        "grid.injection_ac_mw": ("injection", "ac", import_mw),
        "battery.charge_mw": ("variable", "charge_mw", np.maximum(-net, 0.0)),
        "battery.discharge_mw": ("variable", "discharge_mw", np.maximum(net, 0.0)),
        "grid.import_mw": ("variable", "import_mw", np.maximum(import_mw, 0.0)),
        "grid.export_mw": ("variable", "export_mw", np.maximum(-import_mw, 0.0)),
    }
    given: dict[str, float | Array] = {
        "purchase_price_yuan_per_mwh": 600.0,
        "sale_price_yuan_per_mwh": 400.0,
        "import_limit_mw": 1e3,
        "export_limit_mw": 1e3,
        "demand_price_yuan_per_mw_month": 39e3,
    }
    for key, value in (given | series).items():
        quantities[f"grid.{key}"] = ("series", key, value * ones)
    variables: dict[str, Any] = {
        name: ("time", array, {"kind": kind, "units": "MW", "device": name.split(".")[0], "key": key})
        for name, (kind, key, array) in quantities.items()
    }
    paid = "excess_mw" if "demand_free_mw" in series else "peak_mw"
    attrs = {"kind": "shared", "units": "MW", "device": "grid", "key": paid}
    variables[f"grid.{paid}"] = ("month", np.array([peak_mw]), attrs)
    coords = {"time": times.to_numpy(), "month": np.array(["2026-04"], dtype=object)}
    return xr.Dataset(variables, coords=coords, attrs={"hours": minutes / 60})
