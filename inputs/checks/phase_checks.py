"""Checks of the phases of a storage against the whole case."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.messages.problem_sentences import closest

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def phase_problems(case: "Case") -> list[str]:
    """Batteries that are none of the case or of no phase, a station dearer than all."""
    if case.phases is None:
        return []
    problems, named = [], [name for phase in case.phases.phase for name in phase.devices]
    if case.finance is None:
        problems.append("`finance` is missing: must be given, because `phases` say when it is invested")
    elif case.phases.shared_station_yuan >= case.finance.investment_yuan:
        problems.append(
            f"`phases.shared_station_yuan` = {case.phases.shared_station_yuan:.15g}: must be below"
            f" `finance.investment_yuan` = {case.finance.investment_yuan:.15g}, of which it is a part"
        )
    known = ", ".join(case.batteries) or "none"
    for number, phase in enumerate(case.phases.phase):
        for place, name in enumerate(phase.devices):
            if name not in case.batteries:
                problems.append(
                    f"`phases.phase[{number}].devices[{place}]` = '{name}': must be a battery of the case:"
                    f" {known}{closest(name, case.batteries)}"
                )
    if missing := [name for name in case.batteries if name not in named]:
        problems.append(f"`phases`: must have every battery, and has none of {', '.join(missing)}")
    return problems
