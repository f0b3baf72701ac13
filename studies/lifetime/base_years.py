"""The park without the investment in each year of operation: the reference of every saving.

It wears no cells, so a year of it needs nothing of the years with the storage. A copy of the process
dispatches them beside these, one by one as they are asked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.variations.ageing import aged_prepared, with_yearly_changes
from parkdispatch.inputs.variations.reference_park import without_investment
from parkdispatch.models.errors import InfeasibleError, ParkdispatchError
from parkdispatch.optimizer.solve import Optimum, WarmStart
from parkdispatch.results.io.second_process import in_turn
from parkdispatch.studies.solve_case import audited_solution, case_attributes, solve_prepared
from parkdispatch.studies.solve_options import SolveContext


@dataclass(frozen=True)
class BaseYear:
    """The audited dispatch of a year without the investment, its gap and its cost above its bound."""

    solution: xr.Dataset
    gap: float
    open_yuan: float


class KnownBaseYears:
    """Base years of one lifetime: those of another, too, where the park without the investment is equal."""

    def __init__(self) -> None:
        self._known: list[tuple[Prepared, BaseYear]] = []

    def add(self, aged_year: Prepared, base: BaseYear) -> None:
        """Add the base year of a park prepared for a year."""
        self._known.append((_without(aged_year), base))

    def find(self, park: Prepared) -> BaseYear | None:
        """The base year of a park without the investment; None where it is not known."""
        return next((base for known, base in self._known if _is_same(known, park)), None)


@contextmanager
def base_years(
    prepared: Prepared, years: Sequence[int], context: SolveContext, known: KnownBaseYears | None = None
) -> Iterator[Callable[[int, Prepared], BaseYear]]:
    """Yields a function of a year, and of the park prepared for it, that returns or raises the base year.

    Years must be asked for in ascending order. Those of `years` may be dispatched in a copy of the process
    before, if the park without the investment has no battery. Those that are `known` are not dispatched.
    """
    solver = _BaseSolver(known or KnownBaseYears())
    if context.processes < 2 or without_investment(prepared.case).batteries:
        yield partial(solver.year, context=context)
        return
    health = {name: battery.state_of_health for name, battery in prepared.case.batteries.items()}
    copied, waiting = context.in_copy(), list(years)

    def solve(year: int) -> BaseYear:
        return solver.year(year, prepared_year(prepared, health, year), copied)

    with in_turn([partial(solve, year) for year in years]) as next_result:

        def base_year(year: int, aged_year: Prepared) -> BaseYear:
            while waiting and waiting[0] < year:  # a year that is known from an earlier run
                waiting.pop(0)
                with suppress(ParkdispatchError):
                    next_result()
            if not waiting or waiting[0] > year:
                return solver.year(year, aged_year, context)
            waiting.pop(0)
            return next_result()

        yield base_year


class _BaseSolver:
    """Solves years in ascending order, each from the year before; a year that is as that one is that one."""

    def __init__(self, known: KnownBaseYears) -> None:
        self._known, self._last_year = known, 0
        self._last: tuple[Prepared, BaseYear, WarmStart | None] | None = None

    def year(self, year: int, aged_year: Prepared, context: SolveContext) -> BaseYear:
        """Dispatch and audit a year."""
        park, warm = _without(aged_year), None
        is_next, self._last_year = self._last_year == year - 1, year
        if self._last is not None:
            last_park, last_base, last_warm = self._last
            if _is_same(last_park, park):
                return last_base
            warm = last_warm if is_next else None
        known = self._known.find(park)
        if known is not None:
            self._last = park, known, None
            return known
        optimum = _solve(aged_year, context, warm)
        solution, _ = audited_solution(park, optimum)
        base = BaseYear(solution, optimum.proof.gap, open_cost_yuan(optimum))
        self._last = park, base, optimum.warm
        return base


def _without(aged_year: Prepared) -> Prepared:
    """The park without the investment in a year."""
    return aged_year.of(without_investment(aged_year.case))


def _is_same(one: Prepared, other: Prepared) -> bool:
    """Whether the dispatch of both and all that is read from it are the same."""

    def about(park: Prepared) -> tuple[object, ...]:
        case = park.case
        devices = (list(case.devices), dict(case.devices), case.tariff, case.contracts, case.series.keys())
        return (*devices, case_attributes(case), park.hours, park.series.keys())

    return (
        about(one) == about(other)
        and one.times.equals(other.times)
        and all(np.array_equal(array, other.series[key]) for key, array in one.series.items())
    )


def prepared_year(prepared: Prepared, health: Mapping[str, float], year: int) -> Prepared:
    """A year of operation with its batteries and sources at their age, and its own prices and load."""
    factors = prepared.case.yearly_changes.factors(year - 1)
    return with_yearly_changes(aged_prepared(prepared, health, year - 1), factors)


def open_cost_yuan(*optima: Optimum) -> float:
    """The largest difference between what a dispatch costs and its proven bound [yuan]."""
    return max(optimum.proof.objective_yuan - optimum.proof.bound_yuan for optimum in optima)


def _solve(prepared: Prepared, context: SolveContext, warm_start: WarmStart | None) -> Optimum:
    """Solve the base case without the investment, the reference of every saving. Raises InfeasibleError."""
    case = prepared.case
    try:
        return solve_prepared(prepared.of(without_investment(case)), context, warm_start)
    except InfeasibleError as error:
        if case.finance is not None and case.finance.instead:
            raise InfeasibleError(
                f"the park is infeasible as `finance.instead` has it, so no saving can be stated: {error}"
            ) from error
        raise InfeasibleError(
            f"the park is infeasible without its storage, so no saving can be stated: {error}"
        ) from error
