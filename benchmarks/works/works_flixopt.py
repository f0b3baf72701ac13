"""flixopt on `works`: two buses, a transmission, a storage and a source with a status. It has a word for all.

A `FlowSystem` makes a linopy model; `FlowSystem.optimize(HighsSolver())` is taken apart into the calls it
consists of, with the model handed over without a file as linopy's is. Storage and transmission may go both
ways at once, which pays nobody here; else flixopt would add binaries that the others do not have.
"""

from typing import Any

import flixopt as fx
import pandas as pd

from benchmarks.peers import with_linopy
from benchmarks.works.works_instance import Works


class Tool(with_linopy.Tool):
    def read(self, instance: Works) -> None:
        """The flow system: flixopt's elements with their series."""
        super().read(instance)
        fx.CONFIG.silent()
        unit, highest_mw = instance.unit, instance.pv_mw.max()
        status = fx.StatusParameters(
            effects_per_startup=unit.start_yuan, effects_per_active_hour=unit.running_yuan_per_h
        )
        power = fx.Flow(
            "power",
            bus="works",
            size=unit.rated_mw,
            relative_minimum=unit.least_mw / unit.rated_mw,
            effects_per_flow_hour=unit.fuel_yuan_per_mwh,
            status_parameters=status,
            previous_flow_rate=0.0,
        )
        bought = fx.Flow(
            "bought", "works", instance.import_limit_mw, effects_per_flow_hour=instance.buy_yuan_per_mwh
        )
        sold = fx.Flow(
            "sold", "works", instance.export_limit_mw, effects_per_flow_hour=-instance.sell_yuan_per_mwh
        )
        load = fx.Flow("load", "works", 1.0, fixed_relative_profile=instance.load_mw)
        pv = fx.Flow("pv", "yard", highest_mw, relative_maximum=instance.pv_mw / highest_mw)
        times = pd.DatetimeIndex(instance.times).as_unit("ns").rename("time")
        system = fx.FlowSystem(times, hours_of_last_timestep=instance.hours)
        system.add_elements(
            fx.Effect("yuan", "yuan", is_standard=True, is_objective=True),
            fx.Bus("works"),
            fx.Bus("yard"),
            fx.Source("import", outputs=[bought]),
            fx.Sink("export", inputs=[sold]),
            fx.Sink("consumer", inputs=[load]),
            fx.Source("sun", outputs=[pv]),
            fx.Source("unit", outputs=[power]),
            _one_way("forward", "yard", "works", instance.forward_limit_mw, instance.loss),
            _one_way("backward", "works", "yard", instance.backward_limit_mw, instance.loss),
            _storage(instance),
        )
        self.system = system

    def build(self) -> None:
        self.system.build_model()
        self.model = self.system.model

    def bought_mw(self, solution: Any) -> Any:
        # flixopt's times have one more, for the energy at the end
        return solution["import(bought)|flow_rate"].isel(time=slice(None, -1))

    def energy_mwh(self, solution: Any) -> Any:
        return solution["battery|charge_state"].isel(time=slice(1, None))


def _one_way(name: str, start: str, end: str, limit_mw: float, loss: float) -> Any:
    sent, received = fx.Flow("sent", start, limit_mw), fx.Flow("received", end, limit_mw)
    return fx.Transmission(name, in1=sent, out1=received, relative_losses=loss)


def _storage(instance: Works) -> Any:
    store = instance.store
    return fx.Storage(
        store.name,
        charging=fx.Flow("charge", "yard", store.power_mw),
        discharging=fx.Flow(
            "discharge", "yard", store.power_mw, effects_per_flow_hour=store.wear_yuan_per_mwh
        ),
        capacity_in_flow_hours=store.highest_mwh,
        relative_minimum_charge_state=store.lowest_mwh / store.highest_mwh,
        initial_charge_state=store.initial_mwh,
        minimal_final_charge_state=store.final_mwh,
        eta_charge=store.eta_charge,
        eta_discharge=store.eta_discharge,
        relative_loss_per_hour=1 - store.kept ** (1 / instance.hours),
        prevent_simultaneous_charge_and_discharge=False,
    )
