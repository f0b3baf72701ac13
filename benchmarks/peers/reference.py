"""This project's own devices written once an interval as plain Pyomo, as `--solver pyomo:appsi_highs` does.

Each interval gets a block and mutable parameters for each device. That is slower than an indexed model
(`with_pyomo.py`), and not what Pyomo should be judged by; it is what the project falls back on.
"""

import numpy as np

from benchmarks.instance import Array, Instance
from benchmarks.make import declared
from benchmarks.peers import with_pyomo
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo


class Tool(with_pyomo.Tool):
    def read(self, instance: Instance) -> None:
        super().read(instance)
        self.devices, self.times, self.series = declared(instance)

    def build(self) -> None:
        horizon = Horizon(self.times, self.instance.hours)
        reference = build_plain_pyomo(self.devices, horizon, self.series)
        if not self.exclusive:
            reference.relax()
        self.model = reference.model

    def values(self) -> tuple[Array, Array]:
        intervals = [self.model.interval[t].device for t in range(len(self.instance))]
        names = [store.name for store in self.instance.stores]
        bought = np.array([device["grid"].import_mw.value for device in intervals])
        return bought, np.array([sum(device[n].energy_mwh.value for n in names) for device in intervals])
