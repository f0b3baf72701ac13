"""Shared decisions of a dispatch at the least that it needs.

A search in blocks fixes shared decisions, such as a month's peak, while it decides the rest. Where its time
ends, a peak may be left above the highest import: that is paid for, and a bill would not ask for it.
"""

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.tile import Tiled


def with_least_shared(tiled: Tiled, x: Array) -> Array:
    """A dispatch, (columns,), with shared decisions that cost money as low as rows and bounds allow."""
    program, first = tiled.program, tiled.shared_starts[0]
    of_shared = sp.csc_array(program.matrix[:, first:])
    activity, lowered = program.matrix @ x, x.copy()
    for number in np.flatnonzero((program.cost[first:] > 0) & ~tiled.is_binary[first:]).tolist():
        column = first + number
        entries = slice(of_shared.indptr[number], of_shared.indptr[number + 1])
        rows, coefficients = of_shared.indices[entries], of_shared.data[entries]
        # what a row asks for beside the rest of it: by the sign, its lower or its upper side does
        side = np.where(coefficients > 0, program.row_lower[rows], program.row_upper[rows])
        asked = (side - activity[rows]) / coefficients + lowered[column]
        least = max(float(program.lower[column]), float(asked.max(initial=-np.inf)))
        if least < lowered[column]:
            activity[rows] += coefficients * (least - lowered[column])
            lowered[column] = least
    return lowered
