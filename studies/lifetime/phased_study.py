"""A storage built in phases: each year with the phases in service, what each adds, and their cash flows.

    the park without storage ─▶ with the first phase ─▶ with the second beside it ─▶ ...
               saving of the first ┘   saving of the second ┘

In each year a phase is worth what it adds to those that were there before it. Streams of the phases add up to
those of the storage as a whole, because each dispatch is compared with the one before. Energy and cycles are
those of the dispatch with all phases in service, which is what happens.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.optimizer.solve import WarmStart
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import (
    Lifetime,
    OperationYear,
    dispatched_year,
    energy_of_devices_mwh,
)
from parkdispatch.results.finance.phase_study import PhaseStudy, cash_flow_of_phases
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.savings.as_operated import AsOperated
from parkdispatch.results.sizing.increment_value import metered_response, scaled_contracts
from parkdispatch.results.solution import device_quantities
from parkdispatch.studies.lifetime.demand_response_dispatch import (
    DemandResponseDispatch,
    dispatch_demand_response,
)
from parkdispatch.studies.lifetime.lifetime_dispatch import (
    Health,
    health_a_year_later,
    prepared_year,
    require_lifetime_inputs,
)
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import park_digest

Batteries = tuple[str, ...]  # of a dispatch


@dataclass(frozen=True)
class PhasedYear:
    """A year of the storage as a whole, and of each phase in service, in order of commissioning."""

    total: OperationYear
    phases: tuple[OperationYear, ...]


def study_phases(
    case: Case, context: SolveContext, read_s: float, quick: bool, as_operated: AsOperated | None
) -> Study:
    """Dispatch every year of a storage that is built in phases, and make the cash flow of each and of all.

    Raises InputError where a quick study or a share as operated is asked for, and what `dispatch_phases`
    raises.
    """
    wrong = [
        f"argument `{name}`: must be left out, the case has `phases`, of which each year is dispatched"
        for name, asked in (("quick", quick), ("as_operated", as_operated is not None))
        if asked
    ]
    if wrong:
        raise InputError(wrong)
    started = time.perf_counter()
    lifetime, phases = dispatch_phases(prepare(case, year_times(case)), context)
    dispatched = time.perf_counter()
    context.progress("computing the cash flow")
    cash = cash_flow_of_phases(phases)
    timings_s = {
        "read": read_s,
        "dispatch": dispatched - started,
        "cash_flow": time.perf_counter() - dispatched,
    }
    return Study(lifetime, cash, timings_s, phases=phases)


def dispatch_phases(prepared: Prepared, context: SolveContext) -> tuple[Lifetime, tuple[PhaseStudy, ...]]:
    """Dispatch each year from the first phase's first to the last phase's last.

    The lifetime is that of the storage as a whole; a year of it knows the batteries in service only. Raises
    InputError where a battery is worn out before the end of its phase, InfeasibleError or SolverError naming
    the year.
    """
    case = prepared.case
    finance, phases = require_lifetime_inputs(case), case.phases
    assert phases is not None
    rated_mwh = {name: largest_capacity(battery.energy_mwh) for name, battery in case.batteries.items()}
    finances = [phases.finance_of(number, finance, rated_mwh) for number in range(len(phases.phase))]
    years: list[list[OperationYear]] = [[] for _ in phases.phase]
    totals: list[OperationYear] = []
    health: dict[str, float] = {}
    solver = _PhaseSolver(prepared, phases, context)
    for year in range(1, phases.phase[-1].commissioned + finance.operation_years + 1):
        active = _in_service(phases, finance, year)
        devices = [name for number in active for name in phases.phase[number].devices]
        health = {name: health.get(name, case.batteries[name].state_of_health) for name in devices}
        solved = solver.year(year, active, health)
        totals.append(solved.total)
        for number, figures in zip(active, solved.phases, strict=True):
            names = phases.phase[number].devices
            following = health_a_year_later(
                case,
                finances[number],
                figures.year,
                {name: health[name] for name in names},
                {name: solved.total.full_cycles[name] for name in names},
            )
            years[number].append(replace(figures, renewed_share=following.renewed_share))
            health |= following.health
    studies = []
    for number, phase in enumerate(phases.phase):
        own_case = replace(case, finance=finances[number])
        lifetime = Lifetime(own_case, tuple(years[number]), phase.devices)
        studies.append(PhaseStudy(phase, lifetime, cash_flow(finances[number], lifetime.operation())))
    return Lifetime(case, tuple(totals)), tuple(studies)


def _in_service(phases: BuildPhases, finance: Finance, year: int) -> list[int]:
    """Numbers of the phases that operate in a year of the whole, in order of commissioning."""
    return [
        number
        for number, phase in enumerate(phases.phase)
        if phase.commissioned < year <= phase.commissioned + finance.operation_years
    ]


class _PhaseSolver:
    """Solves the years of a storage in phases, each from the last one with the same batteries."""

    def __init__(self, prepared: Prepared, phases: BuildPhases, context: SolveContext) -> None:
        self._prepared, self._phases, self._context = prepared, phases, context
        self._warm_starts: dict[Batteries, WarmStart | None] = {}

    def year(self, year: int, active: Sequence[int], health: Health) -> PhasedYear:
        """A year with these phases in service, kept if the context keeps finished tasks."""
        prepared, times = self._prepared, self._prepared.times

        def question() -> Sequence[object]:
            horizon = [str(times[0]), str(times[-1]), len(times)]
            digest = park_digest(prepared.case, self._context.options)
            return [digest, "phases", *horizon, year, list(active), dict(health)]

        return self._context.finished.recalled(
            PhasedYear, question, lambda: self._solved(year, active, health)
        )

    def _solved(self, year: int, active: Sequence[int], health: Health) -> PhasedYear:
        context = self._context.labelled(f"year {year}")
        try:
            return self._compared(year, active, prepared_year(self._prepared, health, year), context)
        except InputError as error:
            raise InputError([f"year {year} of operation: {line}" for line in error.problems]) from error
        except (InfeasibleError, SolverError) as error:
            raise type(error)(f"year {year} of operation: {error}") from error

    def _compared(
        self, year: int, active: Sequence[int], older: Prepared, context: SolveContext
    ) -> PhasedYear:
        """Dispatch the year without storage, then with one phase more each time, beside the one before."""
        stores, years = self._prepared.case.storage, list[OperationYear]()
        kept: list[str] = []
        now = without = _dispatched(_with(older, kept, stores), context, self._warm_starts, respond=False)
        for number in active:
            phase, before = self._phases.phase[number], now
            kept += phase.devices
            context.progress(f"with phase {phase.name}")
            now = _dispatched(_with(older, kept, stores), context, self._warm_starts, respond=True)
            own_year = year - phase.commissioned
            years.append(_figures(own_year, self._scaled(now, phase.devices), now, before))
        total = _figures(year, self._scaled(now, kept), now, without)
        of_phases = [self._phases.phase[number].devices for number in active]
        operated_years = [
            _as_operated(figures, names, now) for figures, names in zip(years, of_phases, strict=True)
        ]
        return PhasedYear(total, tuple(operated_years))

    def _scaled(self, dispatch: "_Dispatch", devices: Sequence[str]) -> Case:
        """The case of a dispatch with the share of its stated contracts that these batteries have."""
        batteries = self._prepared.case.batteries
        rated = {name: largest_capacity(battery.energy_mwh) for name, battery in batteries.items()}
        share = sum(rated[name] for name in devices) / sum(rated.values())
        case = dispatch.prepared.case
        return replace(case, contracts=scaled_contracts(case.contracts, share))


@dataclass(frozen=True)
class _Dispatch:
    """A dispatched and audited year of the park with some of its batteries."""

    prepared: Prepared
    response: DemandResponseDispatch
    solution: xr.Dataset


def _with(prepared: Prepared, kept: Sequence[str], stores: Sequence[str]) -> Prepared:
    """The prepared park with these of its batteries."""
    left_out = {name for name in stores if name not in kept}
    devices = {name: device for name, device in prepared.case.devices.items() if name not in left_out}
    return prepared.of(prepared.case.with_devices(devices))


def _dispatched(
    prepared: Prepared, context: SolveContext, warm_starts: dict[Batteries, WarmStart | None], respond: bool
) -> _Dispatch:
    """Dispatch and audit a year, with demand response if it is to respond."""
    key = tuple(prepared.case.storage)
    optimum = solve_prepared(prepared, context, warm_starts.get(key))
    warm_starts[key] = optimum.warm
    response = DemandResponseDispatch(optimum, (), 0.0, 0.0, 0.0, optimum.proof.gap)
    if respond:
        response = dispatch_demand_response(prepared, optimum, context)
    solution, _ = audited_solution(prepared, response.optimum)
    return _Dispatch(prepared, response, solution)


def _figures(year: int, case: Case, now: _Dispatch, before: _Dispatch) -> OperationYear:
    """The figures of a year, of the batteries that a dispatch has beside those of another."""
    response = now.response
    cost_yuan = response.bill_cost_yuan - before.response.bill_cost_yuan
    beside = before.prepared.case
    figures = dispatched_year(
        year, case, now.solution, before.solution, response.events, cost_yuan, beside=beside
    )
    contract_yuan = dict(figures.contract_yuan)
    if metered_response(case.contracts) is not None:
        contract_yuan[DEMAND_RESPONSE] -= before.response.revenue_yuan
    return replace(figures, contract_yuan=contract_yuan, gap=max(response.gap, before.response.gap))


def _as_operated(own: OperationYear, devices: Sequence[str], final: _Dispatch) -> OperationYear:
    """A phase's year with the cycles and the energy of its batteries when all phases are in service."""
    return replace(
        own,
        events=(),
        full_cycles={
            name: final.prepared.case.batteries[name].indicators(device_quantities(final.solution, name))[
                "full_cycles"
            ]
            for name in devices
        },
        state_of_health={name: own.state_of_health[name] for name in devices},
        charged_mwh=energy_of_devices_mwh(final.solution, devices, "charge_mw"),
        discharged_mwh=energy_of_devices_mwh(final.solution, devices, "discharge_mw"),
    )
