"""Where the checkout lies, and the environment of processes that tests start."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEVELOPMENT_DATA = ROOT.parent / "shared" / "data"  # real data beside the checkout; tests skip without it


def environment(**more: str) -> dict[str, str]:
    """The variables of a process that imports the checkout and its tests, whatever is installed."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]), **more}
