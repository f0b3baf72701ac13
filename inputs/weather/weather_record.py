"""The content of a weather file, whatever its format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pandas as pd


@dataclass(frozen=True)
class WeatherRecord:
    """Content of a weather file: columns by quantity, indexed by starts of intervals, in file order."""

    table: pd.DataFrame
    typical: bool  # a typical year, read by month, day and hour, whatever its year
    utc_offset: timedelta | None  # of the times from UTC; None: local standard time of the site
    lines: Sequence[int]  # line of the file of each row
    problems: tuple[str, ...] = ()  # problems of parsing
    cells: Mapping[str, pd.Series] = field(default_factory=dict)  # cells as written, for messages
    labels: Mapping[str, str] = field(default_factory=dict)  # what the file calls a quantity, if otherwise
