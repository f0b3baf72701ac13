"""What is wrong with the question of a size, seen with the whole case in view."""

from typing import TYPE_CHECKING

from parkdispatch.inputs.messages.validation import closest
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.inputs.variations.uncertainties import in_world
from parkdispatch.models.capacity import Sized
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Uncertainty
from parkdispatch.models.stores.battery import Battery

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case


def sizing_problems(case: "Case") -> list[str]:
    """Devices that are no battery, numbers that lead nowhere, ends of doubts that the case refuses."""
    sizing = case.sizing
    if sizing is None:
        return []
    found = _device_problems(case, sizing.device)
    if case.finance is None:
        found.append("`finance` is missing: must be given, because `sizing` asks what a size returns")
    found += [
        f"`sizing.paths.{path}` = {change:g}: must be 0, because the prices of `{grid}` are read from a file"
        for path in ("purchase_price", "spread")
        if (change := getattr(sizing.paths, path))
        for grid, series in case.series
        if series == "purchase_price_yuan_per_mwh"
    ]
    for path, value in sizing.standing.items():
        try:
            with_values(case, {path: value})
        except InputError as error:
            found += [f"`sizing.standing`: '{path}' = {value:g}: {line}" for line in error.problems]
    for at, doubt in enumerate(sizing.doubt):
        for value in _ends(doubt):
            try:
                in_world(case, {doubt: value})
            except InputError as error:
                found += [f"`sizing.doubt[{at}]`: {line}" for line in error.problems]
    return list(dict.fromkeys(found))


def _device_problems(case: "Case", name: str) -> list[str]:
    owned = {n: d for n, d in case.devices.items() if isinstance(d, Battery)}
    if name not in owned:
        known = ", ".join(owned) or "none, so there is nothing to size"
        return [f"`sizing.device` = '{name}': must be a battery of the case: {known}{closest(name, owned)}"]
    return [
        f"`device.{name}.{field}` = {size.min:g} to {size.max:g}: must be a number, because `sizing` says"
        " between what its size is sought"
        for field in ("power_mw", "energy_mwh")
        if isinstance(size := getattr(owned[name], field), Sized)
    ]


def _ends(doubt: Uncertainty) -> list[float]:
    """Values a doubt may have; of a normal one without ends, its mean."""
    ends = doubt.values or tuple(x for x in (doubt.low, doubt.high) if x is not None)
    return list(ends) or [doubt.mean or 0.0]
