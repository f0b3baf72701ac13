"""Lifetime dispatch: each year of operation of a storage solved with batteries and PV at their age.

Every year repeats the base year's calendar, with load and prices by the case's `yearly_changes`. It passes
two things to the next year: the state of health that its cycles leave in the batteries, and its optimum as a
warm start.
"""

from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.solve import WarmStart
from parkdispatch.results.finance.lifetime import (
    Lifetime,
    OperationYear,
    dispatched_year,
    expected_cycles,
    interpolated_year,
)
from parkdispatch.studies.lifetime.base_years import (
    BaseYear,
    KnownBaseYears,
    base_years,
    open_cost_yuan,
    prepared_year,
)
from parkdispatch.studies.lifetime.demand_response_dispatch import dispatch_demand_response
from parkdispatch.studies.solve_case import (
    audited_solution,
    solve_prepared,
    undecided_sizes,
)
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import park_digest

Health = Mapping[str, float]  # state of health by battery


class NextHealth(NamedTuple):
    """State of health at the start of the next year, and the share of a replacement's cost due before it."""

    health: Health
    renewed_share: float = 0.0


@dataclass(frozen=True)
class YearStarts:
    """Warm starts by year, from and for lifetimes of much the same park; and its base years.

    A year begins from the one `given` where the year before was not dispatched. Those of all years that are
    solved are put into `left`, if there is one, and then `base` gets the base years.
    """

    given: Mapping[int, WarmStart] = field(default_factory=dict)
    left: dict[int, WarmStart] | None = None
    base: KnownBaseYears = field(default_factory=KnownBaseYears)

    @property
    def for_others(self) -> "YearStarts":
        """What the lifetime that this was filled by gives to others."""
        return YearStarts(given=self.left or {}, base=self.base)


def dispatch_lifetime(
    case: Case,
    context: SolveContext,
    only: Sequence[int] | None = None,
    estimate: bool = False,
    starts: YearStarts | None = None,
) -> Lifetime:
    """Dispatch the storage of a case in each year of operation of its finance.

    For a quick answer, `only` names the years to dispatch. The first two years, the last one and those on
    either side of a replacement are always dispatched; the others are interpolated and marked. `estimate` and
    `starts` are as in `dispatch_years`. Raises InputError with every reason why the case has no such
    lifetime, and what `dispatch_years` raises.
    """
    require_lifetime_inputs(case, only)
    context.progress("reading")
    return dispatch_years(prepare(case, year_times(case)), context, only, estimate, starts)


def dispatch_years(
    prepared: Prepared,
    context: SolveContext,
    only: Sequence[int] | None = None,
    estimate: bool = False,
    starts: YearStarts | None = None,
) -> Lifetime:
    """Dispatch the lifetime of a storage whose first year of operation is the prepared one.

    With `estimate`, a later year whose solve fails is estimated from two others with the same cells, and has
    the error. `starts` are warm starts beside those of the year before; without, a year after one that was
    not dispatched is solved from scratch. Raises InputError where a battery is worn out before the end;
    InfeasibleError, also where the park is infeasible without its storage, or SolverError naming the year.
    """
    case, finance = prepared.case, require_lifetime_inputs(prepared.case, only)
    chosen = _dispatched_years(finance, only)
    initial_health: Health = {name: battery.state_of_health for name, battery in case.batteries.items()}
    previous: dict[int, WarmStart | None] = {}  # of the last dispatched year only
    errors: dict[int, SolverError] = {}
    times = prepared.times

    def solve(year: int, health: Health) -> OperationYear:
        older = prepared_year(prepared, health, year)
        start = previous.pop(year - 1, None)
        if start is None and starts is not None:
            start = starts.given.get(year)
        previous.clear()
        base_of = partial(base_year, year, older)
        operation_year, left, base = _dispatch_year(older, context, year, start, base_of)
        previous[year] = left
        if starts is not None and starts.left is not None:
            starts.base.add(older, base)
            if left is not None:
                starts.left[year] = left
        return operation_year

    def dispatch(year: int, health: Health) -> OperationYear | None:
        def question() -> Sequence[object]:
            horizon = [str(times[0]), str(times[-1]), len(times)]
            return [park_digest(case, context.options), *horizon, year, dict(health)]

        try:
            return context.finished.recalled(OperationYear, question, lambda: solve(year, health))
        except SolverError as error:
            if not estimate or year == 1:
                raise
            errors[year] = error
            return None

    def next_health(year: int, health: Health, cycles: Health) -> NextHealth:
        return health_a_year_later(case, finance, year, health, cycles)

    replaced = finance.fixed_replacement_years
    try:
        known = None if starts is None else starts.base
        with base_years(prepared, sorted(chosen), context, known) as base_year:
            years = each_year(
                finance.operation_years, chosen, initial_health, dispatch, next_health, replaced
            )
    except UnknownYearError:
        raise errors[min(errors)] from None
    return Lifetime(
        case,
        tuple(replace(year, error=str(errors[year.year])) if year.year in errors else year for year in years),
    )


class UnknownYearError(Exception):
    """A year that was not dispatched and cannot be estimated."""


def each_year(
    years: int,
    chosen: Container[int],
    health: Health,
    dispatch: Callable[[int, Health], OperationYear | None],
    next_health: Callable[[int, Health, Health], NextHealth],
    replaced: Collection[int] = (),
) -> tuple[OperationYear, ...]:
    """All years of operation in order: the chosen ones dispatched, the others on lines between them.

    The first and the last year must be chosen. `dispatch` takes the year and each battery's state of health
    at its start; it may return None for a later year, which is then estimated too. `next_health` also takes
    each battery's full cycles in the year, and returns the state of health a year later. Nothing is estimated
    across a year after which the cells are `replaced`, or turn out to be: the years on either side of it are
    dispatched too.
    """
    dispatched: dict[int, OperationYear] = {}
    others: dict[int, Health] = {}
    renewed_shares: dict[int, float] = {}
    boundaries = set(replaced)  # years after which cells are replaced
    for year in range(1, years + 1):
        asked = year in chosen or year - 1 in boundaries
        operation_year = dispatch(year, health) if asked else None
        if operation_year is None:
            known = list(dispatched.values())
            if not all(any(name in earlier.full_cycles for earlier in known) for name in health):
                raise UnknownYearError(year)  # the first of a battery, which nothing can be estimated from
            cycles: Health = {
                name: expected_cycles(
                    [earlier for earlier in known if name in earlier.full_cycles], name, share
                )
                for name, share in health.items()
            }
            following = next_health(year, health, cycles)
            if not asked and following.renewed_share:
                operation_year = dispatch(year, health)
        if operation_year is not None:
            dispatched[year] = operation_year
            following = next_health(year, health, operation_year.full_cycles)
        else:
            others[year] = health
        if following.renewed_share:
            boundaries.add(year)
            renewed_shares[year] = following.renewed_share
        health = following.health
    estimated = {
        year: estimated_year(
            [known for number, known in dispatched.items() if not is_parted(number, year, boundaries)],
            year,
            health,
        )
        for year, health in others.items()
    }
    return tuple(
        replace(dispatched.get(year) or estimated[year], renewed_share=renewed_shares.get(year, 0.0))
        for year in range(1, years + 1)
    )


def is_parted(one: int, other: int, boundaries: Collection[int]) -> bool:
    """Whether cells are replaced between two years."""
    return any(min(one, other) <= boundary < max(one, other) for boundary in boundaries)


def estimated_year(known: Sequence[OperationYear], year: int, health: Health) -> OperationYear:
    """A year on the line through the nearest dispatched ones, one on either side where there are such.

    Raises UnknownYearError where fewer than two are known.
    """
    earlier = [operation for operation in known if operation.year < year]
    later = [operation for operation in known if operation.year > year]
    if len(known) < 2:
        raise UnknownYearError(year)
    if earlier and later:
        return interpolated_year(earlier[-1], later[0], year, health)
    first, last = earlier[-2:] if earlier else later[:2]
    return interpolated_year(first, last, year, health)


def require_lifetime_inputs(case: Case, only: Sequence[int] | None = None) -> Finance:
    """Return the finance of a case whose storage has a lifetime to dispatch.

    Raises InputError with every reason why it has none, before anything is read or solved.
    """
    problems, finance = [], case.finance
    if finance is None:
        problems.append("`finance` is missing: must be given, because it says how many years there are")
    else:
        problems += [
            f"year {year}: must be of the operation, 1 to {finance.operation_years}"
            for year in only or ()
            if not 1 <= year <= finance.operation_years
        ]
    if not case.batteries and not (finance is not None and finance.instead):
        problems.append("`device`: must have a battery, because the years are those of the storage")
    problems += undecided_sizes(case, "the years of a storage are those of one that is built")
    if problems or finance is None:
        raise InputError(problems)
    return finance


def _dispatched_years(finance: Finance, only: Sequence[int] | None) -> set[int]:
    """The years to dispatch.

    Year two is always among them, because PV degrades most in year one. So are the years on either side of a
    replacement, across which nothing is interpolated.
    """
    if only is None:
        return set(range(1, finance.operation_years + 1))
    replaced = {year for fixed in finance.fixed_replacement_years for year in (fixed, fixed + 1)}
    return {1, min(2, finance.operation_years), finance.operation_years, *only} | replaced


def _dispatch_year(
    aged_year: Prepared,
    context: SolveContext,
    year: int,
    start: WarmStart | None,
    base_of: Callable[[], BaseYear],
) -> tuple[OperationYear, WarmStart | None, BaseYear]:
    """Dispatch and audit one year with and without the storage; return also what it leaves to the next.

    It starts from the year before, or the same year of much the same park. An older optimum is no useful
    start: with so much less PV output, too many variables change between zero and active.
    """
    case = aged_year.case
    years = 0 if case.finance is None else case.finance.operation_years
    year_context = context.labelled(f"year {year} of {years}")
    try:
        optimum = solve_prepared(aged_year, year_context, start)
        response = dispatch_demand_response(aged_year, optimum, year_context)
        year_context.progress("the same park without its storage")
        base = base_of()
        year_context.progress("auditing")
        solution, _ = audited_solution(aged_year, response.optimum)
    except (InputError, InfeasibleError, SolverError) as error:
        raise error.about(f"year {year} of operation") from error
    operation_year = dispatched_year(
        year, case, solution, base.solution, response.events, response.bill_cost_yuan
    )
    # with events, the dispatch is optimal at the raised prices and not at the case's own: report that gap
    gap, open_yuan = max(response.gap, base.gap), max(open_cost_yuan(optimum), base.open_yuan)
    return replace(operation_year, gap=gap, open_yuan=open_yuan), optimum.warm, base


def health_a_year_later(
    case: Case, finance: Finance, year: int, health: Mapping[str, float], cycles: Mapping[str, float]
) -> NextHealth:
    """State of health at the start of the next year; a replacement is of all cells at once."""
    owned = case.batteries
    next_health = {name: owned[name].health_after(share, cycles[name]) for name, share in health.items()}
    if next_health and finance.renews(year, min(next_health.values())):
        return renewed(finance.replacement, {name: owned[name] for name in health}, next_health)
    worn_out = [name for name, share in next_health.items() if share <= 0]
    if worn_out and year < finance.operation_years:
        raise InputError(
            [
                f"`device.{name}.fade_per_full_cycle` = {owned[name].fade_per_full_cycle:.15g},"
                f" `fade_per_year` = {owned[name].fade_per_year:.15g}: {cycles[name]:.4g} full cycles in year"
                f" {year} of {finance.operation_years} leave nothing of it; must be less, or the battery be"
                " replaced before (`finance.replacement`)"
                for name in worn_out
            ]
        )
    return NextHealth(next_health)


def renewed(replacement: Replacement, storage: Mapping[str, Battery], health: Health) -> NextHealth:
    """The health of a storage after cells of this health were replaced or added to, and its share of cost."""
    rated_mwh = {name: largest_capacity(battery.energy_mwh) for name, battery in storage.items()}
    shares = {name: replacement.share_of_cost(share) for name, share in health.items()}
    total_mwh = sum(rated_mwh.values())
    due = sum(rated_mwh[name] * share for name, share in shares.items()) / total_mwh if total_mwh else 1.0
    return NextHealth({name: replacement.health_after(share) for name, share in health.items()}, due)
