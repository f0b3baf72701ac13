"""A storage built in phases: its years in order, how the cells of each phase age, and their cash flows.

`phase_years.py` dispatches a year. Years between two that are dispatched are estimated only where the same
phases are in service, with the same cells, in all three.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import SolverError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.finance.phase_study import PhaseStudy, cash_flow_of_phases
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.savings.as_operated import AsOperated, operated
from parkdispatch.studies.lifetime.lifetime_dispatch import (
    Health,
    NextHealth,
    UnknownYearError,
    each_year,
    estimated_year,
    health_a_year_later,
    is_parted,
    require_lifetime_inputs,
)
from parkdispatch.studies.lifetime.owner_runs import (
    LABEL,
    case_without_pv_company,
    study_owners_of_phases,
)
from parkdispatch.studies.lifetime.phase_years import PhasedYear, PhaseSolver
from parkdispatch.studies.solve_options import SolveContext


def study_phases(
    case: Case, context: SolveContext, read_s: float, quick: bool, as_operated: AsOperated | None
) -> Study:
    """Dispatch the years of a storage that is built in phases, and make the cash flow of each and of all.

    `quick` and `as_operated` are those of `study_storage`. Raises what `dispatch_phases` raises.
    """
    started = time.perf_counter()
    prepared = prepare(case, year_times(case))
    lifetime, phases = dispatch_phases(prepared, context, quick=quick, as_operated=as_operated, estimate=True)
    dispatched = time.perf_counter()
    context.progress("computing the cash flow")
    cash = cash_flow_of_phases(phases)
    computed = time.perf_counter()
    timings_s = {"read": read_s, "dispatch": dispatched - started, "cash_flow": computed - dispatched}
    owners = None
    if case.owners is not None:
        without_case = case_without_pv_company(case)
        without_pv = dispatch_phases(
            prepare(without_case, year_times(without_case)), context.labelled(LABEL), quick=True
        )
        owners = study_owners_of_phases(lifetime, phases, without_pv, cash, as_operated)
        timings_s["owners"] = time.perf_counter() - computed
    return Study(lifetime, cash, timings_s, owners, phases=phases, as_operated=as_operated)


def dispatch_phases(
    prepared: Prepared,
    context: SolveContext,
    *,
    quick: bool = False,
    as_operated: AsOperated | None = None,
    estimate: bool = False,
    finances: Sequence[Finance] | None = None,
) -> tuple[Lifetime, tuple[PhaseStudy, ...]]:
    """Dispatch each year from the first phase's first to the last phase's last.

    With `quick`, the first two years, the last one, and those on either side of a commissioning, a retirement
    or a replacement are dispatched, the others interpolated and marked. `as_operated` is the share of each
    phase's saving that is kept. With `estimate`, a later year whose solve fails is estimated, and has the
    error. `finances` are those of the phases, by default what the case says.

    The lifetime is that of the storage as a whole; a year of it knows the batteries in service only. Raises
    InputError where a battery is worn out before the end of its phase, InfeasibleError or SolverError naming
    the year.
    """
    case = prepared.case
    finance, phases = require_lifetime_inputs(case), case.phases
    assert phases is not None
    if finances is None:
        rated_mwh = {name: largest_capacity(battery.energy_mwh) for name, battery in case.batteries.items()}
        finances = [phases.finance_of(number, finance, rated_mwh) for number in range(len(phases.phase))]
    run = _PhasesInTime(prepared, phases, finances, context, estimate)
    totals = run.years(quick)
    studies = []
    for number, phase in enumerate(phases.phase):
        own_case = replace(case, finance=finances[number])
        lifetime = Lifetime(own_case, run.years_of(number, totals), phase.devices)
        operation = lifetime.operation() if as_operated is None else operated(lifetime, as_operated)
        studies.append(PhaseStudy(phase, lifetime, cash_flow(finances[number], operation)))
    return Lifetime(case, totals), tuple(studies)


class _PhasesInTime:
    """The years of a storage in phases from the first to the last, with their cells as they age."""

    def __init__(
        self,
        prepared: Prepared,
        phases: BuildPhases,
        finances: Sequence[Finance],
        context: SolveContext,
        estimate: bool,
    ) -> None:
        self._case, self._phases, self._finances, self._estimate = prepared.case, phases, finances, estimate
        self._solver = PhaseSolver(prepared, phases, context)
        self._operation_years = finances[0].operation_years
        self._last = phases.phase[-1].commissioned + self._operation_years
        self._solved: dict[int, PhasedYear] = {}
        self._renewed: dict[tuple[int, int], float] = {}  # share of the cost, by phase and year of the whole
        self._errors: dict[int, SolverError] = {}

    def years(self, quick: bool) -> tuple[OperationYear, ...]:
        """All years of the storage as a whole. Raises as `dispatch_phases`."""
        changes = self._service_changes
        chosen = set(range(1, self._last + 1))
        if quick:
            fixed = {
                phase.commissioned + year
                for phase, finance in zip(self._phases.phase, self._finances, strict=True)
                for year in finance.fixed_replacement_years
            }
            chosen = {1, min(2, self._last), self._last, *changes, *fixed}
        try:
            years = each_year(
                self._last, chosen, self._health_at(1, {}), self._dispatch, self._next_health, changes
            )
        except UnknownYearError:
            raise self._errors[min(self._errors)] from None
        return tuple(
            replace(year, renewed_share=0.0, error=str(self._errors.get(year.year, ""))) for year in years
        )

    def years_of(self, number: int, totals: Sequence[OperationYear]) -> tuple[OperationYear, ...]:
        """The years of one phase, counted from its own first; those not dispatched lie on lines as the whole.

        Lines of the phases add up to the line of the whole.
        """
        begin = self._phases.phase[number].commissioned
        boundaries = self._service_changes | {year for (_, year), share in self._renewed.items() if share}
        years = []
        for total in totals[begin : begin + self._operation_years]:
            known = {
                year: solved.phases[self._in_service(year).index(number)]
                for year, solved in self._solved.items()
                if not is_parted(year, total.year, boundaries)
            }
            figures = known.get(total.year)
            if figures is None:
                health = {name: total.state_of_health[name] for name in self._phases.phase[number].devices}
                figures = estimated_year(list(known.values()), total.year - begin, health)
            years.append(replace(figures, renewed_share=self._renewed.get((number, total.year), 0.0)))
        return tuple(years)

    @property
    def _service_changes(self) -> set[int]:
        """The years after which a phase is commissioned or retired."""
        begins = [phase.commissioned for phase in self._phases.phase]
        years = {*begins, *(begin + self._operation_years for begin in begins)}
        return {year for year in years if 1 <= year < self._last}

    def _in_service(self, year: int) -> list[int]:
        return self._phases.in_service(year, self._operation_years)

    def _health_at(self, year: int, health: Health) -> dict[str, float]:
        """State of health of the batteries in service, of those that are new as the case has it."""
        names = [name for number in self._in_service(year) for name in self._phases.phase[number].devices]
        return {name: health.get(name, self._case.batteries[name].state_of_health) for name in names}

    def _dispatch(self, year: int, health: Health) -> OperationYear | None:
        try:
            solved = self._solver.year(year, self._in_service(year), health)
        except SolverError as error:
            if not self._estimate or year == 1:
                raise
            self._errors[year] = error
            return None
        self._solved[year] = solved
        return solved.total

    def _next_health(self, year: int, health: Health, cycles: Health) -> NextHealth:
        """State of health a year later; cells are bought phase by phase, at each one's own age."""
        later: dict[str, float] = {}
        for number in self._in_service(year):
            phase, finance = self._phases.phase[number], self._finances[number]
            following = health_a_year_later(
                self._case,
                finance,
                year - phase.commissioned,
                {name: health[name] for name in phase.devices},
                {name: cycles[name] for name in phase.devices},
            )
            self._renewed[number, year] = following.renewed_share
            later |= following.health
        shares = [self._renewed[number, year] for number in self._in_service(year)]
        return NextHealth(self._health_at(year + 1, later), max(shares, default=0.0))
