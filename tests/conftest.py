"""The benchmarks are not installed with the package; they are found beside it, after everything installed."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
