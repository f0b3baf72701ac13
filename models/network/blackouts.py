"""Blackouts: spans of time in which a connection to the public grid is out of service."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator, model_validator

from parkdispatch.models.declaration import Declaration, declared


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):  # pydantic would read 2026 as seconds since 1970
        raise ValueError("must be a date and time such as 2026-07-15 18:00:00")  # noqa: TRY004 - pydantic
    return value


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("must be local time, without an offset or Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_local)]


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
