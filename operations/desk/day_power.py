"""The power of a day by device: as planned, and as metered so far."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.operations.desk.desk_plan import DeskPlan
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import QUANTITIES, Measured, devices_with
from parkdispatch.operations.ledger.sites import KnownSite

PowerKind = Literal["load", "pv", "wind", "import", "export", "battery"]
POWER_KINDS: tuple[PowerKind, ...] = ("import", "load", "pv", "wind", "battery", "export")


@dataclass(frozen=True)
class DayPower:
    """A power of a device [MW] by interval, NaN where it is not known; of batteries plus is discharge."""

    kind: PowerKind
    device: str
    planned_mw: Array
    actual_mw: Array

    @property
    def is_empty(self) -> bool:
        """Whether nothing is known of it."""
        return bool(np.isnan(self.planned_mw).all() and np.isnan(self.actual_mw).all())


def day_powers(
    connection: sa.Connection,
    of_site: KnownSite,
    case: Case,
    plan: DeskPlan | None,
    times: pd.DatetimeIndex,
) -> tuple[DayPower, ...]:
    """The powers of a day of which a plan or a meter says anything."""
    powers = []
    for kind in POWER_KINDS:
        for device in devices_with(case, kind):
            held = measured_values(connection, of_site.number, Measured(kind, device), times[0], times[-1])
            actual_mw = held["value"].reindex(times).to_numpy(dtype=np.float64)
            power = DayPower(kind, device, _planned_mw(plan, kind, device, times), actual_mw)
            powers += [] if power.is_empty else [power]
    return tuple(powers)


def _planned_mw(plan: DeskPlan | None, kind: PowerKind, device: str, times: pd.DatetimeIndex) -> Array:
    if plan is None:
        return np.full(len(times), np.nan)
    if kind == "battery":
        return plan.set_point_mw(device, times)
    return plan.of(device, QUANTITIES[kind].key, times)


def kind_total_mw(
    powers: tuple[DayPower, ...], kind: PowerKind, which: Literal["planned_mw", "actual_mw"]
) -> Array | None:
    """The sum of a kind's devices; None where there is none, NaN where one of them is not known."""
    arrays = [getattr(power, which) for power in powers if power.kind == kind]
    return np.sum(arrays, axis=0) if arrays else None
