"""Sizes of the increment in a case with phases: the storage as a whole, built all at once and in steps.

    choice ─▶ increment of that size in its phase ─▶ phases in their years ─▶ years, cash flow of each, NPV
                                               └──▶ all in the first year ─▶ the same

The first phase pays for the shared station in its year, each phase for its modules in its own. The modules of
the increment cost what the choice says, those of other batteries their share of the case's investment.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from parkdispatch.inputs.case import Case
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.device import Device
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.phases import BuildPhases, finance_of_phase
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.finance.yearly_changes import ParkYearlyChanges
from parkdispatch.results.finance.phase_study import cash_flow_of_phases
from parkdispatch.results.sizing.build_steps import AT_ONCE, WAYS
from parkdispatch.results.sizing.increment_value import scaled_contracts
from parkdispatch.results.sizing.sizing_results import BuiltStorage, Choice
from parkdispatch.studies.lifetime.phased_study import dispatch_phases
from parkdispatch.studies.sizing.existing_park import (
    ExistingPark,
    new_increment,
    require_increment_inputs,
)
from parkdispatch.studies.study_tasks import Attempts

PART = "steps"


def attempted_steps(
    existing: ExistingPark, choices: Sequence[Choice], attempts: Attempts, every_year: bool = False
) -> tuple[BuiltStorage, ...]:
    """Each choice, building none among them, built in both ways; `attempts` names what fails.

    With `every_year` each year is dispatched, else as in a quick study of phases. The case must have phases.
    """
    built: list[BuiltStorage] = []
    for choice in choices:
        for way in WAYS:
            existing.context.progress(f"{choice.name or choice.key}, {way.replace('_', ' ')}")
            compute = partial(built_storage, existing, choice, way, every_year)
            about = {"name": choice.name or choice.key, "name_zh": choice.name_zh}
            storage = attempts.run(PART, compute, **about)
            built += [] if storage is None else [storage]
    return tuple(built)


def built_storage(
    existing: ExistingPark, choice: Choice, way: str, every_year: bool = False
) -> BuiltStorage | None:
    """All batteries of the case with a choice of the increment, built in that way; None without any.

    Raises as `dispatch_phases`.
    """
    plan = StepPlan.of(existing.prepared.case, choice, way)
    if plan is None:
        return None
    prepared = existing.prepared.of(plan.case)
    lifetime, studies = dispatch_phases(
        prepared, existing.context, quick=not every_year, finances=plan.finances
    )
    return BuiltStorage(
        choice=choice,
        way=way,
        year=plan.increment_year,
        station_yuan=plan.station_yuan,
        increment_yuan=plan.increment_yuan,
        phases=studies,
        cash=cash_flow_of_phases(studies),
        gap=lifetime.largest_gap,
    )


class StepPlan:
    """What is built when, and at what cost, for a choice of the increment in one way."""

    def __init__(self, case: Case, phases: BuildPhases, choice: Choice, way: str) -> None:
        """`phases` are those with the batteries that are built."""
        self._before, self._choice = case, choice
        self._sizing, self._money = require_increment_inputs(case)
        assert case.phases is not None
        self._all, self._name = case.phases, self._sizing.device
        self._built = choice.power_mw > 0 and choice.energy_mwh > 0
        self.phases = phases.at_once() if way == AT_ONCE else phases
        number = self.phases.number_of(self._name) if self._built else 0
        self.increment_year = self.phases.phase[number].commissioned if self._built else 0
        self.increment_yuan = choice.investment_yuan * self._price_factor(self.increment_year)
        self.case = self._built_case()
        self.finances = [self._finance(number) for number in range(len(self.phases.phase))]

    @classmethod
    def of(cls, case: Case, choice: Choice, way: str) -> "StepPlan | None":
        """The plan of a case with phases; None where nothing is built."""
        assert case.phases is not None
        sizing, _ = require_increment_inputs(case)
        kept = [name for name in case.batteries if choice.power_mw > 0 or name != sizing.device]
        phases = case.phases.with_devices(kept)
        return None if phases is None else cls(case, phases, choice, way)

    @property
    def station_yuan(self) -> float:
        """The shared station, which the first phase pays for.

        Zero where that is the increment alone, whose price has the station.
        """
        return 0.0 if self.phases.phase[0].devices == (self._name,) else self._all.shared_station_yuan

    def as_declared(self) -> Case:
        """The case as `study` takes it: phases and investment in the place of the finance of each phase.

        A replacement costs the increment what it costs at the case's own path of prices.
        """
        change, modules = self._all.yearly_price_change, list[float]()
        for number, (phase, finance) in enumerate(zip(self.phases.phase, self.finances, strict=True)):
            then_yuan = finance.investment_yuan - (self.station_yuan if number == 0 else 0.0)
            modules.append(then_yuan / (1.0 + change) ** phase.commissioned)
        total = sum(modules)
        phases = [
            phase.model_copy(update={"modular_share": yuan / total})
            for phase, yuan in zip(self.phases.phase, modules, strict=True)
        ]
        replacement = self._money.replacement
        cells = total / (self._money.investment_yuan - self._all.shared_station_yuan)
        bought = replacement.model_copy(update={"cost_yuan": replacement.cost_yuan * cells})
        return replace(
            self.case,
            phases=self._all.model_copy(
                update={"phase": tuple(phases), "shared_station_yuan": self.station_yuan}
            ),
            finance=self._money.model_copy(
                update={"investment_yuan": total + self.station_yuan, "replacement": bought}
            ),
        )

    def _built_case(self) -> Case:
        """The case with the increment of that size, its phases, and the trends of `sizing.paths`."""
        case, choice = self._before, self._choice
        named = [name for phase in self.phases.phase for name in phase.devices]
        devices: dict[str, Device] = {
            name: device
            for name, device in case.devices.items()
            if name in named or name not in case.batteries
        }
        if self._built:
            template = case.batteries[self._name]
            size = (choice.power_mw, choice.energy_mwh)
            devices[self._name] = new_increment(template, self._sizing, *size, self.increment_year)
        built = case.with_devices(devices)
        energy_mwh, before_mwh = (
            sum(largest_capacity(battery.energy_mwh) for battery in park.batteries.values())
            for park in (built, case)
        )
        return replace(
            built,
            phases=self.phases,
            contracts=scaled_contracts(case.contracts, energy_mwh / before_mwh),
            yearly_changes=with_paths(case, self._sizing),
        )

    def _price_factor(self, years: int) -> float:
        """Price of the increment after so many years: by its own path, or as that of all modules."""
        paths = self._sizing.paths
        given = "battery_price" in paths.model_fields_set
        return float((1.0 + (paths.battery_price if given else self._all.yearly_price_change)) ** years)

    def _finance(self, number: int) -> Finance:
        """The finance of a phase as a project of its own."""
        phase, finance = self.phases.phase[number], self._money
        modular_yuan = finance.investment_yuan - self._all.shared_station_yuan
        others_yuan = sum(self._modules_yuan(name) for name in phase.devices if name != self._name)
        investment_yuan = others_yuan * (1.0 + self._all.yearly_price_change) ** phase.commissioned
        cells_yuan = others_yuan
        if self._name in phase.devices:
            investment_yuan += self.increment_yuan
            cells_yuan += self._choice.investment_yuan
        if number == 0:
            investment_yuan += self.station_yuan
        return finance_of_phase(finance, investment_yuan, cells_yuan / modular_yuan, phase.commissioned)

    def _modules_yuan(self, name: str) -> float:
        """What the modules of a battery of the case cost in the first year."""
        finance, phases, batteries = self._money, self._all, self._before.batteries
        rated = {other: largest_capacity(battery.energy_mwh) for other, battery in batteries.items()}
        phase = phases.phase[phases.number_of(name)]
        of_phase_mwh = sum(rated[other] for other in phase.devices)
        share = phase.modular_share
        if share is None:
            share = of_phase_mwh / sum(rated.values())
        return (finance.investment_yuan - phases.shared_station_yuan) * share * rated[name] / of_phase_mwh


def with_paths(case: Case, sizing: Sizing) -> ParkYearlyChanges:
    """The yearly changes of a case with the trends of `sizing.paths` on top."""
    paths = sizing.paths
    return case.yearly_changes.on_top(
        purchase_price=paths.purchase_price, spread=paths.spread, load=paths.load
    )
