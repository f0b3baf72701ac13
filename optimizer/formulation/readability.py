"""What of a device's block can be turned into rows and columns; everything else is refused by name.

The template reads variables, constraints and named expressions of one interval. A component it does not read
would be left out in silence, and the optimum of another problem be called proven.
"""

from collections.abc import Collection, Mapping
from typing import Any

import pyomo.core as pyo

from parkdispatch.models.errors import InputError

DATA = (pyo.Param, pyo.Set, pyo.RangeSet)  # hold numbers or names, no rule of the problem


class UnreadableDeviceError(InputError):
    """A device wrote what cannot be compiled: a fault of its author, told by component and remedy."""


def refuse_unreadable(block: Any, by_vocabulary: Mapping[str, Collection[str]]) -> None:
    """Raise UnreadableDeviceError with every component of an interval that would not become rows.

    `block` holds the block `device`, indexed by the devices' names, and nothing else yet. `by_vocabulary`
    names by device the components that the words of `Interval` put into its block, such as the binary of
    `either_or`. All devices have been written: one may have reached into another's block.
    """
    problems = [
        f"`device`: `{component.local_name}` is written outside of the device's own block, by one of"
        f" {', '.join(by_vocabulary)}: must be in the block that `interval` gets"
        for component in block.component_objects(descend_into=False)
        if component.local_name != "device"
    ]
    for device, words in by_vocabulary.items():
        device_block = block.device[device]
        if not device_block.active:
            problems.append(f"`device.{device}`: its block is deactivated: must be active")
        for component in device_block.component_objects(descend_into=False):
            name = component.local_name
            if reason := _changed(component) if name in words else _unreadable(component):
                problems.append(f"`device.{device}`: `{name}` {reason}")
    if problems:
        raise UnreadableDeviceError(problems)


def _changed(component: Any) -> str | None:
    """What was done to a component of the vocabulary that the compiler does not read; None for nothing."""
    if component.ctype is pyo.Constraint and not component.active:
        return "is deactivated: must be active, or its word not be used at all"
    if component.ctype is pyo.Var and not component.is_indexed() and component.fixed:
        return "is fixed: must be given equal bounds instead"
    return None


def _unreadable(component: Any) -> str | None:
    """Why a component cannot be compiled, and what to write instead; None where it can."""
    kind = getattr(component.ctype, "__name__", str(component.ctype))
    if component.ctype in DATA:
        return None
    if component.ctype not in (pyo.Var, pyo.Constraint, pyo.Expression):
        return f"is a {kind}: must be a variable, a constraint or a named expression of its own block"
    if component.is_indexed():
        return f"is an indexed {kind}: must be scalar, one component for each member"
    if component.ctype is pyo.Constraint and not component.active:
        return "is deactivated: must be active, or not be written at all"
    if component.ctype is pyo.Var:
        if not component.is_continuous():
            return (
                f"has the domain {component.domain}: must be real; that one of two is zero is said by"
                " `interval.either_or`, and a decision of 0 or 1 by `interval.binary`"
            )
        if component.fixed:
            return "is fixed: must be given equal bounds instead"
    return None
