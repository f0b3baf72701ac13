"""Years of a storage built in phases: dispatched without storage, then with one phase more each time.

    the park without storage ─▶ with the first phase ─▶ with the second beside it ─▶ ...
               saving of the first ┘   saving of the second ┘

In each year a phase is worth what it adds to those that were there before it. Streams of the phases add up to
those of the storage as a whole, because each dispatch is compared with the one before. Energy and cycles are
those of the dispatch with all phases in service, which is what happens.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.optimizer.solve import WarmStart
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.lifetime import (
    OperationYear,
    dispatched_year,
    energy_of_devices_mwh,
)
from parkdispatch.results.sizing.increment_value import metered_response, scaled_contracts
from parkdispatch.results.solution import device_quantities
from parkdispatch.studies.lifetime.base_years import open_cost_yuan, prepared_year
from parkdispatch.studies.lifetime.demand_response_dispatch import (
    DemandResponseDispatch,
    dispatch_demand_response,
)
from parkdispatch.studies.lifetime.lifetime_dispatch import Health
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import park_digest

Batteries = tuple[str, ...]  # of a dispatch


@dataclass(frozen=True)
class PhasedYear:
    """A year of the storage as a whole, and of each phase in service, in order of commissioning."""

    total: OperationYear
    phases: tuple[OperationYear, ...]


class PhaseSolver:
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
        except (InputError, InfeasibleError, SolverError) as error:
            raise error.about(f"year {year} of operation") from error

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
    open_yuan: float  # its cost above the proven bound, before the response


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
    return _Dispatch(prepared, response, solution, open_cost_yuan(optimum))


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
    return replace(
        figures,
        contract_yuan=contract_yuan,
        gap=max(response.gap, before.response.gap),
        open_yuan=max(now.open_yuan, before.open_yuan),
    )


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
