"""Type aliases of the arrays the optimizer works with; `models.device.Array` is the one of floats."""

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]  # positions or counts
SparseIndex = NDArray[np.int32]  # positions as SciPy and HiGHS store them in a sparse matrix
Mask = NDArray[np.bool_]
