"""The storage study: the lifetime dispatch of a case's storage and the project's cash flow."""

from collections.abc import Mapping
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.models.network.declared_connection import DeclaredConnection
from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import EndOfLife, Lifetime
from parkdispatch.results.finance.phase_study import PhaseStudy
from parkdispatch.results.owners.owner_flows import OwnerStudy
from parkdispatch.results.park_indicators import ParkIndicators
from parkdispatch.results.savings.as_operated import AsOperated


@dataclass(frozen=True)
class Study:
    """The operating years of a case's storage, their cash flow, and the run time of each stage."""

    lifetime: Lifetime
    cash: CashFlow
    timings_s: Mapping[str, float]
    owners: OwnerStudy | None = None  # None: the case names none
    phases: tuple[PhaseStudy, ...] = ()  # built in different years; empty: all at once
    as_operated: AsOperated | None = None  # None: all of the dispatched saving is kept

    @property
    def case(self) -> Case:
        """The case under study."""
        return self.lifetime.case

    @property
    def park(self) -> ParkIndicators:
        """Own use, green power, curtailment and CO2 of the park with the storage, over all years."""
        return ParkIndicators.total(ParkIndicators(year.park_amounts) for year in self.lifetime.years)

    @property
    def has_full_use(self) -> bool:
        """Whether a month of full use lowers the demand price of a connection."""
        rules = self.case.tariff.demand_rules
        grids = [device for device in self.case.devices.values() if isinstance(device, DeclaredConnection)]
        return rules is not None and any(grid.pays_for_demand and grid.transformer_kva for grid in grids)

    @property
    def end_of_life(self) -> EndOfLife | None:
        """When cells that are not replaced reach the case's end-of-life health; None: not in these years."""
        if self.phases:
            return None  # each phase has its own
        replacement = self.cash.finance.replacement
        return self.lifetime.end_of_life(replacement.end_of_life_health)

    @property
    def failed(self) -> tuple[FailedTask, ...]:
        """The years that were to be dispatched, failed, and are estimated."""
        years = self.lifetime.years
        return tuple(
            FailedTask("years", "solver", year.error, year=year.year) for year in years if year.error
        )

    @property
    def asked(self) -> Mapping[str, int]:
        """The number of years that were to be dispatched."""
        return {"years": sum(year.dispatched or bool(year.error) for year in self.lifetime.years)}

    @property
    def proven(self) -> bool:
        """Whether every dispatched year is proven optimal."""
        return self.lifetime.largest_gap <= PROVEN_GAP
