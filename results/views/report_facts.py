"""What report and workbooks say beyond the solution itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.bill_table import BillSteps
from parkdispatch.results.billing.demand_election import Elections
from parkdispatch.results.replay_comparison import Replayed
from parkdispatch.results.schedule import ScheduleBlock
from parkdispatch.results.summary import StorageComparison


@dataclass(frozen=True)
class ReportFacts:
    """What report and workbook say beyond the solution itself; money in yuan, plus is paid."""

    title: str
    kind: Literal["day", "year", "replay"]
    cost_yuan: float
    without_storage: StorageComparison | None  # none: there is no storage, or the park cannot run without it
    full_cycles: Mapping[str, float]  # by device
    peak_mw: Mapping[str, float]  # by month, "2026-03"
    energy_mwh: Mapping[str, float]  # by quantity, "pv.output_mwh"
    blocks: Sequence[ScheduleBlock] = ()  # none for a year
    timings_s: Mapping[str, float] = field(default_factory=dict)
    model: Mapping[str, int] = field(default_factory=dict)  # columns, rows, ...
    versions: Mapping[str, str] = field(default_factory=dict)
    certificate: Mapping[str, float] = field(default_factory=dict)  # what was checked, and what was found
    assumptions: Sequence[str] = ()
    replayed: Replayed | None = None  # of a year of day-ahead plans
    unseen_yuan: Mapping[str, float] = field(default_factory=dict)  # billed, not seen by the optimizer
    open_discount_yuan: float = 0.0  # of demand, should months seen in part turn out fully used
    bills: Mapping[str, Bill] = field(default_factory=dict)  # by connection
    steps: BillSteps | None = None  # from the cost without storage to that with it; none without a comparison
    elections: Mapping[str, Elections] = field(default_factory=dict)  # by connection
