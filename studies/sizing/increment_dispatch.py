"""What choices of the increment are worth: years dispatched with it, beside the same years without it.

Operation year y of an increment commissioned c years after the case's is the calendar year c + y - 1 years
on; `existing_park.py` says how the park is then. The increment's cells begin new and fade as cells
bought that year do, by the cycles they make. Cells that would be worn out before the last year keep
`WORN_OUT` of their energy: they earn next to nothing, but draw their auxiliary energy and are paid for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.capacity import largest
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.solve import Optimum, WarmStart
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.lifetime import STREAMS, Lifetime, OperationYear, year_of
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.sizing.increment_value import (
    How,
    ResponseIncome,
    Worth,
    cash_of,
    contracts_of,
    metered,
    never_operates,
    stretched,
    with_scaled_response,
    year_figures,
)
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.dispatch import Progress, SolveOptions, audited_solution, solve_prepared
from parkdispatch.studies.lifetime.lifetime_dispatch import Health, each_year
from parkdispatch.studies.sizing.existing_park import WORN_OUT, ExistingPark, answered
from parkdispatch.studies.sizing.marginal_value import marginal_values

REMEMBERED = 8  # solves of a calendar year that another may begin at


def increment_worth(
    case: Case,
    choices: Sequence[Choice],
    options: SolveOptions,
    progress: Progress,
    commissioned: int = 0,
    years: Sequence[int] | None = None,
    like: Mapping[str, Worth] | None = None,
    income: ResponseIncome | None = None,
) -> tuple[Worth, ...]:
    """What each choice is worth, commissioned so many years after the case's year.

    `years` of operation are dispatched beside the first and the last, the others lie on a line between.
    Metered calls for demand response are answered in each of them, by dispatches of their own, or paid as
    `income` says. With `like`, the same choices of a like case by their keys, only the middle year is
    dispatched, and the others follow the like choice: see `increment_value.stretched`. Payments for calls
    then are the like choice's, in proportion to price, events and health.

    Raises InputError with all that is wrong, InfeasibleError or SolverError naming the year.
    """
    known = next((one.standing_cycles for one in (like or {}).values()), None)
    standing = ExistingPark.of(case, options, progress, known)
    return Increments(standing).worth(choices, commissioned, years, like, income)


class Increments:
    """Choices of the increment in one park; a solve begins where that of a near size ended."""

    def __init__(self, standing: ExistingPark) -> None:
        self._standing = standing
        self._ended: dict[int, list[tuple[float, float, WarmStart]]] = {}  # by calendar year: power, energy

    def worth(
        self,
        choices: Sequence[Choice],
        commissioned: int = 0,
        years: Sequence[int] | None = None,
        like: Mapping[str, Worth] | None = None,
        income: ResponseIncome | None = None,
        marginal: bool = False,
    ) -> tuple[Worth, ...]:
        """As the function `worth`; with `marginal` also what a MW and a MWh more are worth."""
        last = self._standing.finance.operation_years
        if wrong := [year for year in years or () if not 1 <= year <= last]:
            raise InputError([f"year {year}: must be of the operation, 1 to {last}" for year in wrong])
        chosen = self.chosen(years or ())
        found = []
        for number, choice in enumerate(choices, 1):
            self._standing.progress(f"choice {number} of {len(choices)}, {choice.name or choice.key}")
            one = _Built(self._standing, self._ended, choice, commissioned, income, marginal)
            if choice.power_mw <= 0 or choice.energy_mwh <= 0:
                found.append(one.never((last + 1) // 2 if like is not None else 1))
            elif like is not None:
                found.append(one.scaled((last + 1) // 2, like[choice.key]))
            else:
                found.append(one.lived(chosen))
        return tuple(found)

    def chosen(self, years: Sequence[int] = ()) -> frozenset[int]:
        """Years of operation that are dispatched if these are asked for."""
        finance = self._standing.finance
        new = finance.replacement.year  # nothing is interpolated across a replacement
        return frozenset(
            {1, finance.operation_years, *years} | ({new, new + 1} if finance.replaced else set())
        )


class _Built:
    """One choice, commissioned in one year."""

    def __init__(
        self,
        standing: ExistingPark,
        ended: dict[int, list[tuple[float, float, WarmStart]]],
        choice: Choice,
        commissioned: int,
        income: ResponseIncome | None,
        marginal: bool,
    ) -> None:
        self._standing, self._ended, self._choice = standing, ended, choice
        self._commissioned, self._income, self._marginal = commissioned, income, marginal
        self._finance, self._name = standing.finance, standing.sizing.device
        self.battery = standing.increment(choice.power_mw, choice.energy_mwh, commissioned)
        self._share = choice.energy_mwh / largest(standing.device.energy_mwh)
        self._called = metered(standing.contracts) is not None
        self._figures: dict[int, dict[str, float]] = {}  # by year of operation
        self._response: dict[int, tuple[float, float]] = {}  # paid for calls, and what answering costs

    # --- the three ways to know all years

    def never(self, year: int) -> Worth:
        """Nothing is built; the figures are of that year."""
        there = self._standing.year(self._commissioned + year - 1)
        last = self._finance.operation_years
        nothing = np.zeros(last)
        self._figures[year] = year_figures(
            self._standing.sizing, there.solution, there.case, there.solution, there.case
        )
        gap, cells = float(there.solution.attrs["gap"]), (np.ones(last), nothing)
        operation = never_operates(last)
        return self._worth(operation, nothing, cells, (year,), gap, (nothing, nothing), "none")

    def lived(self, chosen: frozenset[int]) -> Worth:
        """The chosen years dispatched, the others on the line between."""
        new = self._health(1, self.battery.state_of_health)
        years = each_year(self._finance.operation_years, chosen, new, self._dispatched, self._after)
        first = self._sized(self._standing.year(self._commissioned).prepared, self.battery.state_of_health)
        life = Lifetime(first.case, years, (self._name,))
        health = np.array([year.state_of_health[self._name] for year in years])
        cycles = np.array([year.full_cycles[self._name] for year in years])
        saving = np.array([year.bill_without_yuan - year.bill_yuan for year in years])
        paid: tuple[Array, Array] = (np.zeros_like(health), np.zeros_like(health))
        how: How = "none"
        if self._called:
            done = sorted(self._response)
            revenue, cost = (
                np.interp(np.arange(len(years)) + 1, done, part)
                for part in zip(*(self._response[year] for year in done), strict=True)
            )
            paid, how = (revenue, cost), "answered" if self._income is None else "interpolated"
        return self._worth(
            life.operation(),
            saving,
            (health, cycles),
            tuple(sorted(chosen)),
            life.largest_gap,
            paid,
            how,
            life,
        )

    def scaled(self, middle: int, like: Worth) -> Worth:
        """The middle year dispatched, the others as a like choice has them."""
        health, cycles = self._like_cells(like)
        ratio = health / like.state_of_health
        made = self._dispatched(middle, self._health(middle, float(health[middle - 1])), answer=False)
        streams = {**made.saved_yuan, **made.contract_yuan}
        operation = stretched(like.operation, made, streams, ratio)
        saving = sum(operation.revenue_yuan[name] for name in STREAMS) - operation.auxiliary_yuan
        operation, paid = with_scaled_response(operation, like, self._standing.contracts, ratio)
        how: How = "scaled" if self._called else "none"
        return self._worth(operation, saving, (health, cycles), (middle,), made.gap, paid, how)

    def _worth(
        self,
        operation: Operation,
        saving_yuan: Array,
        cells: tuple[Array, Array],
        dispatched: tuple[int, ...],
        gap: float,
        paid: tuple[Array, Array],
        how: How,
        life: Lifetime | None = None,
    ) -> Worth:
        built = operation.power_mw > 0
        price = (1.0 + self._standing.sizing.paths.battery_price) ** self._commissioned
        investment = price * self._choice.investment_yuan
        return Worth(
            choice=self._choice,
            commissioned=self._commissioned,
            operation=operation,
            cash=cash_of(self._finance, investment, operation) if built else None,
            saving_yuan=saving_yuan,
            state_of_health=cells[0],
            full_cycles=cells[1],
            dispatched=dispatched,
            gap=gap,
            response_revenue_yuan=paid[0],
            response_cost_yuan=paid[1],
            response=how,
            standing_cycles=self._standing.cycles,
            life=life,
            **self._figures[dispatched[0]],
        )

    # --- a year

    def _dispatched(self, year: int, health: Health, answer: bool = True) -> OperationYear:
        """A year of operation with the increment, beside the same year without it."""
        offset = self._commissioned + year - 1
        try:
            beside = self._standing.year(offset)
            sized = self._sized(beside.prepared, health[self._name])
            asked = self._marginal and year == 1
            optimum = self._solved(sized, offset, asked)
            solution, _ = audited_solution(sized.case, optimum)
            made = year_of(year, sized.case, solution, beside.solution, beside=beside.case)
            self._figures[year] = year_figures(
                self._standing.sizing, solution, sized.case, beside.solution, beside.case
            )
            if asked and optimum.priced is not None:
                of_mw, of_mwh = marginal_values(sized, self._name, optimum)
                self._figures[year] |= {"value_of_mw_yuan": of_mw, "value_of_mwh_yuan": of_mwh}
            if not self._called:
                return made
            earned = dict(made.contract_yuan)
            earned.pop(DEMAND_RESPONSE)
            if answer:
                self._response[year] = self._paid(sized, optimum, year, health[self._name])
                earned = {DEMAND_RESPONSE: self._response[year][0] - self._response[year][1], **earned}
            return replace(made, contract_yuan=earned)
        except InputError as error:
            raise InputError([f"{self._where(year)}: {line}" for line in error.problems]) from error
        except (InfeasibleError, SolverError) as error:
            raise type(error)(f"{self._where(year)}: {error}") from error

    def _where(self, year: int) -> str:
        return f"'{self._choice.name or self._choice.key}', year {year} of operation"

    def _sized(self, prepared: Prepared, health: float) -> Prepared:
        """The park with the increment."""
        case = prepared.case
        battery = self.battery.model_copy(update={"state_of_health": health})
        sized = replace(
            case.with_devices({**case.devices, self._name: battery}),
            contracts=contracts_of(case.contracts, self._share),
        )
        return Prepared(sized, prepared.times, prepared.hours, prepared.series)

    def _solved(self, sized: Prepared, offset: int, multipliers: bool) -> Optimum:
        """The optimum, begun where that of the nearest size ended."""
        power, energy = self._choice.power_mw, self._choice.energy_mwh
        ended = self._ended.setdefault(offset, [])

        def far(one: tuple[float, float, WarmStart]) -> float:
            return max(abs(one[0] / power - 1.0), abs(one[1] / energy - 1.0))

        nearest = min(ended, key=far, default=None)
        warm = None if nearest is None else nearest[2]
        options, progress = self._standing.options, self._standing.progress
        optimum = solve_prepared(sized, options, progress, warm, multipliers=multipliers)
        if optimum.warm is not None:
            ended.append((power, energy, optimum.warm))
            del ended[:-REMEMBERED]
        return optimum

    def _paid(self, sized: Prepared, optimum: Optimum, year: int, health: float) -> tuple[float, float]:
        """What the increment adds to what is paid for calls, and to what answering them costs [yuan]."""
        if self._income is not None:
            return self._income.yuan(self.battery, health, year), 0.0
        with_it = answered(sized, optimum, self._standing)
        without = self._standing.response(self._commissioned + year - 1)
        return with_it[0] - without[0], with_it[1] - without[1]

    # --- its cells, and those that stand

    def _health(self, year: int, own: float) -> dict[str, float]:
        return {self._name: own, **self._standing.health(self._commissioned + year - 1)}

    def _after(self, year: int, health: Health, cycles: Health) -> Health:
        return self._health(year + 1, self._faded(year, health[self._name], cycles[self._name]))

    def _faded(self, year: int, health: float, cycles: float) -> float:
        """State of health of its cells a year later; of new ones where they are replaced."""
        if self._finance.replaced and year == self._finance.replacement.year:
            return 1.0
        return max(WORN_OUT, self.battery.health_after(health, cycles))

    def _like_cells(self, like: Worth) -> tuple[Array, Array]:
        """State of health and full cycles in each year, cycles being those of a like choice by health."""
        health, cycles, now = [], [], self.battery.state_of_health
        for at in range(self._finance.operation_years):
            health.append(now)
            cycles.append(float(like.full_cycles[at] / like.state_of_health[at]) * now)
            now = self._faded(at + 1, now, cycles[-1])
        return np.array(health), np.array(cycles)
