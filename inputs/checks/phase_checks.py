"""Checks of the phases of a storage against the whole case."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
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


def sized_phase_problems(case: "Case") -> Iterator[str]:
    """Why a battery of a case with phases cannot be sized; nothing without phases or `sizing`."""
    phases, sizing = case.phases, case.sizing
    if phases is None or sizing is None:
        return
    for path in sizing.standing:
        field = path.removeprefix("device.")
        for name in case.batteries:
            if fnmatchcase(f"{name}.state_of_health", field):
                yield (
                    f"`sizing.standing`: '{path}': must be left out, because `phases` say when '{name}' is"
                    " commissioned, and its cells age from then"
                )
    if phases.phase[0].devices == (sizing.device,) and sizing.shared_station_yuan_per_kw > 0:
        yield (
            f"`sizing.shared_station_yuan_per_kw` = {sizing.shared_station_yuan_per_kw:.15g}: must be 0,"
            f" because '{sizing.device}' is the first of `phases`, before which no station stands"
        )
