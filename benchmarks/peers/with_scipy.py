"""scipy's `linprog(method="highs")` on the same arrays; it brings a HiGHS of its own, of another version.

It takes equalities and inequalities apart, so splitting the rows is its handing over; what it does inside
one call is all counted as solving.
"""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import vstack

from benchmarks.peers import Answer, Sizes
from benchmarks.peers.with_highs import Arrays, columns_of


class Tool(Arrays):
    certified_by = "scipy's HiGHS"

    def build(self) -> None:
        self.tiled = self.tile()
        self.program = self.tiled.program

    def hand_over(self) -> None:
        p = self.program
        equal = p.row_lower == p.row_upper
        above, below = np.isfinite(p.row_upper) & ~equal, np.isfinite(p.row_lower) & ~equal
        self.given = {
            "A_ub": vstack([p.matrix[above], -p.matrix[below]], format="csr"),
            "b_ub": np.concatenate([p.row_upper[above], -p.row_lower[below]]),
            "A_eq": p.matrix[equal],
            "b_eq": p.row_lower[equal],
            "bounds": np.column_stack([p.lower, p.upper]),
        }

    def solve(self, limit_s: float) -> None:
        options = {"time_limit": limit_s}
        self.found = linprog(self.program.cost, **self.given, method="highs", options=options)

    def extract(self) -> Answer:
        result, finished = self.found, self.found.status == 0
        objective = result.fun + self.program.offset if finished else np.inf
        x = result.x if finished else np.full(len(self.program.cost), np.nan)
        return Answer(
            objective_yuan=float(objective),
            bound_yuan=float(objective) if finished else -np.inf,
            finished=finished,
            import_mw=sum(x[column] for column in columns_of(self.tiled, "import_mw")),
            energy_mwh=sum(x[column] for column in columns_of(self.tiled, "energy_mwh")),
        )

    def sizes(self) -> Sizes:
        p = self.program
        return Sizes(len(p.row_lower), len(p.cost), int(p.matrix.nnz), 0)
