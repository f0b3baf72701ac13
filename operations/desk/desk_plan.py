"""The plan of a day: what was sent of it, or its last version and before that the one that it replaces."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import sqlalchemy as sa

from parkdispatch.models.device import Array
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.plan_versions import (
    PlanVersion,
    Sending,
    plan_versions,
    sendings,
    sent_values,
    version_values,
)
from parkdispatch.operations.ledger.sites import KnownSite


@dataclass(frozen=True)
class DeskPlan:
    """A day's plan: values by interval, columns (device, quantity); its versions; which were sent."""

    day: date
    values: pd.DataFrame
    versions: tuple[PlanVersion, ...]  # the oldest first
    sent: tuple[Sending, ...]
    as_sent: bool = False  # values are those that were sent

    @property
    def last(self) -> PlanVersion:
        """The last version."""
        return self.versions[-1]

    @property
    def shown(self) -> PlanVersion:
        """The version that the values end with."""
        number = self.sent[-1].version if self.as_sent else self.last.version
        return next(item for item in self.versions if item.version == number)

    @property
    def is_sent(self) -> bool:
        """Whether the last version is the one that was sent last."""
        return bool(self.sent) and self.sent[-1].version == self.last.version

    def of(self, device: str, quantity: str, times: pd.DatetimeIndex) -> Array:
        """A quantity of a device by interval; NaN where the plan does not say it."""
        return planned(self.values, device, quantity, times)

    def set_point_mw(self, device: str, times: pd.DatetimeIndex) -> Array:
        """What a battery is to do, plus being discharge; NaN where the plan does not say it."""
        return self.of(device, "discharge_mw", times) - self.of(device, "charge_mw", times)


def planned(values: pd.DataFrame, device: str, quantity: str, times: pd.DatetimeIndex) -> Array:
    """A quantity of a table of values by interval, shape (intervals,); NaN where it is not there."""
    if (device, quantity) not in values.columns:
        return np.full(len(times), np.nan)
    return np.asarray(values[device, quantity].reindex(times).to_numpy(dtype=np.float64))


def plan_of_day(
    connection: sa.Connection, of_site: KnownSite, desk: DeskSite, day: date, *, as_sent: bool = False
) -> DeskPlan | None:
    """The plan of a day; None where there is none. `as_sent`: what is in force, where anything was sent.

    A version that was recorded during the day counts from then on, as what was before it had happened.
    """
    versions = plan_versions(connection, of_site.number, day)
    if not versions:
        return None
    sent = tuple(sendings(connection, of_site.number, day))
    if as_sent and sent:
        in_force = sent_values(connection, of_site.number, day, of_site.timezone)
        return DeskPlan(day, in_force, tuple(versions), sent, as_sent=True)
    values = pd.DataFrame()
    for item in versions:
        said = version_values(connection, of_site.number, day, item.version)
        if values.empty:
            values = said
            continue
        known_from = desk.local(item.at).floor(desk.step)
        values = said[said.index >= known_from].combine_first(values)
    return DeskPlan(day, values, tuple(versions), sent)
