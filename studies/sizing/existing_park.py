"""The existing park: the base case without the increment, in each calendar year after the case's.

Load and prices follow the paths that `sizing.paths` declares; PV degrades by its age. Existing batteries age
as if they repeated the base year's full cycles, scaled by state of health. They stay in service until the
increment's lifetime ends. A battery that would be worn out before keeps `MIN_HEALTH` of its energy: it does
next to nothing, with the increment and without it.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.checks.phase_checks import sized_phase_problems
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.inputs.variations.ageing import aged_prepared, with_yearly_changes
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.results.io.digests import digest
from parkdispatch.results.sizing.increment_value import metered_response
from parkdispatch.results.solution import device_quantities
from parkdispatch.studies.lifetime.demand_response_dispatch import dispatch_demand_response
from parkdispatch.studies.solve_case import audited_solution, solve_prepared, undecided_sizes
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import park_digest

MIN_HEALTH = 0.01  # [-] state of health below which no battery falls


@dataclass(frozen=True)
class YearWithoutIncrement:
    """A calendar year of the park without the increment, dispatched and audited."""

    prepared: Prepared  # with the increment's device, as the case has it
    case: Case  # without it
    solution: xr.Dataset


def require_increment_inputs(case: Case) -> tuple[Sizing, Finance]:
    """Return the sizing section and the finance of a case.

    Raises InputError with every reason why an increment of the case cannot be sized.
    """
    problems = []
    if case.sizing is None:
        problems.append("`sizing` is missing: must be given, because it says which battery is the increment")
    if case.finance is None:
        problems.append("`finance` is missing: must be given, because it says how many years there are")
    problems += undecided_sizes(
        case, "the existing park has its sizes, and `sizing` bounds that of the increment"
    )
    problems += sized_phase_problems(case)
    if problems or case.sizing is None or case.finance is None:
        raise InputError(problems)
    return case.sizing, case.finance


class ExistingPark:
    """The park without the increment. Each calendar year is solved once, when it is first asked for."""

    def __init__(
        self, prepared: Prepared, context: SolveContext, cycles: Mapping[str, float] | None = None
    ) -> None:
        """`prepared` has the existing devices at their age in the base year; `cycles` as the property."""
        self.sizing, self.finance = require_increment_inputs(prepared.case)
        self.context, self.prepared, self._cycles = context, prepared, cycles
        self._solving = self  # the park that solves the years; another one where the context is another
        self._years: dict[int, YearWithoutIncrement] = {}
        self._errors: dict[int, InfeasibleError | SolverError] = {}  # of years that fail, for all sizes
        self._optima: dict[int, Optimum] = {}  # of years whose demand response is not dispatched yet
        self._responses: dict[int, tuple[float, float]] = {}
        self._one_at_a_time = threading.RLock()

    @classmethod
    def of(
        cls, case: Case, context: SolveContext, cycles: Mapping[str, float] | None = None
    ) -> "ExistingPark":
        """The existing park of a case, with the values of `sizing.standing` in the base year."""
        case = existing_case(case)
        context.progress("reading")
        return cls(prepare(case, year_times(case)), context, cycles)

    def with_context(self, context: SolveContext) -> "ExistingPark":
        """The same park with another context for the increments; its own years are solved as by this one."""
        other = ExistingPark(self.prepared, context)
        other._solving = self._solving
        return other

    @cached_property
    def digest(self) -> str:
        """What the dispatch of its years depends on, beside the numbers of a task."""
        times = self.prepared.times
        horizon = [str(times[0]), str(times[-1]), len(times)]
        return digest([park_digest(self.prepared.case, self.context.options), horizon])

    @property
    def device(self) -> Battery:
        """The increment as the case has it. Raises InputError unless it is a battery of positive size."""
        battery = self.prepared.case.batteries.get(self.sizing.device)
        if battery is None or not largest_capacity(battery.energy_mwh) * battery.largest_power_mw > 0:
            raise InputError(f"`sizing.device` = '{self.sizing.device}': must be a battery of some size")
        return battery

    def increment(self, power_mw: float, energy_mwh: float, commissioned: int) -> Battery:
        """An increment of that size with new cells of its commissioning year, in years after the case's."""
        return new_increment(self.device, self.sizing, power_mw, energy_mwh, commissioned)

    @property
    def contracts(self) -> Contracts:
        """The contracts of the case, which pay the storage beside the dispatch."""
        return self.prepared.case.contracts

    @property
    def cycles(self) -> Mapping[str, float]:
        """Full cycles of each existing battery in the base year without the increment."""
        if self._solving is not self:
            return self._solving.cycles
        with self._one_at_a_time:
            if self._cycles is None:
                self._cycles = {}
                if existing := self._existing_batteries:
                    solution = self.year(0).solution
                    self._cycles = {
                        name: battery.indicators(device_quantities(solution, name))["full_cycles"]
                        for name, battery in existing.items()
                    }
            return self._cycles

    @property
    def _existing_batteries(self) -> dict[str, Battery]:
        return {n: b for n, b in self.prepared.case.batteries.items() if n != self.sizing.device}

    def health(self, offset: int) -> dict[str, float]:
        """State of health of each existing battery, `offset` years after the base year."""
        health = {}
        for name, battery in self._existing_batteries.items():
            share = battery.state_of_health
            for _ in range(offset):
                cycles = self.cycles[name] * share / battery.state_of_health
                share = max(MIN_HEALTH, battery.health_after(share, cycles))
            health[name] = share
        return health

    def year(self, offset: int) -> YearWithoutIncrement:
        """The calendar year `offset` years after the base year, dispatched without the increment.

        Raises InfeasibleError where the park is infeasible without the increment, SolverError if the audit
        fails.
        """
        if self._solving is not self:
            return self._solving.year(offset)
        with self._one_at_a_time:
            if offset in self._errors:
                raise self._errors[offset]
            if offset not in self._years:
                try:
                    self._years[offset] = self._solved_year(offset)
                except (InfeasibleError, SolverError) as error:
                    self._errors[offset] = error
                    raise
            return self._years[offset]

    def prepared_year(self, offset: int) -> Prepared:
        """That calendar year with the increment's device, not dispatched."""
        aged = aged_prepared(self.prepared, self.health(offset), offset)
        factors = self.prepared.case.yearly_changes.factors(offset)
        return with_yearly_changes(aged, factors.times(self.sizing.paths.factors(offset)))

    def _solved_year(self, offset: int) -> YearWithoutIncrement:
        prepared = self.prepared_year(offset)
        without = without_increment(prepared.case, self.sizing)
        try:
            optimum = solve_prepared(prepared.of(without), self.context)
        except InfeasibleError as error:
            raise InfeasibleError(
                f"the park is infeasible without `sizing.device` = '{self.sizing.device}', {offset} years"
                f" after the case's, so no saving can be stated: {error}"
            ) from error
        solution, _ = audited_solution(prepared.of(without), optimum)
        if metered_response(self.contracts) is not None:
            self._optima[offset] = optimum
        return YearWithoutIncrement(prepared, without, solution)

    def response(self, offset: int) -> tuple[float, float]:
        """Demand-response revenue of that year without the increment, and its cost [yuan]."""
        if self._solving is not self:
            return self._solving.response(offset)
        with self._one_at_a_time:
            if offset not in self._responses:
                year = self.year(offset)
                optimum = self._optima[offset]
                prepared = year.prepared.of(year.case)
                self._responses[offset] = demand_response_yuan(prepared, optimum, self.context)
                del self._optima[offset]
            return self._responses[offset]


def new_increment(
    template: Battery, sizing: Sizing, power_mw: float, energy_mwh: float, commissioned: int
) -> Battery:
    """A battery like the template, of that size, with new cells of a year after the case's."""
    fade = (1.0 + sizing.paths.battery_fade) ** commissioned
    return template.resized(power_mw, energy_mwh).model_copy(
        update={
            "fade_per_full_cycle": template.fade_per_full_cycle * fade,
            "fade_per_year": template.fade_per_year * fade,
        }
    )


def existing_case(case: Case) -> Case:
    """The case with the existing devices as they are in the increment's base year (`sizing.standing`)."""
    return with_values(case, require_increment_inputs(case)[0].standing)


def without_increment(case: Case, sizing: Sizing) -> Case:
    """The case without the increment's device."""
    return case.with_devices({name: device for name, device in case.devices.items() if name != sizing.device})


def demand_response_yuan(prepared: Prepared, optimum: Optimum, context: SolveContext) -> tuple[float, float]:
    """Demand-response revenue of a prepared park and what the response costs [yuan]; audited."""
    response = dispatch_demand_response(prepared, optimum, context)
    audited_solution(prepared, response.optimum)
    return response.revenue_yuan, response.bill_cost_yuan + response.other_cost_yuan
