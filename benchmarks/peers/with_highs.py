"""HiGHS alone, on this project's arrays: no merging of identical units, no tightening, no start, no repair.

Without binaries it is the linear relaxation, whose optimum is an answer on `gaoan-lp` and only a bound on
`gaoan`. With `binaries` every exclusive pair of every interval gets one, on both.
"""

from typing import Any

import highspy
import numpy as np

from benchmarks.instance import GAP
from benchmarks.peers import Answer, DeclaringPeer, Sizes
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.highs import pass_arrays


def columns_of(tiled: Tiled, quantity: str) -> list[Any]:
    """Columns of every device's quantity of that name."""
    numbers = [n for n, column in enumerate(tiled.template.columns) if column.key[1] == quantity]
    return [tiled.column_of(number) for number in numbers]


class Arrays(DeclaringPeer):
    """What reads the declarations and tiles them."""

    def tile(self) -> Tiled:
        horizon = Horizon(self.times, self.instance.hours)
        return tile(compile_template(self.devices, self.instance.hours), horizon, self.series)


class Tool(Arrays):
    def build(self) -> None:
        self.tiled = self.tile()
        self.program = self.tiled.program
        if self.options.get("binaries"):
            every = np.ones((len(self.tiled.template.pairs), len(self.instance)), dtype=bool)
            self.program = self.tiled.with_binaries(every)

    def hand_over(self) -> None:
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("mip_rel_gap", GAP)
        self.highs.setOptionValue("solver", self.options.get("solver", "choose"))
        pass_arrays(self.highs, self.program)

    def solve(self, limit_s: float) -> None:
        self.highs.setOptionValue("time_limit", limit_s)
        self.highs.run()
        if self.highs.getModelStatus() == highspy.HighsModelStatus.kMemoryLimit:
            raise MemoryError

    def extract(self) -> Answer:
        info, solution = self.highs.getInfo(), self.highs.getSolution()
        x = np.asarray(solution.col_value)
        finished = self.highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
        objective = info.objective_function_value if solution.value_valid else np.inf
        of_linear = objective if finished else -np.inf
        bound = of_linear if self.program.is_linear else info.mip_dual_bound
        return Answer(
            objective_yuan=objective,
            bound_yuan=bound,
            finished=finished,
            import_mw=sum(x[column] for column in columns_of(self.tiled, "import_mw")),
            energy_mwh=sum(x[column] for column in columns_of(self.tiled, "energy_mwh")),
        )

    def sizes(self) -> Sizes:
        p = self.program
        return Sizes(len(p.row_lower), len(p.cost), int(p.matrix.nnz), int(p.binary.sum()))
