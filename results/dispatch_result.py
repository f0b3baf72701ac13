"""The result of a dispatch as its output files show it: solution, case, summary, proof, timings, replay."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.value_sources import DISPATCH, case_sources
from parkdispatch.results.billing.bill_table import BillSteps, bill_steps
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.network.ac_check import AcCheck
from parkdispatch.results.network.electric_network import has_network
from parkdispatch.results.savings.replay_comparison import Replayed
from parkdispatch.results.schedule.activity_schedule import activity_blocks
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.schedule.schedule import BlockKey, schedule_blocks, with_gains
from parkdispatch.results.solution import cost_yuan
from parkdispatch.results.summary import StorageComparison, Summary, full_cycles
from parkdispatch.results.views.report_facts import ReportFacts

RunKind = Literal["day", "year", "replay"]


@dataclass(frozen=True)
class DispatchResult:
    """A solved and audited dispatch, free of the optimizer's types."""

    kind: RunKind
    case: Case
    solution: xr.Dataset
    summary: Summary
    certificate: Mapping[str, float]  # largest violation of each condition of optimality that was checked
    model: Mapping[str, int]  # size of the model: columns, rows, ...
    timings_s: Mapping[str, float]
    replayed: Replayed | None = None  # only of a year of day-ahead plans
    ac_check: AcCheck | None = None  # of the network; None: not made
    notes: Sequence[PlanNote] = ()  # on the orders that a plan obeys
    gains_yuan: Mapping[BlockKey, float] = field(default_factory=dict)  # of blocks; empty: not asked for
    created_s: float = field(default_factory=time.perf_counter)  # reading of that clock when writing begins

    @cached_property
    def facts(self) -> ReportFacts:
        """Everything that report and workbooks show beside the solution itself."""
        summary, comparison = self.summary, self._comparison
        return ReportFacts(
            title=self.case.titled("en"),
            kind=self.kind,
            cost_yuan=summary.cost_yuan,
            without_storage=comparison,
            full_cycles=full_cycles(summary),
            peak_mw=summary.peak_mw,
            energy_mwh=summary.energy_mwh,
            blocks=with_gains(schedule_blocks(self.solution, self.case), self.gains_yuan)
            if self.kind == "day"
            else (),
            activity_blocks=activity_blocks(self.solution, self.case) if self.kind == "day" else (),
            timings_s=self.timings_s,
            model=self.model,
            versions=versions(),
            certificate=self.certificate,
            assumptions=case_sources(self.case, DISPATCH),
            replayed=self.replayed,
            unseen_yuan=summary.unseen_yuan,
            open_discount_yuan=sum(bill.open_discount_yuan for bill in summary.bills.values()),
            bills=summary.bills,
            steps=self._steps(comparison),
            elections=summary.elections,
            days=summary.days,
            day_costs=summary.day_costs,
            ac_check=self.ac_check,
            notes=self.notes,
            sizes=summary.sizes,
            has_network=has_network(self.case),
        )

    @property
    def _comparison(self) -> StorageComparison | None:
        """The comparison with the base case; None for a case that has no storage."""
        return self.summary.without_storage if self.case.storage else None

    def _steps(self, comparison: StorageComparison | None) -> BillSteps | None:
        """The saving of the storage by line of the bill; None without a comparison."""
        if comparison is None:
            return None
        costs_yuan = cost_yuan(self.solution)
        return bill_steps(self.summary.bills, comparison.bills, costs_yuan, comparison.saving_by_cost_yuan)
