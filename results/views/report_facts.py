"""What report and workbooks show of a run besides its solution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from parkdispatch.inputs.value_sources import SourcedValue
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.bill_table import BillSteps
from parkdispatch.results.billing.demand_election import Elections
from parkdispatch.results.chosen_sizes import ChosenSize
from parkdispatch.results.network.ac_check import AcCheck
from parkdispatch.results.savings.daily_saving import DayCost, DaySaving
from parkdispatch.results.savings.replay_comparison import Replayed
from parkdispatch.results.schedule.activity_schedule import ActivityBlock
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.schedule.schedule import ScheduleBlock
from parkdispatch.results.solution import QuantityName
from parkdispatch.results.summary import StorageComparison


@dataclass(frozen=True)
class ReportFacts:
    """What report and workbooks show of a run besides its solution; costs in yuan are positive."""

    title: str
    kind: Literal["day", "year", "replay"]
    cost_yuan: float
    without_storage: (
        StorageComparison | None
    )  # None: there is no storage, or the park is infeasible without it
    full_cycles: Mapping[str, float]  # by device
    peak_mw: Mapping[str, float]  # by month, "2026-03"
    energy_mwh: Mapping[QuantityName, float]  # by quantity, "pv.output_mwh"
    blocks: Sequence[ScheduleBlock] = ()  # empty for a year
    activity_blocks: Sequence[ActivityBlock] = ()  # the same
    timings_s: Mapping[str, float] = field(default_factory=dict)
    model: Mapping[str, int] = field(default_factory=dict)  # columns, rows, ...
    versions: Mapping[str, str] = field(default_factory=dict)
    certificate: Mapping[str, float] = field(
        default_factory=dict
    )  # residual by check of the optimality certificate
    assumptions: Sequence[SourcedValue] = ()  # the inputs of the run whose source is known
    replayed: Replayed | None = None  # of a year of daily plans
    unseen_yuan: Mapping[QuantityName, float] = field(
        default_factory=dict
    )  # billed, but not part of the objective; by "grid.charge"
    open_discount_yuan: float = 0.0  # demand discount of partial months, if they reach full use
    bills: Mapping[str, Bill] = field(default_factory=dict)  # by connection
    steps: BillSteps | None = None  # from the cost without storage to that with it; None without a comparison
    days: Sequence[DaySaving] = ()  # saving of each day, in lines that may be added
    day_costs: Sequence[DayCost] = ()  # cost of each day, in the same lines
    elections: Mapping[str, Elections] = field(default_factory=dict)  # by connection
    has_network: bool = False  # electric buses are joined, so that an AC power flow can be computed
    notes: Sequence[PlanNote] = ()  # on the orders that a plan obeys
    ac_check: AcCheck | None = None  # None: not made
    sizes: Sequence[ChosenSize] = ()  # that were left to the optimizer
