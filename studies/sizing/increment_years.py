"""One choice of the increment, commissioned in one year: its years of operation dispatched, its cells aged.

Operation year y of an increment commissioned c years after the base year is the calendar year c + y - 1 after
it; `existing_park` says what the park is like then. The increment's cells begin new and fade by their own
cycles. Cells that would be worn out before the last year keep `MIN_HEALTH` of their energy: they earn next to
nothing, but their auxiliary energy and their price are paid.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.solve import Optimum, WarmStart
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.lifetime import OperationYear, dispatched_year
from parkdispatch.results.sizing.increment_value import (
    ResponseIncome,
    Worth,
    metered_response,
    scaled_contracts,
    year_figures,
)
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.lifetime.lifetime_dispatch import Health, NextHealth
from parkdispatch.studies.sizing.existing_park import (
    MIN_HEALTH,
    ExistingPark,
    YearWithoutIncrement,
    demand_response_yuan,
)
from parkdispatch.studies.sizing.marginal_value import marginal_values
from parkdispatch.studies.solve_case import audited_solution, solve_prepared

REMEMBERED = 8  # optima of a calendar year that later solves may start from


class SizeWarmStarts:
    """Warm starts of recently solved sizes, by calendar year; the one of the nearest size is used."""

    def __init__(self) -> None:
        self._by_offset: dict[int, list[tuple[float, float, WarmStart]]] = {}  # power, energy, warm start

    def nearest(self, offset: int, power_mw: float, energy_mwh: float) -> WarmStart | None:
        """The warm start of the size nearest in relative power and energy; None where there is none."""

        def distance(known: tuple[float, float, WarmStart]) -> float:
            return max(abs(known[0] / power_mw - 1.0), abs(known[1] / energy_mwh - 1.0))

        nearest = min(self._by_offset.get(offset, []), key=distance, default=None)
        return None if nearest is None else nearest[2]

    def remember(self, offset: int, power_mw: float, energy_mwh: float, warm_start: WarmStart | None) -> None:
        """Keep the warm start of a solved size, and drop the oldest beyond `REMEMBERED`."""
        if warm_start is not None:
            known = self._by_offset.setdefault(offset, [])
            known.append((power_mw, energy_mwh, warm_start))
            del known[:-REMEMBERED]


@dataclass(frozen=True)
class _DispatchedYear:
    """A dispatched year of operation of a choice."""

    operation_year: OperationYear
    figures: Mapping[str, float]  # as `Worth` holds them for its first year
    response: tuple[float, float] | None = None  # added revenue and cost of demand response [yuan]


class IncrementYears:
    """The years of operation of one choice, commissioned so many years after the base year."""

    def __init__(
        self,
        existing: ExistingPark,
        warm_starts: SizeWarmStarts,
        choice: Choice,
        commissioned: int,
        income: ResponseIncome | None,
        marginal: bool,
    ) -> None:
        """With `marginal`, the figures of year 1 include marginal values of power and energy.

        Metered demand response pays what `income` says, or without it what a dispatch of its own earns.
        """
        self.existing, self.choice, self.commissioned = existing, choice, commissioned
        self.battery = existing.increment(choice.power_mw, choice.energy_mwh, commissioned)
        self.income = income
        self.has_metered_response = metered_response(existing.contracts) is not None
        self.figures: dict[int, dict[str, float]] = {}  # by dispatched year of operation
        self.responses: dict[int, tuple[float, float]] = {}  # added revenue and cost [yuan], by the same
        self._warm_starts, self._marginal, self._name = warm_starts, marginal, existing.sizing.device
        self._energy_share = choice.energy_mwh / largest_capacity(existing.device.energy_mwh)

    def without(self, year: int) -> YearWithoutIncrement:
        """The same calendar year without the increment."""
        return self.existing.year(self.commissioned + year - 1)

    def dispatch(self, year: int, health: Health, answer: bool = True) -> OperationYear:
        """Dispatch a year of operation with the increment, and compare it with the same year without.

        With `answer`, the revenue of metered demand response is part of it.
        """
        finished = self.existing.context.finished
        needs_multipliers = self._marginal and year == 1
        try:
            dispatched = finished.recalled(
                _DispatchedYear,
                lambda: self._question(year, health, answer, needs_multipliers),
                lambda: self._dispatch(year, health[self._name], answer, needs_multipliers),
            )
        except (InputError, InfeasibleError, SolverError) as error:
            raise error.about(self._description(year)) from error
        self.figures[year] = dict(dispatched.figures)
        if dispatched.response is not None:
            self.responses[year] = dispatched.response
        return dispatched.operation_year

    def _question(self, year: int, health: Health, answer: bool, multipliers: bool) -> Mapping[str, Any]:
        """What determines a dispatched year."""
        income = self.income if answer else None
        return {
            "park": self.existing.digest,
            "size": [self.choice.power_mw, self.choice.energy_mwh],
            "years": [self.commissioned, year],
            "health": dict(health),
            "response": [
                answer,
                None if income is None else self._income_yuan(income, health[self._name], year),
            ],
            "multipliers": multipliers,
        }

    def _dispatch(self, year: int, health: float, answer: bool, needs_multipliers: bool) -> "_DispatchedYear":
        without = self.without(year)
        with_increment = self.sized(without.prepared, health)
        optimum = self._solve(with_increment, year, needs_multipliers)
        solution, _ = audited_solution(with_increment, optimum)
        operation_year = dispatched_year(
            year, with_increment.case, solution, without.solution, beside=without.case
        )
        figures = year_figures(
            self.existing.sizing, solution, with_increment.case, without.solution, without.case
        )
        if needs_multipliers and optimum.final_relaxation is not None:
            of_mw, of_mwh = marginal_values(with_increment, self._name, optimum)
            figures |= {"value_of_mw_yuan": of_mw, "value_of_mwh_yuan": of_mwh}
        if not self.has_metered_response:
            return _DispatchedYear(operation_year, figures)
        contract_yuan = dict(operation_year.contract_yuan)
        contract_yuan.pop(DEMAND_RESPONSE)
        response = None
        if answer:
            revenue_yuan, cost_yuan = self._added_response(with_increment, optimum, year, health)
            response = (revenue_yuan, cost_yuan)
            contract_yuan = {DEMAND_RESPONSE: revenue_yuan - cost_yuan, **contract_yuan}
        return _DispatchedYear(replace(operation_year, contract_yuan=contract_yuan), figures, response)

    def _description(self, year: int) -> str:
        return f"'{self.choice.name or self.choice.key}', year {year} of operation"

    def sized(self, prepared: Prepared, health: float) -> Prepared:
        """A prepared year of the park with the increment at a state of health."""
        case = prepared.case
        battery = self.battery.model_copy(update={"state_of_health": health})
        sized = replace(
            case.with_devices({**case.devices, self._name: battery}),
            contracts=scaled_contracts(case.contracts, self._energy_share),
        )
        return replace(prepared, case=sized).with_certain_full_use()

    def _solve(self, with_increment: Prepared, year: int, multipliers: bool) -> Optimum:
        """Solve a year, warm-started from the nearest size solved in the same calendar year."""
        offset, size = self.commissioned + year - 1, (self.choice.power_mw, self.choice.energy_mwh)
        warm_start = self._warm_starts.nearest(offset, *size)
        optimum = solve_prepared(with_increment, self.existing.context, warm_start, multipliers=multipliers)
        self._warm_starts.remember(offset, *size, optimum.warm)
        return optimum

    def _added_response(
        self, with_increment: Prepared, optimum: Optimum, year: int, health: float
    ) -> tuple[float, float]:
        """What the increment adds to the revenue of demand response, and to its cost [yuan]."""
        if self.income is not None:
            return self._income_yuan(self.income, health, year), 0.0
        revenue_with, cost_with = demand_response_yuan(with_increment, optimum, self.existing.context)
        revenue_without, cost_without = self.existing.response(self.commissioned + year - 1)
        return revenue_with - revenue_without, cost_with - cost_without

    def _income_yuan(self, income: ResponseIncome, health: float, year: int) -> float:
        """Income of an operating year at the contract's price of its calendar year [yuan]."""
        changes = self.existing.prepared.case.yearly_changes
        then, known = (
            changes.factors(years).contract_price for years in (self.commissioned + year - 1, year - 1)
        )
        return income.yuan(self.battery, health, year) * then / known

    # --- ageing of the increment's cells and of the existing batteries

    def health(self, year: int, increment_health: float) -> dict[str, float]:
        """State of health of every battery in a year of operation, that of the increment being given."""
        return {self._name: increment_health, **self.existing.health(self.commissioned + year - 1)}

    def next_health(self, year: int, health: Health, cycles: Health) -> NextHealth:
        """State of health of every battery in the year after, by the full cycles of this one."""
        share, due = self._next_cell_health(year, health[self._name], cycles[self._name])
        return NextHealth(self.health(year + 1, share), due)

    def _next_cell_health(self, year: int, health: float, cycles: float) -> tuple[float, float]:
        """Health of the increment's cells a year later, and the share of a replacement's cost due."""
        following = max(MIN_HEALTH, self.battery.health_after(health, cycles))
        if not self.existing.finance.renews(year, following):
            return following, 0.0
        replacement = self.existing.finance.replacement
        return replacement.health_after(following), replacement.share_of_cost(following)

    def cells_scaled_from(self, reference: Worth) -> tuple[Array, Array, Array]:
        """State of health, full cycles and share of a replacement's cost due by year.

        The cycles per state of health are the reference's.
        """
        health_by_year, cycles_by_year, health = [], [], self.battery.state_of_health
        shares_due = []
        for index in range(self.existing.finance.operation_years):
            health_by_year.append(health)
            cycles = float(reference.full_cycles[index] / reference.state_of_health[index]) * health
            cycles_by_year.append(cycles)
            health, due = self._next_cell_health(index + 1, health, cycles)
            shares_due.append(due)
        return np.array(health_by_year), np.array(cycles_by_year), np.array(shares_due)
