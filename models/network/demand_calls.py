"""Calls for demand response: for some time, import below a baseline is paid for.

    payment = price x (baseline - import), summed over the call

A call that is answered is paid, or pays, for every MWh below or above the baseline. Whether to answer it is
decided outside of the interval: by the better of both optima.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator

from parkdispatch.models.calendar.local_time import Moment
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import Power
from parkdispatch.models.units import KW_PER_MW

RESPONSE = "response"  # the cost: negative where it is paid for
MAX_PRICE_YUAN_PER_KWH = 100.0  # a higher price is most likely in yuan/MWh

ResponsePrice = Annotated[float, Field(gt=0, le=MAX_PRICE_YUAN_PER_KWH)]


class DemandCall(Declaration):
    """A call to which the connection responds."""

    begin: Moment = declared("-", "First moment, local time")
    end: Moment = declared("-", "Last moment, excluded")
    price_yuan_per_kwh: ResponsePrice = declared("yuan/kWh", "Price of the response")
    baseline_mw: Power = declared("MW", "Import from which the response is counted")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end <= self.begin:
            raise ValueError(f"end = {self.end}: must be after `begin`, {self.begin}")
        return self


def within(times: pd.DatetimeIndex, hours: float, begin: datetime, end: datetime) -> NDArray[np.bool_]:
    """The intervals that lie wholly within a span, (intervals,)."""
    ends = times + pd.Timedelta(hours=hours)
    return np.asarray((times >= pd.Timestamp(begin)) & (ends <= pd.Timestamp(end)))


def call_series(
    calls: Sequence[DemandCall], times: pd.DatetimeIndex, hours: float
) -> dict[str, NDArray[np.float64]]:
    """Price of the response [yuan/MWh], and price times baseline [yuan/h], each of shape (intervals,)."""
    price, at_baseline = np.zeros(len(times)), np.zeros(len(times))
    for call in calls:
        called = within(times, hours, call.begin, call.end)
        price += called * call.price_yuan_per_kwh * KW_PER_MW
        at_baseline += called * call.price_yuan_per_kwh * KW_PER_MW * call.baseline_mw
    return {"response_price_yuan_per_mwh": price, "response_at_zero_yuan_per_h": at_baseline}
