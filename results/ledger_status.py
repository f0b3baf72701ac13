"""What a ledger holds, as its status is shown: sites, what was measured, plans, outages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class ChannelStatus:
    """A quantity of a device: from the first to the last interval."""

    device: str
    quantity: str
    first: datetime
    last: datetime
    intervals: int
    missing: int  # between the first and the last; 0 for readings of single instants
    corrected: int  # intervals that had another value before
    not_measured: int  # intervals that are estimated or substituted


@dataclass(frozen=True)
class PlannedDayStatus:
    """The versions of a day's plan, and which was sent last and by whom; 0: none."""

    day: date
    versions: int
    sent: int = 0
    sent_by: str = ""


@dataclass(frozen=True)
class OutageStatus:
    """An outage that is in force."""

    number: int
    device: str
    begin: datetime
    end: datetime
    power_share: float


@dataclass(frozen=True)
class SiteStatus:
    """What is known of a site; `plans` are the last days."""

    name: str
    timezone: str
    minutes: int
    tariffs: Sequence[str]
    channels: Sequence[ChannelStatus]
    plans: Sequence[PlannedDayStatus]
    outages: Sequence[OutageStatus]


@dataclass(frozen=True)
class LedgerStatus:
    """What a ledger holds."""

    address: str
    revision: str
    sites: Sequence[SiteStatus]
