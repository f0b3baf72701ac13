"""Limits of a battery that change with time or with its state of charge: outages, recovery, taper.

Outages take away power for some hours. A battery that begins outside of its window of energy stays where it
is, or nearer, until it has had time to return. Near full and empty the cells take and give less power: the
taper is a concave function of the state of charge before the interval, so that it needs no binaries.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.calendar.local_time import Moment
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.device import Array, Fraction
from parkdispatch.models.vocabulary import Interval

ENDS = (0.0, 1.0)  # of a taper's states of charge
STEEPNESS_TOLERANCE = 1e-12

TaperPoint = tuple[Fraction, Fraction]  # state of charge, share of rated power
Taper = Annotated[tuple[TaperPoint, ...], Field(max_length=20)]


class Outage(Declaration):
    """Hours in which only a part of the power is there."""

    begin: Moment = declared("-", "First moment, local time")
    end: Moment = declared("-", "Last moment, excluded")
    power_share: Fraction = declared("-", "Share of the power that remains", default=0.0)

    @field_validator("end")
    @classmethod
    def _ordered(cls, end: datetime, info: ValidationInfo) -> datetime:
        begin = info.data.get("begin")
        if begin is not None and end <= begin:
            raise ValueError(f"must lie after `begin`, {begin:%Y-%m-%d %H:%M}")
        return end


def remaining_share(outages: Sequence[Outage], times: pd.DatetimeIndex, hours: float) -> Array:
    """Share of the power that outages leave in each interval [-], shape (intervals,).

    An outage counts in every interval it touches; of several at once the hardest counts.
    """
    share, ends = np.ones(len(times)), times + pd.Timedelta(hours=hours)
    for outage in outages:
        is_touched = (times < pd.Timestamp(outage.end)) & (ends > pd.Timestamp(outage.begin))
        share = np.where(is_touched, np.minimum(share, outage.power_share), share)
    return share


def window_mwh(
    before_mwh: float, window: tuple[float, float], recovered: Any, decay: Any
) -> tuple[Array, Array]:
    """Least and largest energy at the end of each interval [MWh], shape (intervals,).

    `window` holds where `recovered` is true; before, also what is no farther outside of it than `before_mwh`,
    of which self-discharge leaves the share `decay`.
    """
    least, most = window
    still = before_mwh * decay
    return (
        np.where(recovered, least, np.minimum(least, still)),
        np.where(recovered, most, np.maximum(most, before_mwh)),
    )


def taper_problem(points: Sequence[TaperPoint]) -> str | None:
    """What is wrong with a taper: it must go from 0 to 1, be concave and have no jump."""
    if not points:
        return None
    soc, share = np.array(points).T
    if len(points) < len(ENDS) or (soc[0], soc[-1]) != ENDS or not (np.diff(soc) > 0).all():
        return "must go from a state of charge of 0 to one of 1 in ascending order"
    if (np.diff(np.diff(share) / np.diff(soc)) > STEEPNESS_TOLERANCE).any():
        return "must be concave: the share may not fall first and then stay or rise"
    return None


def taper_lines(points: Sequence[TaperPoint]) -> Iterator[tuple[float, float]]:
    """Each segment of a taper as (share at an empty battery, slope by state of charge)."""
    soc, share = np.array(points).T
    slope = np.diff(share) / np.diff(soc)
    yield from zip((share[:-1] - slope * soc[:-1]).tolist(), slope.tolist(), strict=True)


def zero_or_at_least_minimum(block: Any, interval: Interval, name: str, least_mw: float) -> None:
    """Make charge (or discharge) semi-continuous: zero, or at least its minimum.

    The slack `idle_<name>_mw` is what the power lacks of the minimum: power + idle >= minimum, and at most
    one of the two exceeds zero.
    """
    power_mw = block.component(f"{name}_mw")
    idle_mw = pyo.Var(bounds=(0, least_mw))
    block.add_component(f"idle_{name}_mw", idle_mw)
    block.add_component(f"{name}_minimum", pyo.Constraint(expr=power_mw + idle_mw >= least_mw))
    interval.either_or(power_mw, idle_mw)
