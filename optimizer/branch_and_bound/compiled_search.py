"""Compiling the tree search before any clock runs.

Numba compiles a function when it is first called: seconds on a new machine, a quarter of one where it is
cached. If that were counted as time of a proof, the first run on a machine would take another way through the
search than the next.
"""

from functools import cache

import numpy as np
from scipy.sparse import csr_array

from parkdispatch.optimizer.branch_and_bound.branching import branch_on_window
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.highs import Basis

TOLERANCE_YUAN = 1e-9


@cache
def compile_tree_search() -> None:
    """Compile the tree search, or load it from Numba's cache; once in a process.

    It searches a window of one pair of which both members pay, then the same window from its tree.
    """
    program = LinearProgram(
        cost=np.array([-1.0, -2.0, 0.0]),
        offset=0.0,
        matrix=csr_array(np.array([[1.0, 1.0, -1.0]])),
        row_lower=np.array([0.0]),
        row_upper=np.array([0.0]),
        lower=np.zeros(3),
        upper=np.array([1.0, 1.0, 2.0]),
        binary=np.zeros(3, dtype=bool),
    )
    pairs = np.array([[0, 1]], dtype=np.int64)
    nothing = np.zeros(3, dtype=bool)
    searched = branch_on_window(
        program, pairs, Basis.of(nothing, np.ones(1, dtype=bool)), np.inf, TOLERANCE_YUAN
    )
    if searched is not None:
        searched.tree.lower_bounds_yuan(program)
