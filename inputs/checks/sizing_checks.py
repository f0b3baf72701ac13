"""Checks of the sizing problem against the whole case."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.inputs.variations.uncertainties import with_uncertain_values
from parkdispatch.models.capacity import Sized
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Uncertainty

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def sizing_problems(case: "Case") -> list[str]:
    """Problems with the sized device, the trends, the changed numbers and the limits of uncertainties."""
    sizing = case.sizing
    if sizing is None:
        return []
    problems = _device_problems(case, sizing.device)
    if case.finance is None:
        problems.append("`finance` is missing: must be given, because `sizing` asks what a size returns")
    problems += [
        f"`sizing.paths.{path}` = {change:.15g}: must be 0, because the prices of `{grid}` are read from"
        " a file"
        for path in ("purchase_price", "spread")
        if (change := getattr(sizing.paths, path))
        for grid, series in case.series
        if series == "purchase_price_yuan_per_mwh"
    ]
    if sizing.wait is not None and case.finance is not None:
        wait, most = sizing.wait.years, case.finance.operation_years
        if wait > most:
            problems.append(
                f"`sizing.wait.years` = {wait}: must be at most `finance.operation_years` = {most}, after"
                " which the decision is about another storage"
            )
    for path, value in sizing.standing.items():
        try:
            with_values(case, {path: value})
        except InputError as error:
            problems += [f"`sizing.standing`: '{path}' = {value:.15g}: {line}" for line in error.problems]
    for number, uncertainty in enumerate(sizing.doubt):
        for value in _limits(uncertainty):
            try:
                with_uncertain_values(case, {uncertainty: value})
            except InputError as error:
                problems += [f"`sizing.doubt[{number}]`: {line}" for line in error.problems]
    return list(dict.fromkeys(problems))


def _device_problems(case: "Case", name: str) -> list[str]:
    batteries = case.batteries
    if name not in batteries:
        known = ", ".join(batteries) or "none, so there is nothing to size"
        return [
            f"`sizing.device` = '{name}': must be a battery of the case: {known}{closest(name, batteries)}"
        ]
    return [
        f"`device.{name}.{field}` = {size.min:.15g} to {size.max:.15g}: must be a number, because"
        " `sizing` says between what its size is sought"
        for field in ("power_mw", "energy_mwh")
        if isinstance(size := getattr(batteries[name], field), Sized)
    ]


def _limits(uncertainty: Uncertainty) -> list[float]:
    """Values to try: those of a choice, the limits given, or the mean of an unlimited normal distribution."""
    limits = uncertainty.values or tuple(x for x in (uncertainty.low, uncertainty.high) if x is not None)
    return list(limits) or [uncertainty.mean or 0.0]
