"""The case that a sizing study recommends, as `study` takes it: the increment of a choice, and its money.

standing batteries? ── no ──▶ the increment is the storage, at the price of the choice
│
└─ yes ──▶ phases: what stands, and the increment beside it, both in the first year
phases of the case ──▶ the phases, in their years, with the increment of that size
"""

from dataclasses import replace
from pathlib import Path

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.case_writer import written_case
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.phases import BuildPhase, BuildPhases
from parkdispatch.results.io.files import replacing
from parkdispatch.results.sizing.build_steps import IN_STEPS
from parkdispatch.results.sizing.decision import best_cell, best_offer, size_text, verdict
from parkdispatch.results.sizing.increment_value import increment_finance, scaled_contracts
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, SizeStudy
from parkdispatch.studies.sizing.existing_park import (
    existing_case,
    new_increment,
    require_increment_inputs,
)
from parkdispatch.studies.sizing.step_runs import StepPlan, with_paths

WRITTEN = ("device", "finance", "contract")  # tables that `sizing.standing` may change in a written case
STANDING, INCREMENT = "standing", "increment"  # names of the phases that a case without phases is given


def chosen(study: SizeStudy) -> Choice:
    """The size of a study to value further: the recommended one, else the best that was valued.

    Raises InputError where no size was valued.
    """
    recommended, offer, cell = verdict(study), best_offer(study), best_cell(study)
    in_steps = [built for built in study.steps if built.way == IN_STEPS and built.choice.key != NEVER]
    sizes = [choice for choice in study.choices if choice.key == "best"]
    if in_steps and study.case.phases is not None:
        return max(in_steps, key=lambda built: built.npv_yuan).choice
    if recommended is not None and recommended.choice.power_mw > 0:
        return recommended.choice
    for known in (offer and offer[0].choice, cell and cell[0], *sizes):
        if known is not None:
            return known
    raise InputError("argument `write_case`: no size was valued, so that there is none to write")


def write_chosen_case(study: SizeStudy, path: Path) -> str:
    """Write the case file of the choice of a study; return its size in words.

    The file appears whole or not at all. Raises InputError where it cannot be written, or no size was valued.
    """
    choice = chosen(study)
    size = size_text(choice.power_mw, choice.energy_mwh)
    text = written_case(case_of_choice(study.case, choice), f"{study.sizing.device}: {size}, as sized")
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return size


def case_of_choice(case: Case, choice: Choice) -> Case:
    """The case with the increment of a choice, built in the first year, or in its phase.

    `study` values it: the storage is the increment, or where other batteries stand, phase `increment` is.
    What stands has its share of the case's investment by rated energy. Raises InputError where
    `sizing.standing` changes the tariff, which no case file holds.
    """
    if case.phases is not None:
        plan = StepPlan.of(existing_case(case), choice, IN_STEPS)
        assert plan is not None
        return plan.as_declared()
    sizing, finance = require_increment_inputs(case)
    if wrong := [path for path in sizing.standing if path.split(".")[0] not in WRITTEN]:
        raise InputError(
            f"argument `write_case`: `sizing.standing` changes {', '.join(wrong)}, which is not written"
        )
    before = existing_case(case)
    template = before.batteries[sizing.device]
    increment = new_increment(template, sizing, choice.power_mw, choice.energy_mwh, 0)
    built = before.with_devices({**before.devices, sizing.device: increment})
    built = replace(built, yearly_changes=with_paths(case, sizing))
    share = choice.energy_mwh / largest_capacity(template.energy_mwh)
    others = [name for name in built.batteries if name != sizing.device]
    if not others:
        return replace(
            built,
            finance=increment_finance(finance, choice.investment_yuan),
            contracts=scaled_contracts(before.contracts, share),
        )
    rated_mwh = {name: largest_capacity(battery.energy_mwh) for name, battery in before.batteries.items()}
    standing_yuan = finance.investment_yuan * (1.0 - rated_mwh[sizing.device] / sum(rated_mwh.values()))
    total_yuan = standing_yuan + choice.investment_yuan
    total_mwh = sum(largest_capacity(battery.energy_mwh) for battery in built.batteries.values())
    phases = [
        BuildPhase(
            name=name,
            name_zh=name_zh,
            devices=tuple(devices),
            commissioned=0,
            modular_share=yuan / total_yuan,
        )
        for name, name_zh, devices, yuan in (
            (STANDING, "已有", others, standing_yuan),
            (INCREMENT, "增建", [sizing.device], choice.investment_yuan),
        )
    ]
    return replace(
        built,
        phases=BuildPhases(phase=tuple(phases)),
        finance=increment_finance(finance, total_yuan),
        # a stated contract of the case is that of an increment of the case's size
        contracts=scaled_contracts(before.contracts, share * total_mwh / choice.energy_mwh),
    )
