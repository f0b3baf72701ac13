"""oemof.solph: sources, sinks and storages around one bus.

solph has no demand charge by the month and no least level to end with; a `solph.Model` is a Pyomo model, and
they are added to it as such. It runs on `gaoan-lp`. `Model.solve(solver="highs")` hands the model to Pyomo's
`appsi` interface; the calls it consists of are made here one by one, and `Results` is part of extracting.
"""

import logging
import warnings
from typing import Any

import pandas as pd
import pyomo.environ as pyo
from oemof import solph

from benchmarks.instance import Array, Instance, Store
from benchmarks.peers import with_pyomo
from benchmarks.works.works_instance import Works

logging.getLogger().setLevel(logging.WARNING)


def exchange(instance: Instance | Works, bus: Any) -> tuple[Any, Any]:
    """Buying and selling."""
    bought = solph.Flow(nominal_capacity=instance.import_limit_mw, variable_costs=instance.buy_yuan_per_mwh)
    sold = solph.Flow(nominal_capacity=instance.export_limit_mw, variable_costs=-instance.sell_yuan_per_mwh)
    return (
        solph.components.Source("import", outputs={bus: bought}),
        solph.components.Sink("export", inputs={bus: sold}),
    )


def storage(store: Store, bus: Any, hours: float) -> Any:
    """A battery, without the energy to end with."""
    return solph.components.GenericStorage(
        store.name,
        inputs={bus: solph.Flow(nominal_capacity=store.power_mw)},
        outputs={bus: solph.Flow(nominal_capacity=store.power_mw, variable_costs=store.wear_yuan_per_mwh)},
        nominal_capacity=store.highest_mwh,
        min_storage_level=store.lowest_mwh / store.highest_mwh,
        initial_storage_level=store.initial_mwh / store.highest_mwh,
        balanced=False,
        loss_rate=1 - store.kept ** (1 / hours),
        inflow_conversion_factor=store.eta_charge,
        outflow_conversion_factor=store.eta_discharge,
    )


class Tool(with_pyomo.Tool):
    def read(self, instance: Instance) -> None:
        """The energy system: solph's nodes with their series."""
        super().read(instance)
        warnings.simplefilter("ignore")
        times = pd.DatetimeIndex(instance.times)
        step = times[1] - times[0]
        system = solph.EnergySystem(
            timeindex=pd.date_range(times[0], periods=len(times) + 1, freq=step), infer_last_interval=False
        )
        bus = solph.Bus("park")
        self.bought, sold = exchange(instance, bus)
        pv = solph.components.Source(
            "pv", outputs={bus: solph.Flow(nominal_capacity=1.0, maximum=instance.pv_mw)}
        )
        load = solph.components.Sink(
            "load", inputs={bus: solph.Flow(nominal_capacity=1.0, fix=instance.drawn_mw)}
        )
        self.stores = [storage(store, bus, instance.hours) for store in instance.stores]
        system.add(bus, self.bought, sold, pv, load, *self.stores)
        self.system, self.bus = system, bus

    def build(self) -> None:
        instance = self.instance
        model: Any = solph.Model(self.system)
        months = range(len(instance.demand_yuan_per_mw))
        month, price = instance.month.tolist(), instance.demand_yuan_per_mw.tolist()
        model.peak_mw = pyo.Var(months, bounds=(0, None))
        model.within_peak = pyo.Constraint(
            model.TIMESTEPS,
            rule=lambda m, t: m.flow[self.bought, self.bus, t] <= m.peak_mw[month[t]],
        )
        last, content = len(instance), model.GenericStorageBlock.storage_content
        final = [store.final_mwh for store in instance.stores]
        model.final = pyo.Constraint(
            range(len(final)), rule=lambda _, s: content[self.stores[s], last] >= final[s]
        )
        model.objective.expr += sum(price[k] * model.peak_mw[k] for k in months)
        self.model = model

    def values(self) -> tuple[Array, Array]:
        self.model.solver_results = self.model.es.results = {}
        results = solph.Results(self.model)
        bought = results["flow"][self.bought, self.bus].to_numpy()[: len(self.instance)]
        content = results["storage_content"][self.stores].sum(axis=1).to_numpy()
        return bought, content[1:]
