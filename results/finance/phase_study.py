"""Phases of a storage: the cash flow of each as a project of its own, and of all of them together.

Money is in yuan. Year 0 of the whole is the first year of construction of the first phase; a phase that is
commissioned c years after it begins its construction in year c.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.finance.phases import BuildPhase
from parkdispatch.results.finance.cash_flow import (
    CashFlow,
    FlowReturns,
    covered_debt_service,
    levelised_cost,
    payback_lines_of,
    time_lines,
)
from parkdispatch.results.finance.cash_flow_line import FLOWS
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.operation import Operation

# lines of which a sum over phases means nothing
NOT_ADDED = ("spending_share", "replacement_share", "holiday")


@dataclass(frozen=True)
class PhaseStudy:
    """A phase: its years of operation, counted from its own first, and its cash flow."""

    phase: BuildPhase
    lifetime: Lifetime  # the batteries of this phase, beside those of the earlier ones
    cash: CashFlow

    @property
    def last_year(self) -> int:
        """The last year in which it operates, of the years of the whole counted from 1."""
        return self.phase.commissioned + len(self.lifetime.years)

    @property
    def npv_yuan(self) -> float:
        """NPV of the project after tax, discounted to the start of the whole."""
        rate = self.cash.finance.discount_rate
        return self.cash.returns["project_after_tax"].npv_yuan / (1.0 + rate) ** self.phase.commissioned


def shifted_sum(parts: Sequence[tuple[int, Array]], years: int) -> Array:
    """The sum of arrays that begin so many years after the first, (years,)."""
    total = np.zeros(years)
    for begin, array in parts:
        total[begin : begin + len(array)] += array
    return total


def cash_flow_of_phases(phases: Sequence[PhaseStudy]) -> CashFlow:
    """The cash flow of all phases together: each line is the sum of the phases', year by year.

    What is no sum, such as a payback or an IRR, is computed from the summed flows. Taxes are those of the
    phases: a loss of one is not set off against the profit of another.
    """
    first, last = phases[0].cash.finance, max(phase.last_year for phase in phases)
    investment_yuan = sum(phase.cash.finance.investment_yuan for phase in phases)
    finance = first.model_copy(update={"investment_yuan": investment_yuan, "operation_years": last})
    count = first.construction_years + last

    def added(key: str) -> Array:
        return shifted_sum([(p.phase.commissioned, p.cash.values[key]) for p in phases], count)

    appraised = tuple(key for flow in FLOWS for key in phases[0].cash.values if key.endswith(f"_{flow}"))
    times = time_lines(finance)
    values = {
        key: np.full(count, np.nan) if key in NOT_ADDED else added(key)
        for key in phases[0].cash.values
        if key not in times and key not in appraised and key != "dscr"
    }
    values |= times
    due = values["interest"] + values["principal"] > 0
    cover = covered_debt_service(values, due & (values["operation"] >= 1))
    values["dscr"] = cover.by_year
    values |= payback_lines_of(values)
    return CashFlow(
        finance=finance,
        operation=_operation(phases, last),
        values=values,
        returns=FlowReturns(finance, values),
        lcos_yuan_per_kwh=levelised_cost(values),
        cover=cover,
    )


def _operation(phases: Sequence[PhaseStudy], years: int) -> Operation:
    """Revenue and energy of all phases by year of the whole."""
    operations = [(phase.phase.commissioned, phase.cash.operation) for phase in phases]

    def added(name: str, key: str = "") -> Array:
        arrays = [(begin, getattr(operation, name)) for begin, operation in operations]
        return shifted_sum([(begin, array[key] if key else array) for begin, array in arrays], years)

    streams = operations[0][1].revenue_yuan
    return replace(
        operations[0][1],
        revenue_yuan={stream: added("revenue_yuan", stream) for stream in streams},
        discharged_mwh=added("discharged_mwh"),
        auxiliary_yuan=added("auxiliary_yuan"),
        power_mw=sum(operation.power_mw for _, operation in operations),
        replaced_shares=None,
    )
