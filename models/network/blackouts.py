"""Blackouts: spans of time in which a connection to the public grid is out of service."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import model_validator

from parkdispatch.models.calendar.local_time import Moment
from parkdispatch.models.declaration import Declaration, declared


class Blackout(Declaration):
    """A span of local time without import and export."""

    begin: Moment = declared("-", "First instant without connection, in local time")
    end: Moment = declared("-", "End of the span, in local time, not included")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.begin:
            raise ValueError(f"end = {self.end}: must be after `begin`, {self.begin}")
        return self


def blacked_out(times: pd.DatetimeIndex, hours: float, blackouts: Sequence[Blackout]) -> NDArray[np.bool_]:
    """Whether each interval shares time with a blackout, shape (intervals,)."""
    ends = times + pd.Timedelta(hours=hours)
    out = np.zeros(len(times), dtype=bool)
    for blackout in blackouts:
        out |= np.asarray((times < pd.Timestamp(blackout.end)) & (ends > pd.Timestamp(blackout.begin)))
    return out
