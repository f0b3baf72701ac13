"""The worth of choices of the increment: years dispatched with it, compared with those years without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.finance.lifetime import STREAMS, Lifetime
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.sizing.increment_value import (
    How,
    ResponseIncome,
    Worth,
    extrapolated_operation,
    increment_cash_flow,
    with_scaled_response,
    year_figures,
    zero_operation,
)
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.lifetime.lifetime_dispatch import each_year
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.increment_years import IncrementYears, SizeWarmStarts
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts


def increment_worth(
    case: Case,
    choices: Sequence[Choice],
    context: SolveContext,
    commissioned: int = 0,
    years: Sequence[int] | None = None,
    reference: Mapping[str, Worth] | None = None,
    income: ResponseIncome | None = None,
) -> tuple[Worth, ...]:
    """Worth of each choice, commissioned so many years after the base year.

    The first and the last year of operation and those in `years` are dispatched, the others interpolated
    linearly. Metered demand response is dispatched in each of them, or pays what `income` says. With
    `reference`, the worth of the same choices in a similar case by their keys, only the middle year is
    dispatched and the others are scaled from the reference (`increment_value.stretched`); the revenue of
    demand response is the reference's, in proportion to price, events and state of health.

    Raises InputError with every problem, InfeasibleError or SolverError naming the year.
    """
    cycles = next((worth.standing_cycles for worth in (reference or {}).values()), None)
    existing = ExistingPark.of(case, context, cycles)
    return IncrementDispatch(existing).worth(choices, commissioned, years, reference, income)


class IncrementDispatch:
    """Choices of the increment in one existing park, with warm starts shared between near sizes."""

    def __init__(self, existing: ExistingPark) -> None:
        self._existing, self._warm_starts = existing, SizeWarmStarts()

    def worth(
        self,
        choices: Sequence[Choice],
        commissioned: int = 0,
        years: Sequence[int] | None = None,
        reference: Mapping[str, Worth] | None = None,
        income: ResponseIncome | None = None,
        marginal: bool = False,
    ) -> tuple[Worth, ...]:
        """As `increment_worth`; with `marginal` also the marginal values of power and energy."""
        last = self._existing.finance.operation_years
        if wrong := [year for year in years or () if not 1 <= year <= last]:
            raise InputError([f"year {year}: must be of the operation, 1 to {last}" for year in wrong])
        chosen, middle = self.chosen(years or ()), (last + 1) // 2
        worths = []
        for number, choice in enumerate(choices, 1):
            if len(choices) > 1:
                self._tell(number, choices)
            increment = IncrementYears(
                self._existing, self._warm_starts, choice, commissioned, income, marginal
            )
            if _is_nothing(choice):
                worths.append(_worth_of_nothing(increment, middle if reference is not None else 1))
            elif reference is not None:
                worths.append(_scaled_worth(increment, middle, reference[choice.key]))
            else:
                worths.append(_lifetime_worth(increment, chosen))
        return tuple(worths)

    def attempted(
        self,
        attempts: Attempts,
        part: str,
        choices: Sequence[Choice],
        commissioned: int = 0,
        years: Sequence[int] | None = None,
        income: ResponseIncome | None = None,
        marginal: bool = False,
    ) -> tuple[Worth | None, ...]:
        """As `worth`, with None for each choice that fails; building nothing is no task and cannot fail."""
        worths: list[Worth | None] = []
        for number, choice in enumerate(choices, 1):
            if len(choices) > 1:
                self._tell(number, choices)
            compute = partial(self.worth, [choice], commissioned, years, None, income, marginal)
            if _is_nothing(choice):
                worths += compute()
                continue
            about = {"name": choice.name or choice.key, "name_zh": choice.name_zh, "year": commissioned}
            worths += attempts.run(part, compute, **about) or [None]
        return tuple(worths)

    def _tell(self, number: int, choices: Sequence[Choice]) -> None:
        choice = choices[number - 1]
        self._existing.context.progress(f"choice {number} of {len(choices)}, {choice.name or choice.key}")

    def chosen(self, years: Sequence[int] = ()) -> frozenset[int]:
        """The years of operation to dispatch: `years`, the first, the last, and those at a replacement."""
        finance = self._existing.finance
        # nothing is interpolated across a replacement
        replaced = {year for fixed in finance.fixed_replacement_years for year in (fixed, fixed + 1)}
        return frozenset({1, finance.operation_years, *years} | replaced)


def _is_nothing(choice: Choice) -> bool:
    return choice.power_mw <= 0 or choice.energy_mwh <= 0


@dataclass(frozen=True)
class _LifetimeFigures:
    """The figures of all years of operation of a choice; arrays are (years of operation,)."""

    operation: Operation
    saving_yuan: Array
    state_of_health: Array
    full_cycles: Array
    dispatched: tuple[int, ...]
    gap: float
    response_revenue_yuan: Array
    response_cost_yuan: Array
    response: How
    lifetime: Lifetime | None = None


def _worth_of_nothing(increment: IncrementYears, year: int) -> Worth:
    """Worth of building nothing: no operation; the figures of one year without the increment."""
    existing, without = increment.existing, increment.without(year)
    last = existing.finance.operation_years
    zeros = np.zeros(last)
    increment.figures[year] = year_figures(
        existing.sizing, without.solution, without.case, without.solution, without.case
    )
    figures = _LifetimeFigures(
        operation=zero_operation(last),
        saving_yuan=zeros,
        state_of_health=np.ones(last),
        full_cycles=zeros,
        dispatched=(year,),
        gap=float(without.solution.attrs["gap"]),
        response_revenue_yuan=zeros,
        response_cost_yuan=zeros,
        response="none",
    )
    return _worth(increment, figures)


def _lifetime_worth(increment: IncrementYears, chosen: frozenset[int]) -> Worth:
    """Worth of a choice with the chosen years dispatched and the others interpolated linearly."""
    existing, name = increment.existing, increment.existing.sizing.device
    new_cells = increment.battery.state_of_health
    years = each_year(
        existing.finance.operation_years,
        chosen,
        increment.health(1, new_cells),
        increment.dispatch,
        increment.next_health,
        existing.finance.fixed_replacement_years,
    )
    first = increment.sized(existing.prepared_year(increment.commissioned), new_cells)
    lifetime = Lifetime(first.case, years, (name,))
    health = np.array([year.state_of_health[name] for year in years])
    revenue, cost = np.zeros_like(health), np.zeros_like(health)
    how: How = "none"
    if increment.has_metered_response:
        known = sorted(increment.responses)
        revenue, cost = (
            np.interp(np.arange(len(years)) + 1, known, part)
            for part in zip(*(increment.responses[year] for year in known), strict=True)
        )
        how = "answered" if increment.income is None else "interpolated"
    figures = _LifetimeFigures(
        operation=lifetime.operation(),
        saving_yuan=np.array([year.bill_without_yuan - year.bill_yuan for year in years]),
        state_of_health=health,
        full_cycles=np.array([year.full_cycles[name] for year in years]),
        dispatched=tuple(year.year for year in years if year.dispatched),
        gap=lifetime.largest_gap,
        response_revenue_yuan=revenue,
        response_cost_yuan=cost,
        response=how,
        lifetime=lifetime,
    )
    return _worth(increment, figures)


def _scaled_worth(increment: IncrementYears, middle: int, reference: Worth) -> Worth:
    """Worth of a choice with the middle year dispatched and the others scaled from a reference."""
    health, cycles, renewed_shares = increment.cells_scaled_from(reference)
    health_ratio = health / reference.state_of_health
    year = increment.dispatch(middle, increment.health(middle, float(health[middle - 1])), answer=False)
    streams = {**year.saved_yuan, **year.contract_yuan}
    operation = extrapolated_operation(reference.operation, year, streams, health_ratio)
    saving = sum(operation.revenue_yuan[name] for name in STREAMS) - operation.auxiliary_yuan
    operation, (revenue, cost) = with_scaled_response(
        replace(operation, replaced_shares=renewed_shares),
        reference,
        increment.existing.contracts,
        health_ratio,
    )
    figures = _LifetimeFigures(
        operation=operation,
        saving_yuan=saving,
        state_of_health=health,
        full_cycles=cycles,
        dispatched=(middle,),
        gap=year.gap,
        response_revenue_yuan=revenue,
        response_cost_yuan=cost,
        response="scaled" if increment.has_metered_response else "none",
    )
    return _worth(increment, figures)


def _worth(increment: IncrementYears, figures: _LifetimeFigures) -> Worth:
    """The worth of a choice, with its cash flow at the price of the commissioning year."""
    existing, choice = increment.existing, increment.choice
    price_ratio = (1.0 + existing.sizing.paths.battery_price) ** increment.commissioned
    investment_yuan = price_ratio * choice.investment_yuan
    built = figures.operation.power_mw > 0
    return Worth(
        choice=choice,
        commissioned=increment.commissioned,
        operation=figures.operation,
        cash=increment_cash_flow(existing.finance, investment_yuan, figures.operation) if built else None,
        saving_yuan=figures.saving_yuan,
        state_of_health=figures.state_of_health,
        full_cycles=figures.full_cycles,
        dispatched=figures.dispatched,
        gap=figures.gap,
        response_revenue_yuan=figures.response_revenue_yuan,
        response_cost_yuan=figures.response_cost_yuan,
        response=figures.response,
        standing_cycles=existing.cycles,
        lifetime=figures.lifetime,
        **increment.figures[figures.dispatched[0]],
    )
