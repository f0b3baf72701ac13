"""Limits over more than a day in plans of single days: each plan has an allowance, which it may exceed.

A total over a year, read from series, says of each plan what the limit leaves to it:

    least left - excess <= sum of the plan's part of the period <= most left + excess,    excess >= 0

`excess` is one decision of the plan's horizon. It costs more than anything a plan could buy for it, so a plan
exceeds its allowance only where no dispatch stays within it, and then by as little as possible.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import time

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.vocabulary import DailyWindow, Period
from parkdispatch.optimizer.formulation.template import Key, PeriodTotal, SharedDecision, Template
from parkdispatch.optimizer.formulation.tile import Tiled

EXCESS = "_excess"  # ending of the decision, and label of its cost, which is no money


def allowable_totals(template: Template) -> list[PeriodTotal]:
    """Totals that tie days together, that no device hands on, and whose limits are numbers."""
    return [
        total
        for total in template.totals
        if total.before is None and crosses_midnight(total.per) and not _has_shared(template, total)
    ]


def crosses_midnight(per: Period) -> bool:
    """Whether a period may lie in two days."""
    if isinstance(per, DailyWindow):
        return not per.begin < per.end and per.end != time.min
    return per != "day"


def _has_shared(template: Template, total: PeriodTotal) -> bool:
    """Whether a decision of a period is in the sum or its limits."""
    functionals = [number for number in (total.body, total.lower, total.upper) if number is not None]
    first = len(template.columns) + len(template.previous)
    shared = slice(first, first + len(template.shared))
    limits = [number for number in functionals if number != total.body]
    return bool(
        template.coefficients[:, functionals, shared].any() or template.coefficients[:, limits, :first].any()
    )


def allowance_series(key: Key) -> dict[str, Key]:
    """The series that an allowance is read from: what is left at least and at most, the cost of an excess."""
    return {part: (key[0], f"{key[1]}_{part}") for part in ("least_left", "most_left", "excess_yuan")}


def excess_yuan(tiled: Tiled, x: Array) -> float:
    """What excesses of allowances cost at a solution, which is no money."""
    yuan = 0.0
    for shared, start in zip(tiled.template.shared, tiled.shared_starts, strict=False):
        if shared.key[1].endswith(EXCESS):
            (cost,) = shared.costs.values()
            yuan += float(tiled.constant_term(cost, slice(0, 1))[0] * x[start])
    return yuan


def with_allowances(template: Template, keys: Iterable[Key]) -> Template:
    """The template whose totals of these keys are limited by their allowances; `template` where it is so."""
    wanted = set(keys)
    for number, total in enumerate(template.totals):
        if total.key in wanted and allowance_series(total.key)["excess_yuan"] not in template.series:
            template = _with_allowance(template, number)
    return template


def without_allowed(template: Template, keys: Iterable[Key]) -> Template:
    """The template without the totals of these keys."""
    left_out = set(keys)
    return replace(template, totals=[total for total in template.totals if total.key not in left_out])


def _with_allowance(template: Template, number: int) -> Template:
    total, series = template.totals[number], allowance_series(template.totals[number].key)
    sides = (("least_left", total.lower), ("most_left", total.upper))
    names = [part for part, side in sides if side is not None]
    names.append("excess_yuan")
    count, functionals = template.coefficients.shape[:2]
    slot = len(template.columns) + len(template.previous) + len(template.shared)
    wide = np.insert(template.coefficients, slot, 0.0, axis=2)  # the excess, after other shared decisions
    wide = np.pad(wide, [(0, len(names)), (0, len(names) + 1), (0, 0)])
    of: dict[str, int] = {}
    for place, name in enumerate(names):
        of[name] = functionals + place
        wide[count + place, of[name], -1] = 1.0
    for name, sign in (("least_left", -1.0), ("most_left", 1.0)):
        if name in of:
            wide[0, of[name], slot] = sign
    zero = functionals + len(names)
    excess = SharedDecision(
        key=(total.key[0], total.key[1] + EXCESS),
        per="horizon",
        lower=zero,
        upper=None,
        costs={total.key[1] + EXCESS: of["excess_yuan"]},
    )
    allowed = replace(total, lower=of.get("least_left"), upper=of.get("most_left"))
    return replace(
        template,
        series=[*template.series, *(series[name] for name in names)],
        shared=[*template.shared, excess],
        totals=[*template.totals[:number], allowed, *template.totals[number + 1 :]],
        coefficients=wide,
    )
