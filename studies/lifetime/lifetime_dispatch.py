"""The life of a storage: each year of operation dispatched anew, with batteries and PV at their age.

A year is the case's calendar year again, at the same prices. It passes on to the next what its cycles took of
the batteries, and where its solve ended, so that the next begins there.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.inputs.variations.ageing import aged
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.results.finance.lifetime import (
    Lifetime,
    OperationYear,
    batteries,
    cycles_expected,
    interpolated_year,
    year_of,
)
from parkdispatch.studies.dispatch import (
    Progress,
    SolveOptions,
    audited_solution,
    solve_prepared,
    solve_without_storage,
    undecided_sizes,
)
from parkdispatch.studies.lifetime.demand_response_dispatch import dispatch_demand_response

Health = Mapping[str, float]  # by battery


def dispatch_lifetime(
    case: Case, options: SolveOptions, progress: Progress, only: Sequence[int] | None = None
) -> Lifetime:
    """Dispatch the storage of a case in each year of operation of its finance.

    `only` names the years to dispatch, where a quick answer is wanted; the first two, the last and those
    before and after a replacement always are, and the others are interpolated and marked. Raises InputError
    with everything that keeps the case from having such a life, and what `dispatch_years` raises.
    """
    require_lifetime_inputs(case, only)
    progress("reading")
    return dispatch_years(prepare(case, year_times(case)), options, progress, only)


def dispatch_years(
    prepared: Prepared, options: SolveOptions, progress: Progress, only: Sequence[int] | None = None
) -> Lifetime:
    """The same, the first year being a prepared one.

    Raises InputError where a battery is worn out before its time, or the park cannot run without its storage;
    InfeasibleError or SolverError naming the year.
    """
    case, finance = prepared.case, require_lifetime_inputs(prepared.case, only)
    chosen = _chosen(finance, only)
    health: Health = {name: battery.state_of_health for name, battery in batteries(case).items()}
    ends: dict[int, tuple[Optimum, Optimum]] = {}  # where the solves of the year before ended

    def dispatched(year: int, health: Health) -> OperationYear:
        older = aged(prepared, health, year - 1)
        one, end = _dispatched(older, options, progress, year, ends.pop(year - 1, None))
        ends.clear()
        ends[year] = end
        return one

    def after(year: int, health: Health, cycles: Health) -> Health:
        return _after(case, finance, year, health, cycles)

    return Lifetime(case, each_year(finance.operation_years, chosen, health, dispatched, after))


def each_year(
    years: int,
    chosen: Container[int],
    health: Health,
    dispatched: Callable[[int, Health], OperationYear],
    after: Callable[[int, Health, Health], Health],
) -> tuple[OperationYear, ...]:
    """All years of operation in order: those chosen dispatched, the others on the line between them.

    The first and the last must be chosen. `dispatched` is given the year and each battery's state of health
    at its start; `after` also its full cycles, and answers the state of health a year later.
    """
    made: list[OperationYear] = []
    waiting: dict[int, Health] = {}  # years to be interpolated
    for year in range(1, years + 1):
        cycles: Health
        if year in chosen:
            one = dispatched(year, health)
            made += [
                interpolated_year(made[-1], one, passed, at_start) for passed, at_start in waiting.items()
            ]
            made.append(one)
            waiting, cycles = {}, one.full_cycles
        else:
            waiting[year] = health
            done = [other for other in made if other.dispatched]
            cycles = {name: cycles_expected(done, name, share) for name, share in health.items()}
        health = after(year, health, cycles)
    return tuple(made)


def require_lifetime_inputs(case: Case, only: Sequence[int] | None = None) -> Finance:
    """The finance of a case whose storage has years to dispatch.

    Raises InputError with all that keeps it from having any, before anything is read or solved.
    """
    found, finance = [], case.finance
    if finance is None:
        found.append("`finance` is missing: must be given, because it says how many years there are")
    else:
        found += [
            f"year {year}: must be of the operation, 1 to {finance.operation_years}"
            for year in only or ()
            if not 1 <= year <= finance.operation_years
        ]
    if not batteries(case):
        found.append("`device`: must have a battery, because the years are those of the storage")
    found += undecided_sizes(case, "the years of a storage are those of one that is built")
    if found or finance is None:
        raise InputError(found)
    return finance


def _chosen(finance: Finance, only: Sequence[int] | None) -> set[int]:
    """The years to dispatch. PV loses most in its first, and nothing is interpolated across a replacement."""
    if only is None:
        return set(range(1, finance.operation_years + 1))
    replaced = {finance.replacement.year, finance.replacement.year + 1} if finance.replaced else set()
    return {1, min(2, finance.operation_years), finance.operation_years, *only} | replaced


def _dispatched(
    aged: Prepared,
    options: SolveOptions,
    progress: Progress,
    year: int,
    ends: tuple[Optimum, Optimum] | None,
) -> tuple[OperationYear, tuple[Optimum, Optimum]]:
    """A year with and without the storage, each begun where that of the year before ended, and audited.

    A year further back is no good beginning: as much sun has gone as to put who rests elsewhere.
    """
    case = aged.case
    years = 0 if case.finance is None else case.finance.operation_years

    def said(text: str) -> None:
        progress(f"year {year} of {years}: {text}")

    warm, bare_warm = (end.warm for end in ends) if ends else (None, None)
    try:
        optimum = solve_prepared(aged, options, said, warm)
        response = dispatch_demand_response(aged, optimum, options, said)
        said("the same park without its storage")
        bare = solve_without_storage(aged, options, said, bare_warm)
        if bare is None:
            raise InputError("the park cannot run without its storage, so no bill tells what that saves")
        said("auditing")
        solution, _ = audited_solution(case, response.optimum)
        without, _ = audited_solution(case.without_storage(), bare)
    except InputError as error:
        raise InputError([f"year {year} of operation: {line}" for line in error.problems]) from error
    except (InfeasibleError, SolverError) as error:
        raise type(error)(f"year {year} of operation: {error}") from error
    made = year_of(year, case, solution, without, response.events, response.bill_cost_yuan)
    # a year with events is optimal for the prices it was dispatched for, and no optimum at the case's own
    return replace(made, gap=max(response.gap, bare.proof.gap)), (optimum, bare)


def _after(
    case: Case, finance: Finance, year: int, health: Mapping[str, float], cycles: Mapping[str, float]
) -> dict[str, float]:
    """State of health at the start of the next year; new cells after a replacement."""
    if finance.replaced and year == finance.replacement.year:
        return dict.fromkeys(health, 1.0)
    owned = batteries(case)
    left = {name: owned[name].health_after(share, cycles[name]) for name, share in health.items()}
    worn_out = [name for name, share in left.items() if share <= 0]
    if worn_out and year < finance.operation_years:
        raise InputError(
            [
                f"`device.{name}.fade_per_full_cycle` = {owned[name].fade_per_full_cycle:g},"
                f" `fade_per_year` = {owned[name].fade_per_year:g}: {cycles[name]:.4g} full cycles in year"
                f" {year} of {finance.operation_years} leave nothing of it; must be less, or the battery be"
                " replaced before (`finance.replacement`)"
                for name in worn_out
            ]
        )
    return left
