"""The optimum of a small linear program by the dual simplex of this package, proven by its certificate.

It stands in where HiGHS ends without a status: what a sizing or a year has done by then is not lost to it.
"""

from dataclasses import replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.optimizer.branch_and_bound.tree_search import search_tree
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.proof.certificate import certify

LARGEST_TABLEAU = 1_000_000  # entries: some 500 rows and 1,500 columns
# stand for a missing bound, where the dual simplex method begins; the smaller one loses fewer digits. A point
# that stays there is an optimum all the same where the certificate, which knows of no such bound, holds
BEYOND = (1e4, 1e6)


def solve_small_program(program: LinearProgram) -> tuple[Array, Array] | None:
    """Return the optimum, (columns,), and its multipliers, (rows,), of a program without binaries.

    None where the program is too large, or where the certificate of what was found does not hold.
    """
    height, width = program.matrix.shape
    if program.binary.any() or height == 0 or height * (height + width) > LARGEST_TABLEAU:
        return None
    no_pairs, one_node = np.zeros((0, 2), dtype=np.intp), np.zeros((1, 0), dtype=np.int8)
    slack_basis = np.zeros(width, dtype=bool), np.ones(height, dtype=bool)
    for beyond in BEYOND:
        lower, upper = np.maximum(program.lower, -beyond), np.minimum(program.upper, beyond)
        bounded = replace(program, lower=lower, upper=upper)
        result = search_tree(bounded, no_pairs, *slack_basis, one_node, np.inf, 0.0)
        if result.completed and result.best_leaf >= 0:
            row_dual = result.row_dual[result.best_leaf]
            if certify(program, result.x, row_dual).holds:
                return result.x, row_dual
    return None
