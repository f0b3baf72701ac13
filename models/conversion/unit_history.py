"""What a unit that is switched on and off was doing before the horizon, and what it is left doing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import Power

ROUNDING = 1e-9  # of an interval


@dataclass(frozen=True)
class UnitHistory:
    """Whether a unit runs, for how long it has or has not [h], and its power [MW]."""

    on: bool
    hours: float
    power_mw: float

    def before(self, hours: float, longest_h: float) -> list[float]:
        """Whether it ran in each interval before the horizon, the latest last, as `Interval.committed` asks.

        What is longer ago than `longest_h` has no effect; hours are cut to whole intervals, but at least one.
        """
        if self.hours >= longest_h:
            return [float(self.on)]
        return [float(not self.on)] + [float(self.on)] * max(1, math.floor(self.hours / hours + ROUNDING))

    def after(self, on: Any, hours: float, power_mw: float) -> "UnitHistory":
        """The same after intervals of `hours` in which it was on or not, shape (intervals,)."""
        changes = np.flatnonzero(np.diff(on.astype(int), prepend=int(self.on)))
        lasted_h = (len(on) - changes[-1]) * hours if changes.size else self.hours + len(on) * hours
        return UnitHistory(bool(on[-1]), float(lasted_h), power_mw)

    def numbers(self, name: str, longest_h: float) -> dict[str, float]:
        """The same as numbers by name, with no more hours than have an effect."""
        hours = min(self.hours, max(longest_h, 1.0))
        return {f"{name}_on": float(self.on), f"{name}_h": hours, f"{name}_mw": self.power_mw}


class UnitState(Declaration):
    """A unit before the first interval."""

    on: bool = declared("-", "Whether it runs")
    hours: Annotated[float, Field(gt=0, le=8784)] | None = declared(
        "h", "For how long it has run or stood still, in whole intervals; left out: for long", default=None
    )
    power_mw: Power | None = declared(
        "MW", "Its power, from which ramps begin; left out: its least power if it runs", default=None
    )

    def problems(self, field: str, least_mw: float, most_mw: float) -> list[str]:
        """What is wrong with the power."""
        lower, upper = (least_mw, most_mw) if self.on else (0.0, 0.0)
        if self.power_mw is None or lower <= self.power_mw <= upper:
            return []
        unit = "runs" if self.on else "stands still"
        return [
            f"{field}.power_mw = {self.power_mw:.15g}: must be in [{lower:.15g}, {upper:.15g}],"
            f" because it {unit}"
        ]

    def completed(self, least_mw: float) -> UnitHistory:
        """The state with what is left out."""
        power_mw = (least_mw if self.on else 0.0) if self.power_mw is None else self.power_mw
        return UnitHistory(self.on, math.inf if self.hours is None else self.hours, power_mw)

    @classmethod
    def of_numbers(cls, numbers: Mapping[str, float], name: str) -> "UnitState":
        """The state that `UnitHistory.numbers` told."""
        on, hours, power_mw = (numbers[f"{name}_{key}"] for key in ("on", "h", "mw"))
        return cls(on=on > 0.5, hours=hours, power_mw=power_mw)


def too_short_h(
    on: Any, histories: Sequence[UnitHistory], hours: float, min_up_h: float, min_down_h: float
) -> tuple[float, float]:
    """Hours by which a run, and a stand, of any unit that ends within the horizon is too short.

    `on` has shape (units, intervals); what a unit begins the horizon with counts from its history.
    """
    least_h, lacking_h = {True: min_up_h, False: min_down_h}, {True: 0.0, False: 0.0}
    for unit_on, history in zip(on.tolist(), histories, strict=True):
        running = history.on
        lasted_h = math.inf
        if history.hours < max(min_up_h, min_down_h):
            lasted_h = hours * max(1, math.floor(history.hours / hours + ROUNDING))
        for is_on in unit_on:
            if is_on != running:
                lacking_h[running] = max(lacking_h[running], least_h[running] - lasted_h)
                running, lasted_h = is_on, 0.0
            lasted_h += hours
    return lacking_h[True], lacking_h[False]
