"""PyPSA: a network of one bus, optimised through linopy with `io_api="direct"`.

Buying and selling are generators, batteries are storage units. PyPSA has no demand charge by the month and
no lowest state of charge of a storage unit, nor one to end with; they are added to its linopy model, as its
documentation shows for extra constraints. It has no word for "not both at once", so it runs on `gaoan-lp`.
`optimize(..., solver_name="highs", io_api="direct")` is taken apart into the calls it consists of.
"""

import logging
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pypsa
import xarray as xr

from benchmarks.instance import Instance, Store
from benchmarks.peers import Answer, with_linopy
from benchmarks.peers.with_linopy import outcome
from benchmarks.works.works_instance import Works

logging.getLogger("pypsa").setLevel(logging.ERROR)


def add_storage(n: Any, store: Store, bus: str, hours: float) -> None:
    """Add a battery to a network, without its lowest energy and the one to end with."""
    n.add(
        "StorageUnit",
        store.name,
        bus=bus,
        p_nom=store.power_mw,
        max_hours=store.highest_mwh / store.power_mw,
        efficiency_store=store.eta_charge,
        efficiency_dispatch=store.eta_discharge,
        standing_loss=1 - store.kept ** (1 / hours),
        state_of_charge_initial=store.kept * store.initial_mwh,  # of which PyPSA takes no standing loss
        marginal_cost=store.wear_yuan_per_mwh,
    )


def add_exchange(n: Any, instance: Instance | Works, bus: str, buy: Any, sell: Any) -> None:
    """Add buying and selling to a network, as generators."""
    n.add("Generator", "import", bus=bus, p_nom=instance.import_limit_mw, marginal_cost=buy)
    n.add(
        "Generator",
        "export",
        bus=bus,
        p_nom=instance.export_limit_mw,
        p_min_pu=-1.0,
        p_max_pu=0.0,
        marginal_cost=sell,
    )


def bound_energy(m: Any, stores: Sequence[Store]) -> None:
    """Add the batteries' lowest energy and the one to end with to a network's linopy model."""
    energy = m.variables["StorageUnit-state_of_charge"]
    names = [store.name for store in stores]
    lowest = xr.DataArray([store.lowest_mwh for store in stores], {"name": names}, ["name"])
    final = xr.DataArray([store.final_mwh for store in stores], {"name": names}, ["name"])
    energy.lower = lowest
    m.add_constraints(energy.isel(snapshot=-1) >= final, name="final")


class Tool(with_linopy.Tool):
    def read(self, instance: Instance) -> None:
        """The network: PyPSA's tables of components and their series."""
        super().read(instance)
        n = pypsa.Network()
        n.set_snapshots(pd.DatetimeIndex(instance.times), default_snapshot_weightings=instance.hours)
        highest = instance.pv_mw.max()
        given = {
            "drawn": instance.drawn_mw,
            "pv": instance.pv_mw / highest,
            "buy": instance.buy_yuan_per_mwh,
            "sell": instance.sell_yuan_per_mwh,
        }
        over_time = pd.DataFrame(given, n.snapshots)
        n.add("Bus", "park")
        n.add("Load", "load", bus="park", p_set=over_time["drawn"])
        n.add("Generator", "pv", bus="park", p_nom=highest, p_max_pu=over_time["pv"])
        add_exchange(n, instance, "park", over_time["buy"], over_time["sell"])
        for store in instance.stores:
            add_storage(n, store, "park", instance.hours)
        self.network = n

    def build(self) -> None:
        n, instance = self.network, self.instance
        m = n.optimize.create_model(include_objective_constant=False)
        bound_energy(m, instance.stores)
        month = pd.RangeIndex(len(instance.demand_yuan_per_mw), name="month")
        peak = m.add_variables(lower=0, coords=[month], name="peak")
        bought = m.variables["Generator-p"].sel(name="import", drop=True)
        of_time = xr.DataArray(instance.month, {"snapshot": n.snapshots}, ["snapshot"])
        m.add_constraints(bought - peak.sel(month=of_time) <= 0, name="within_peak")
        price = xr.DataArray(instance.demand_yuan_per_mw, coords=[month])
        m.objective = m.objective.expression + (peak * price).sum()
        self.model = m

    def extract(self) -> Answer:
        said = outcome(self.solver, self.result)
        n = self.network
        self.model.assign_result(self.result)
        n.optimize.assign_solution()
        n.optimize.assign_duals()
        n.optimize.post_processing()
        energy = n.storage_units_t.state_of_charge.sum(axis=1).to_numpy()
        return Answer(**said, import_mw=n.generators_t.p["import"].to_numpy(), energy_mwh=energy)
