"""Checks of the owners against the whole case."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.messages.problem_sentences import closest

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def owner_problems(case: "Case") -> list[str]:
    """Devices of an owner that the case does not have or that are storage, and owners without finance."""
    if case.owners is None:
        return []
    problems = []
    if case.finance is None:
        problems.append("`finance` is missing: must be given, because `owners` asks what each of them earns")
    for number, name in enumerate(case.owners.pv.devices):
        path = f"`owners.pv.devices[{number}]` = '{name}'"
        if name not in case.devices:
            known = ", ".join(case.devices)
            problems.append(f"{path}: must be a device of the case: {known}{closest(name, case.devices)}")
        elif case.devices[name].role != "source":
            problems.append(f"{path}: must be a source, because the PV company sells what it makes")
    return problems
