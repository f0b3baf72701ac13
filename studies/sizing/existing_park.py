"""The park as the increment finds it: each calendar year without it, what stands being as aged as it is then.

So many years after the case's, load and prices are where the paths have brought them and the PV is so much
older. What stands has aged by as many years, as if it turned over each year what it does in the case's year
without the increment, in proportion to what is left of it. It is kept running, ageing on, until the
increment's life ends. A battery that would be worn out before keeps `WORN_OUT` of its energy: it does next to
nothing, with the increment and without it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.inputs.variations.ageing import aged, with_paths
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.models.capacity import largest
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.solve import Optimum
from parkdispatch.results.finance.lifetime import batteries
from parkdispatch.results.sizing.increment_value import metered
from parkdispatch.results.solution import seen
from parkdispatch.studies.dispatch import (
    Progress,
    SolveOptions,
    audited_solution,
    solve_prepared,
    undecided_sizes,
)
from parkdispatch.studies.lifetime.demand_response_dispatch import dispatch_demand_response

WORN_OUT = 0.01  # [-] state of health below which no battery falls


@dataclass(frozen=True)
class YearWithoutIncrement:
    """A calendar year of the park without the increment, dispatched and audited."""

    prepared: Prepared  # with the increment's device, as the case has it
    case: Case  # without it
    solution: xr.Dataset


def refuse_increment(case: Case) -> tuple[Sizing, Finance]:
    """What is asked, and the finance. Raises InputError with all that keeps a case from having an answer."""
    found = []
    if case.sizing is None:
        found.append("`sizing` is missing: must be given, because it says which battery is the increment")
    if case.finance is None:
        found.append("`finance` is missing: must be given, because it says how many years there are")
    found += undecided_sizes(
        case, "what stands has a size, and `sizing` says between what the increment's is"
    )
    if found or case.sizing is None or case.finance is None:
        raise InputError(found)
    return case.sizing, case.finance


class ExistingPark:
    """The park without the increment, each of its years solved once, when it is first asked for."""

    def __init__(
        self,
        prepared: Prepared,
        options: SolveOptions,
        progress: Progress,
        cycles: Mapping[str, float] | None = None,
    ) -> None:
        """`prepared` has what stands at its age in the case's year; `cycles` as the property, if known."""
        self.sizing, self.finance = refuse_increment(prepared.case)
        self.options, self.progress = options, progress
        self._prepared, self._cycles = prepared, cycles
        self._years: dict[int, YearWithoutIncrement] = {}
        self._optima: dict[int, Optimum] = {}  # that are yet to answer calls
        self._responses: dict[int, tuple[float, float]] = {}

    @classmethod
    def of(
        cls, case: Case, options: SolveOptions, progress: Progress, cycles: Mapping[str, float] | None = None
    ) -> "ExistingPark":
        """Of a case: what stands has the numbers that `sizing.standing` says."""
        sizing, _ = refuse_increment(case)
        progress("reading")
        standing = with_values(case, sizing.standing)
        return cls(prepare(standing, year_times(standing)), options, progress, cycles)

    def with_options(self, options: SolveOptions, progress: Progress) -> "ExistingPark":
        """The same park, its years known so far too, solved otherwise."""
        other = ExistingPark(self._prepared, options, progress, self._cycles)
        other._years, other._responses = dict(self._years), dict(self._responses)
        other._optima = dict(self._optima)
        return other

    @property
    def device(self) -> Battery:
        """The increment as the case has it. Raises InputError if there is none, or one of no size."""
        found = self._prepared.case.devices.get(self.sizing.device)
        if not isinstance(found, Battery) or not largest(found.energy_mwh) * found.largest_power_mw > 0:
            raise InputError(f"`sizing.device` = '{self.sizing.device}': must be a battery of some size")
        return found

    def increment(self, power_mw: float, energy_mwh: float, commissioned: int) -> Battery:
        """One of that size with new cells, as they are bought so many years after the case's.

        Least powers are of the converters, of which a larger battery has more: they grow with the power.
        """
        as_is = self.device
        fade = (1.0 + self.sizing.paths.battery_fade) ** commissioned
        power = power_mw / as_is.largest_power_mw
        return as_is.model_copy(
            update={
                "power_mw": power_mw,
                "energy_mwh": energy_mwh,
                "min_charge_mw": as_is.min_charge_mw * power,
                "min_discharge_mw": as_is.min_discharge_mw * power,
                "fade_per_full_cycle": as_is.fade_per_full_cycle * fade,
                "fade_per_year": as_is.fade_per_year * fade,
            }
        )

    @property
    def contracts(self) -> Contracts:
        """What the storage earns beside the dispatch, as the case has it."""
        return self._prepared.case.contracts

    @property
    def cycles(self) -> Mapping[str, float]:
        """Full cycles of each battery that stands, in the case's year without the increment."""
        if self._cycles is None:
            self._cycles = {}
            if owned := self._owned:
                solution = self.year(0).solution
                self._cycles = {
                    name: battery.indicators(seen(solution, name))["full_cycles"]
                    for name, battery in owned.items()
                }
        return self._cycles

    @property
    def _owned(self) -> dict[str, Battery]:
        return {n: b for n, b in batteries(self._prepared.case).items() if n != self.sizing.device}

    def health(self, offset: int) -> dict[str, float]:
        """State of health of each battery that stands, so many years after the case's."""
        found = {}
        for name, battery in self._owned.items():
            share = battery.state_of_health
            for _ in range(offset):
                cycles = self.cycles[name] * share / battery.state_of_health
                share = max(WORN_OUT, battery.health_after(share, cycles))
            found[name] = share
        return found

    def year(self, offset: int) -> YearWithoutIncrement:
        """The calendar year so many years after the case's.

        Raises InputError where the park cannot run without the increment, SolverError if the audit fails.
        """
        if offset not in self._years:
            there = with_paths(aged(self._prepared, self.health(offset), offset), self.sizing.paths, offset)
            case = there.case
            beside = case.with_devices({n: d for n, d in case.devices.items() if n != self.sizing.device})
            try:
                optimum = solve_prepared(there.of(beside), self.options, self.progress)
            except (InputError, InfeasibleError) as error:
                raise InputError(
                    f"the park cannot run without `sizing.device` = '{self.sizing.device}', {offset} years"
                    f" after the case's, so no bill tells what it saves: {' '.join(str(error).split()[:40])}"
                ) from error
            solution, _ = audited_solution(beside, optimum)
            self._years[offset] = YearWithoutIncrement(there, beside, solution)
            if metered(self.contracts) is not None:
                self._optima[offset] = optimum
        return self._years[offset]

    def response(self, offset: int) -> tuple[float, float]:
        """What that year's calls for demand response pay without the increment, and cost to answer [yuan]."""
        if offset not in self._responses:
            one = self.year(offset)
            self._responses[offset] = answered(one.prepared.of(one.case), self._optima.pop(offset), self)
        return self._responses[offset]


def answered(prepared: Prepared, optimum: Optimum, standing: ExistingPark) -> tuple[float, float]:
    """What a park's calls for demand response pay, and what answering adds to its costs [yuan]; audited."""
    made = dispatch_demand_response(prepared, optimum, standing.options, standing.progress)
    audited_solution(prepared.case, made.optimum)
    return made.revenue_yuan, made.bill_cost_yuan + made.other_cost_yuan
