"""This project, as its own command solves: relax, tighten, certify, repair.

`optimize` hands over several programs while it solves; its own clock splits building from solving, and the
handing over is inside solving.
"""

from typing import Any, ClassVar

from benchmarks.instance import GAP
from benchmarks.peers import Answer, DeclaringPeer, Sizes
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.solve import optimize


class Tool(DeclaringPeer):
    certified_by = "certificate from the arrays"
    lumped: ClassVar = {"hand_over": "solve"}
    gap = EXACT  # relative

    def build(self) -> None:
        pass

    def hand_over(self) -> None:
        pass

    def solve(self, limit_s: float) -> None:
        given: Any = (self.devices, self.times, self.instance.hours, self.series)
        self.optimum = optimize(*given, time_limit_s=limit_s, gap=self.gap)

    def own_seconds(self) -> dict[str, float]:
        """`optimize` builds first, by its own clock."""
        return {"build": self.optimum.timings_s["build"]}

    def extract(self) -> Answer:
        tiled, x, proof = self.optimum.tiled, self.optimum.x, self.optimum.proof
        column = {c.key: n for n, c in enumerate(tiled.template.columns)}
        stores = [name for name, device in self.devices.items() if isinstance(device, Battery)]
        return Answer(
            objective_yuan=proof.objective_yuan,
            bound_yuan=proof.bound_yuan,
            finished=proof.gap <= GAP,
            import_mw=x[tiled.column_of(column["grid", "import_mw"])],
            energy_mwh=sum(x[tiled.column_of(column[name, "energy_mwh"])] for name in stores),
        )

    def sizes(self) -> Sizes:
        program, proof = self.optimum.tiled.program, self.optimum.proof
        return Sizes(len(program.row_lower), len(program.cost), int(program.matrix.nnz), proof.repaired)
