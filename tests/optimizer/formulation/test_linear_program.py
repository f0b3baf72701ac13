"""What a linear program says of itself."""

import numpy as np
import scipy.sparse as sp

from parkdispatch.optimizer.formulation.linear_program import activity_range


def test_the_range_of_rows_by_hand() -> None:
    """2 a - b with a in [0, 3], b in [1, 4]; 0 times what has no bound; what has none; nothing."""
    data, columns = [2.0, -1.0, 0.0, 1.0, 5.0, 1.0], [0, 1, 2, 0, 2, 1]
    matrix = sp.csr_array((data, columns, [0, 2, 4, 6, 6]), shape=(4, 3))
    lower, upper = np.array([0.0, 1.0, -np.inf]), np.array([3.0, 4.0, np.inf])
    least, most = activity_range(matrix, lower, upper)
    assert least.tolist() == [-4.0, 0.0, -np.inf, 0.0]
    assert most.tolist() == [5.0, 3.0, np.inf, 0.0]
