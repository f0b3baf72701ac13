"""A size built all at once or in the steps of the case: the storage as a whole, with modules and station.

Both ways have the same batteries in the end. Money is in yuan, VAT included; NPVs are discounted to the first
phase's start.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parkdispatch.results.sizing.sizing_results import NEVER, BuiltStorage

AT_ONCE, IN_STEPS = WAYS = ("at_once", "in_steps")


def built_in(built: Sequence[BuiltStorage], key: str, way: str) -> BuiltStorage | None:
    """A choice built in one way; None where it was not computed."""
    return next((other for other in built if (other.choice.key, other.way) == (key, way)), None)


def step_statements(
    built: Sequence[BuiltStorage], key: str | None, base_year: int
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is said of building in steps, with that choice, or the best one: key and numbers of a sentence."""
    in_steps = [other for other in built if other.way == IN_STEPS and other.choice.key != NEVER]
    if not in_steps:
        return
    best = max(in_steps, key=lambda other: other.npv_yuan)
    steps = built_in(in_steps, key or "", IN_STEPS) or best
    once = built_in(built, steps.choice.key, AT_ONCE)
    if once is not None:
        more_yuan = steps.npv_yuan - once.npv_yuan
        numbers = {
            "choice": steps.choice,
            "year": base_year + steps.year,
            "npv_yuan": steps.npv_yuan,
            "difference_yuan": abs(more_yuan),
        }
        yield ("steps_better" if more_yuan >= 0 else "at_once_better", numbers)


def added_npv_yuan(built: Sequence[BuiltStorage], storage: BuiltStorage) -> float | None:
    """NPV of the storage less that of the other batteries alone, built in the same way; None: not known."""
    if sum(len(phase.phase.devices) for phase in storage.phases) == 1 and storage.choice.key != NEVER:
        return storage.npv_yuan
    others = built_in(built, NEVER, storage.way)
    return None if others is None else storage.npv_yuan - others.npv_yuan
