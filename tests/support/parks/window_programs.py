"""The linear program of one window, with its exclusive pairs."""

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.linear_program import LinearProgram


def traded(surplus_mw: Array, buys: Array, sells: Array, charged_mwh: float) -> tuple[LinearProgram, Array]:
    """Hours with a surplus, in each of which one buys or sells; each charges 4 MW at most, all so much.

    Columns: charge, buy, sell of each hour. Buying and selling at once is the pair.
    """
    hours = len(surplus_mw)
    eye = sp.eye_array(hours)
    balance = sp.hstack([eye, -eye, eye])  # charge - buy + sell = surplus
    total = sp.hstack([sp.csr_array(np.ones((1, hours))), sp.csr_array((1, 2 * hours))])
    program = LinearProgram(
        cost=np.concatenate([np.zeros(hours), buys, -sells]),
        offset=0.0,
        matrix=sp.csr_array(sp.vstack([balance, total])),
        row_lower=np.append(surplus_mw, charged_mwh),
        row_upper=np.append(surplus_mw, charged_mwh),
        lower=np.zeros(3 * hours),
        upper=np.concatenate([np.full(hours, 4.0), np.full(hours, 4.0), surplus_mw]),
        binary=np.zeros(3 * hours, dtype=bool),
    )
    return program, np.column_stack([hours + np.arange(hours), 2 * hours + np.arange(hours)])
