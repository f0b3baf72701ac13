"""A basis for the whole horizon from its months, each solved alone.

Months are nearly independent: the demand charge lives inside one, and only the stored energy crosses
their borders. With that fixed at its initial level at both ends, months are solved side by side; their
bases laid end to end are a basis of the whole, from which few simplex steps lead to the true optimum.
The result is the optimum of the whole program, whatever the guess at the borders was worth.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from models.device import Array
from optimizer.highs import Basis, InfeasibleProgram, Solver
from optimizer.program import Program
from optimizer.tile import Tiled
from optimizer.windows import Cut, Cutter, Window


def starting_basis(tiled: Tiled, program: Program, threads: int) -> Basis | None:
    """A basis near the optimum, or None where the horizon does not fall into months that stand alone."""
    first = tiled.horizon.first("month")
    level = _initial_levels(tiled)
    if len(first) < 2 or level is None:
        return None
    ends = [*first[1:].tolist(), len(tiled.horizon)]
    cutter = Cutter(tiled, program)
    cuts = [cutter.cut(Window(int(a), int(b))) for a, b in zip(first, ends, strict=True)]
    if any(cut.copies.size for cut in cuts):
        return None  # a decision of the whole horizon ties the months together
    try:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(lambda cut: _solve_month(tiled, program, cutter, cut, level), cuts))
    except InfeasibleProgram:
        return None
    return Basis.joined(found, len(program.cost), len(program.row_lower))


def _initial_levels(tiled: Tiled) -> Array | None:
    """Value of each remembered variable before the horizon; None where it hangs on a decision."""
    template = tiled.template
    initial = [previous.initial for previous in template.previous]
    reading = np.tensordot(tiled.weights[:, 0], template.coefficients[:, initial, :], axes=1)
    return None if reading[:, :-1].any() else np.asarray(reading[:, -1])


def _solve_month(tiled: Tiled, program: Program, cutter: Cutter, cut: Cut, level: Array) -> Basis:
    """The basis of one month that begins and ends with every state at its initial level."""
    own, window = len(tiled.template.columns), cut.window
    rows_each = len(tiled.template.rows)
    remembered = np.array([previous.column for previous in tiled.template.previous], dtype=np.int64)
    # a row that couples two months belongs to the later one, where it says how the month begins
    begins = (cut.coupling >= window.first * rows_each) & (cut.coupling < window.last * rows_each)
    mine = np.union1d(cut.inside, cut.coupling[begins])
    before = np.zeros(len(program.cost))
    if window.first > 0:
        before[(window.first - 1) * own + remembered] = level
    outside = program.matrix[mine] @ before
    lower, upper = program.lower[cut.columns], program.upper[cut.columns]
    if window.last < len(tiled.horizon):
        at_end = (window.last - window.first - 1) * own + remembered
        lower[at_end] = upper[at_end] = np.clip(level, lower[at_end], upper[at_end])
    solver = Solver()
    solver.load(
        Program(
            cost=program.cost[cut.columns],
            offset=0.0,
            matrix=cutter.by_column[:, cut.columns].tocsr()[mine],
            row_lower=program.row_lower[mine] - outside,
            row_upper=program.row_upper[mine] - outside,
            lower=lower,
            upper=upper,
            binary=np.zeros(len(cut.columns), dtype=bool),
        )
    )
    solver.solve()
    return solver.basis(cut.columns, mine)
