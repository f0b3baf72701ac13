"""Rows that states obey by themselves: what a block hands over is of one piece.

A committed unit hands over whether it is on, and when it was started and stopped in the last hours. Its rows
in the intervals about midnight say which of these go together. With the range of all other columns taken out,
such a row speaks of states alone: starts of the last hours <= on. Without these rows the links of a cut loop
are first chosen such that no dispatch leads there, and a block after the other has to say so.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.proof.certificate import FEASIBILITY_TOLERANCE

MIN_STATES = 2  # in a row that says more than a bound


@dataclass(frozen=True)
class StateRows:
    """Rows lower <= matrix @ states <= upper, (rows, states), and the rows of the program behind them."""

    matrix: sp.csr_array
    lower: Array
    upper: Array
    program_rows: Index


def states_rows(tiled: Tiled, program: LinearProgram, states: Index) -> StateRows:
    """Return what the rows of intervals say of these columns alone, (states,) ascending.

    A row is relaxed by the range that its other columns have by their bounds. Rows that then hold at any
    states within bounds are left out.
    """
    interval_rows = len(tiled.horizon) * len(tiled.template.rows)
    is_state = np.zeros(len(program.cost), dtype=bool)
    is_state[states] = True
    matrix = program.matrix[:interval_rows].tocoo()
    count = np.bincount(matrix.row[is_state[matrix.col]], minlength=interval_rows)
    rows = np.flatnonzero(count >= MIN_STATES)
    chosen = program.matrix[rows]
    chosen.eliminate_zeros()
    entries = chosen.tocoo()
    of_state = is_state[entries.col]
    ends = np.array([program.lower[entries.col], program.upper[entries.col]]) * entries.data
    least, most = ends.min(axis=0), ends.max(axis=0)  # of each entry's term

    def summed(terms: Array, among: Mask) -> Array:
        return np.asarray(
            np.bincount(entries.row[among], terms[among], minlength=len(rows)), dtype=np.float64
        )

    lower = program.row_lower[rows] - summed(most, ~of_state)
    upper = program.row_upper[rows] - summed(least, ~of_state)
    says_something = (lower > summed(least, of_state) + FEASIBILITY_TOLERANCE) | (
        upper < summed(most, of_state) - FEASIBILITY_TOLERANCE
    )
    of_states = sp.csr_array(
        (entries.data[of_state], (entries.row[of_state], np.searchsorted(states, entries.col[of_state]))),
        shape=(len(rows), len(states)),
    )
    return StateRows(
        sp.csr_array(of_states[says_something]),
        lower[says_something],
        upper[says_something],
        rows[says_something],
    )
