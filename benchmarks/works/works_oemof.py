"""oemof.solph on `works`: two buses, a converter for each direction of the link, a source that is on or off.

Its words are enough but for the energy to end with.
"""

import warnings
from typing import Any

import pandas as pd
import pyomo.environ as pyo
from oemof import solph

from benchmarks.peers import with_oemof, with_pyomo
from benchmarks.works.works_instance import Works


class Tool(with_oemof.Tool):
    def read(self, instance: Works) -> None:
        """The energy system: solph's nodes with their series."""
        with_pyomo.Tool.read(self, instance)
        warnings.simplefilter("ignore")
        times, flow = pd.DatetimeIndex(instance.times), solph.Flow
        step = times[1] - times[0]
        system = solph.EnergySystem(
            timeindex=pd.date_range(times[0], periods=len(times) + 1, freq=step), infer_last_interval=False
        )
        works, yard, unit = solph.Bus("works"), solph.Bus("yard"), instance.unit
        self.bought, sold = with_oemof.exchange(instance, works)
        commitment = solph.NonConvex(
            startup_costs=unit.start_yuan,
            activity_costs=unit.running_yuan_per_h * instance.hours,  # of an interval, not of an hour
            initial_status=0,
        )
        power = flow(
            nominal_capacity=unit.rated_mw,
            minimum=unit.least_mw / unit.rated_mw,
            variable_costs=unit.fuel_yuan_per_mwh,
            nonconvex=commitment,
        )
        pv = flow(nominal_capacity=1.0, maximum=instance.pv_mw)
        load = flow(nominal_capacity=1.0, fix=instance.load_mw)
        self.stores = [with_oemof.storage(instance.store, yard, instance.hours)]
        system.add(
            works,
            yard,
            self.bought,
            sold,
            solph.components.Source("unit", outputs={works: power}),
            solph.components.Source("pv", outputs={yard: pv}),
            solph.components.Sink("load", inputs={works: load}),
            _one_way("forward", yard, works, instance.forward_limit_mw, instance.loss),
            _one_way("backward", works, yard, instance.backward_limit_mw, instance.loss),
            *self.stores,
        )
        self.system, self.bus = system, works

    def build(self) -> None:
        model: Any = solph.Model(self.system)
        content = model.GenericStorageBlock.storage_content[self.stores[0], len(self.instance)]
        model.final = pyo.Constraint(expr=content >= self.instance.store.final_mwh)
        self.model = model


def _one_way(name: str, start: Any, end: Any, limit_mw: float, loss: float) -> Any:
    return solph.components.Converter(
        name,
        inputs={start: solph.Flow(nominal_capacity=limit_mw)},
        outputs={end: solph.Flow()},
        conversion_factors={end: 1 - loss},
    )
