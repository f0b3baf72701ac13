"""linopy on `works`: labelled arrays of variables, as on the other instances."""

from typing import Any

import linopy
import pandas as pd
import xarray as xr

from benchmarks.peers import with_linopy
from benchmarks.works.works_instance import Works


def write_works(works: Works) -> Any:
    """The model in linopy's words."""
    m = linopy.Model()
    time = pd.RangeIndex(len(works), name="time")
    store, unit, hours, kept = works.store, works.unit, works.hours, 1 - works.loss

    def over_time(values: Any) -> xr.DataArray:
        return xr.DataArray(values, coords=[time])

    def limited(name: str, upper: Any, lower: float = 0.0) -> Any:
        return m.add_variables(lower=lower, upper=upper, coords=[time], name=name)

    bought, sold = limited("bought", works.import_limit_mw), limited("sold", works.export_limit_mw)
    forward = limited("forward", works.forward_limit_mw)
    backward = limited("backward", works.backward_limit_mw)
    pv = limited("pv", over_time(works.pv_mw))
    charge, discharge = limited("charge", store.power_mw), limited("discharge", store.power_mw)
    energy = limited("energy", store.highest_mwh, store.lowest_mwh)
    power = limited("power", unit.rated_mw)
    on = m.add_variables(binary=True, coords=[time], name="on")
    start = m.add_variables(binary=True, coords=[time], name="start")

    received = kept * forward - backward
    m.add_constraints(bought - sold + power + received == over_time(works.load_mw), name="at_works")
    m.add_constraints(pv + discharge - charge + kept * backward - forward == 0, name="at_yard")
    first, later = {"time": 0}, {"time": slice(1, None)}
    moved = charge * (store.eta_charge * hours) - discharge * (hours / store.eta_discharge)
    change = energy - moved
    m.add_constraints(change.isel(first) == store.kept * store.initial_mwh, name="first_level")
    before = store.kept * energy.shift(time=1)
    m.add_constraints(change.isel(later) - before.isel(later) == 0, name="level")
    m.add_constraints(energy.isel(time=-1) >= store.final_mwh, name="final")
    m.add_constraints(power - unit.rated_mw * on <= 0, name="most")
    m.add_constraints(power - unit.least_mw * on >= 0, name="least")
    m.add_constraints((start - on).isel(first) >= 0, name="first_start")
    m.add_constraints((start - on + on.shift(time=1)).isel(later) >= 0, name="starts")
    m.add_objective(
        (bought * over_time(hours * works.buy_yuan_per_mwh)).sum()
        - (sold * over_time(hours * works.sell_yuan_per_mwh)).sum()
        + hours * (store.wear_yuan_per_mwh * discharge + unit.fuel_yuan_per_mwh * power).sum()
        + (hours * unit.running_yuan_per_h * on + unit.start_yuan * start).sum()
    )
    return m


class Tool(with_linopy.Tool):
    def build(self) -> None:
        self.model = write_works(self.instance)

    def energy_mwh(self, solution: Any) -> Any:
        return solution["energy"]
