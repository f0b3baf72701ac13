"""The case with the sizes that the optimizer chose together, as `study` takes it.

devices with a size to be decided ─▶ the chosen numbers; one that is chosen to be nothing is left out
capital of a year                 ─▶ investment, whose annuity it is
smallest sizes                    ─▶ `finance.instead`, the park that the investment is compared with
"""

from dataclasses import replace
from pathlib import Path

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.case_writer import written_case
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.models.errors import InputError
from parkdispatch.results.chosen_sizes import chosen_sizes
from parkdispatch.results.finance.annuity import annuity_share
from parkdispatch.results.io.files import replacing
from parkdispatch.results.sizing.increment_value import increment_finance

LEAST_SIZE = 1e-6  # MW, MWh or of a plant: less is nothing but the rounding of the solver


def require_sizes_to_write(case: Case) -> None:
    """Raise InputError where a case has no sizes to be decided, or no years over which to pay for them."""
    problems = []
    if not any(device.undecided_sizes for device in case.devices.values()):
        problems.append("argument `write_case`: the case leaves no size to the optimizer, must have one")
    if case.finance is None:
        problems.append("`finance` is missing: must be given, because sizes are paid over its years")
    problems += [
        f"`{table}`: must be left out for argument `write_case`, because its money is that of a storage alone"
        for table in ("phases", "owners", "sizing")
        if getattr(case, table) is not None
    ]
    if problems:
        raise InputError(problems)


def case_of_sizes(case: Case, solution: xr.Dataset) -> Case:
    """The case with the sizes of a dispatch of its year, and the investment in all of them.

    The capital of a year is the annuity of the investment, with insurance, decommissioning and upkeep by
    investment, at the discount rate of `finance` over its years of operation.
    """
    require_sizes_to_write(case)
    assert case.finance is not None
    devices, fields, instead, capital_yuan = dict(case.devices), dict[str, dict[str, float]](), {}, 0.0
    for chosen in chosen_sizes(solution, case):
        fields.setdefault(chosen.device, {})[chosen.field] = chosen.size
        instead[f"device.{chosen.device}.{chosen.field}"] = chosen.least
        capital_yuan += chosen.capital_yuan
    for name, sizes in fields.items():
        if min(sizes.values()) <= LEAST_SIZE and devices[name].role != "load":
            del devices[name]
            instead = {
                path: least for path, least in instead.items() if not path.startswith(f"device.{name}.")
            }
        else:
            devices[name] = with_fields(devices[name], f"device.{name}", sizes)
    if not capital_yuan > 0:
        raise InputError("argument `write_case`: the sizes chosen cost nothing, must cost something")
    finance = increment_finance(case.finance, capital_yuan / annuity_share(case.finance))
    return replace(case.with_devices(devices), finance=finance.model_copy(update={"instead": instead}))


def write_sized_case(case: Case, solution: xr.Dataset, path: Path) -> float:
    """Write the case file with the sizes of a dispatch, whole or not at all; return the investment [yuan]."""
    sized = case_of_sizes(case, solution)
    assert sized.finance is not None
    names = ", ".join(dict.fromkeys(chosen.device for chosen in chosen_sizes(solution, case)))
    text = written_case(sized, f"sizes of {names} as chosen together")
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")
    return sized.finance.investment_yuan
