"""Set points as a file that an EMS fetches: whole under its name, or as it was before."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from parkdispatch.models.errors import InputError
from parkdispatch.operations.setpoints.plan_in_force import IntervalSetPoints
from parkdispatch.results.io.files import replacing

COLUMNS = ("begin", "end", "device", "power_mw", "energy_mwh", "version")


def drop_set_points(folder: Path, site: str, intervals: Sequence[IntervalSetPoints]) -> Path:
    """Write a day's set points as `setpoints-SITE-DAY.csv`, by renaming a complete file. Returns its path.

    Raises InputError where the folder cannot be written.
    """
    rows = [
        (
            item.begin.isoformat(timespec="minutes"),
            item.end.isoformat(timespec="minutes"),
            name,
            f"{point.power_mw:.6f}",
            "" if point.energy_mwh is None else f"{point.energy_mwh:.6f}",
            item.version,
        )
        for item in intervals
        for name, point in item.devices.items()
    ]
    path = folder / f"setpoints-{site}-{intervals[0].begin:%Y-%m-%d}.csv"
    try:
        with replacing(path) as temporary:
            pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(temporary, index=False, lineterminator="\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    return path
