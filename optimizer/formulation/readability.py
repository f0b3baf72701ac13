"""What of a device's block can be turned into rows and columns; everything else is refused by name.

The template reads variables, constraints and named expressions of one interval. A component it does not read
would be left out in silence, and the optimum of another problem be called proven.
"""

from collections.abc import Collection
from typing import Any

import pyomo.environ as pyo

from parkdispatch.models.errors import InputError

DATA = (pyo.Param, pyo.Set, pyo.RangeSet)  # hold numbers or names, no rule of the problem


class UnreadableDeviceError(InputError):
    """A device wrote what cannot be compiled: a fault of its author, told by component and remedy."""


def refuse_unreadable(device: str, block: Any, by_vocabulary: Collection[str]) -> None:
    """Raise UnreadableDeviceError with every component of a device's block that would not become rows.

    `by_vocabulary` names the components that the words of `Interval` put there, such as the binary of
    `either_or`.
    """
    problems = []
    for component in block.component_objects(descend_into=False):
        name = component.local_name
        if name not in by_vocabulary and (reason := _unreadable(component)):
            problems.append(f"`device.{device}`: `{name}` {reason}")
    if problems:
        raise UnreadableDeviceError(problems)


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
