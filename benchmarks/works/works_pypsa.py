"""PyPSA on `works`: two buses, two links of one direction each, a storage unit and a committable generator.

Its words are enough but for the lowest energy of the storage unit and the one to end with.
"""

import pandas as pd
import pypsa

from benchmarks.peers import with_linopy, with_pypsa
from benchmarks.works.works_instance import Works


class Tool(with_pypsa.Tool):
    def read(self, instance: Works) -> None:
        """The network: PyPSA's tables of components and their series."""
        with_linopy.Tool.read(self, instance)
        n = pypsa.Network()
        n.set_snapshots(pd.DatetimeIndex(instance.times), default_snapshot_weightings=instance.hours)
        highest, unit = instance.pv_mw.max(), instance.unit
        given = {
            "load": instance.load_mw,
            "pv": instance.pv_mw / highest,
            "buy": instance.buy_yuan_per_mwh,
            "sell": instance.sell_yuan_per_mwh,
        }
        over_time = pd.DataFrame(given, n.snapshots)
        n.add("Bus", ["works", "yard"])
        n.add("Load", "load", bus="works", p_set=over_time["load"])
        n.add("Generator", "pv", bus="yard", p_nom=highest, p_max_pu=over_time["pv"])
        with_pypsa.add_exchange(n, instance, "works", over_time["buy"], over_time["sell"])
        with_pypsa.add_storage(n, instance.store, "yard", instance.hours)
        for name, start, end, limit_mw in (
            ("forward", "yard", "works", instance.forward_limit_mw),
            ("backward", "works", "yard", instance.backward_limit_mw),
        ):
            n.add("Link", name, bus0=start, bus1=end, p_nom=limit_mw, efficiency=1 - instance.loss)
        n.add(
            "Generator",
            "unit",
            bus="works",
            p_nom=unit.rated_mw,
            p_min_pu=unit.least_mw / unit.rated_mw,
            marginal_cost=unit.fuel_yuan_per_mwh,
            committable=True,
            stand_by_cost=unit.running_yuan_per_h,
            start_up_cost=unit.start_yuan,
            up_time_before=0,
        )
        self.network = n

    def build(self) -> None:
        self.model = self.network.optimize.create_model(include_objective_constant=False)
        with_pypsa.bound_energy(self.model, self.instance.stores)
