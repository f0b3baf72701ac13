"""The site that a page is about: its case, its ledger, and the time there."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.operations.ledger.ledger_store import Ledger


@dataclass(frozen=True)
class DeskSite:
    """A park, its ledger, and an instant with a time zone: now."""

    ledger: Ledger
    case: Case
    instant: datetime

    @property
    def now(self) -> pd.Timestamp:
        """Now as the clock at the site shows standard time."""
        local = self.instant.astimezone(ZoneInfo(self.case.site.timezone))
        return pd.Timestamp(local.replace(tzinfo=None) - (local.dst() or timedelta(0)))

    @property
    def today(self) -> date:
        """The day at the site."""
        return self.now.date()

    @property
    def step(self) -> pd.Timedelta:
        """The length of an interval."""
        return pd.Timedelta(minutes=self.case.calendar.minutes)

    @property
    def interval(self) -> pd.Timestamp:
        """The beginning of the interval that it is now."""
        return self.now.floor(f"{self.case.calendar.minutes}min")

    def local(self, utc: datetime) -> pd.Timestamp:
        """A moment of the ledger, which is in UTC, as the clock at the site shows it."""
        local = pd.Timestamp(utc, tz="UTC").tz_convert(ZoneInfo(self.case.site.timezone))
        return pd.Timestamp(local.tz_localize(None))
