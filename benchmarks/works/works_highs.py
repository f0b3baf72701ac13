"""HiGHS alone on this project's arrays of `works`, with the unit's binaries and none for exclusive pairs."""

import numpy as np

from benchmarks.peers import with_highs
from benchmarks.works.works_declared import declared_works


class Tool(with_highs.Tool):
    declared = staticmethod(declared_works)

    def build(self) -> None:
        self.tiled = self.tile()
        none = np.zeros((len(self.tiled.template.pairs), len(self.instance)), dtype=bool)
        self.program = self.tiled.with_binaries(none)
