"""Sensitivity tornado: the effect of each of a case's sensitivities on the returns of its storage.

Where a change affects the dispatch, a few years are dispatched again; otherwise only the cash flow changes.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.changes import value_at
from parkdispatch.inputs.variations.sensitivity_ends import SensitivityCase, sensitivity_cases
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.finance.tornado import Bar, BarEnd, Measures, Tornado, by_descending_swing, measures
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts

NO_MORE_YEARS: tuple[int, ...] = ()  # dispatch only the years that are dispatched in any case


def sensitivity_tornado(case: Case, lifetime: Lifetime, context: SolveContext) -> Tornado:
    """The effect of each sensitivity of a case on its returns; `lifetime` is the dispatch of that case.

    Where an end of a range affects the dispatch, the first two years and the last are dispatched, the others
    interpolated, for the case as it is and as changed. The difference is added to the operation of
    `lifetime`. Metered demand response, which takes dispatches of its own, is left out of both unless the
    sensitivity is one of the contracts. An end that fails is left out (`Tornado.failed`); finished years are
    kept in `context.finished`. Raises InputError where the case has no sensitivities, and the first error
    where no end is left.
    """
    finance = require_lifetime_inputs(case)
    if not case.sensitivities:
        raise InputError(f"`sensitivity`: case {case.name} has none, must have one for a tornado")
    base = measures(cash_flow(finance.replaced_after(lifetime.replaced_year), lifetime.operation()))
    runs, attempts = _SensitivityRuns(lifetime, context), Attempts()
    bars = []
    for number, sensitivity in enumerate(case.sensitivities, 1):
        bar_ends = {}
        for end in sensitivity_cases(case, sensitivity):
            context.progress(
                f"sensitivity {number} of {len(case.sensitivities)}, {sensitivity.name}: {end.side}"
            )
            bar_ends[end.side] = attempts.run(
                "sensitivities",
                partial(runs.measured, end),
                name=f"{sensitivity.name}: {end.value:.15g}",
                name_zh=f"{sensitivity.name_zh or sensitivity.name}: {end.value:.15g}",
            )
        bars.append(
            Bar(
                name=sensitivity.name,
                name_zh=sensitivity.name_zh or sensitivity.name,
                source=sensitivity.source,
                base_value=value_at(case, sensitivity.fields[0]),
                low=bar_ends.get("low"),
                high=bar_ends.get("high"),
            )
        )
    bars = [bar for bar in bars if bar.low or bar.high]
    if not bars:
        attempts.raise_first()
    failed = tuple(attempts.failed)
    return Tornado(base, by_descending_swing(base, bars), runs.years, attempts.asked["sensitivities"], failed)


class _SensitivityRuns:
    """The returns of changed cases: the operation of a lifetime, shifted by the change in a few years."""

    def __init__(self, lifetime: Lifetime, context: SolveContext) -> None:
        self._lifetime, self._context = lifetime, context.silent()
        self._unchanged: dict[bool, Lifetime] = {}  # a few years of the unchanged case, by `without_events`
        self.years: tuple[int, ...] = ()  # that were dispatched

    def measured(self, end: SensitivityCase) -> BarEnd:
        """The measures of the case changed as at that end of a sensitivity."""
        case, operation = self._lifetime.case, self._lifetime.operation()
        dispatched = _dispatch_inputs(end.case) != _dispatch_inputs(case)
        replaced_year = self._lifetime.replaced_year
        if require_lifetime_inputs(end.case).operation_years != len(self._lifetime.years):
            # no years to shift one by one: the changed lifetime stands for itself
            changed = self._few_years(end.case, without_events=False)
            operation, dispatched, replaced_year = changed.operation(), True, changed.replaced_year
        elif dispatched:
            without_events = end.case.contracts == case.contracts
            changed = self._few_years(end.case, without_events)
            if without_events not in self._unchanged:
                self._unchanged[without_events] = self._few_years(case, without_events)
            unchanged = self._unchanged[without_events]
            operation = shifted_operation(operation, unchanged.operation(), changed.operation())
            replaced_year = changed.replaced_year
        return BarEnd(end.value, _measures(end.case, operation, replaced_year), dispatched)

    def _few_years(self, case: Case, without_events: bool) -> Lifetime:
        """The lifetime of a case with a few years dispatched, with or without its demand response."""
        if without_events:
            case = replace(case, contracts=case.contracts.model_copy(update={"demand_response": None}))
        lifetime = dispatch_lifetime(case, self._context, only=NO_MORE_YEARS)
        self.years = tuple(year.year for year in lifetime.years if year.dispatched)
        return lifetime


def shifted_operation(base: Operation, before: Operation, after: Operation) -> Operation:
    """The base operation plus the difference of two others, year by year; all of the same length."""

    def by_stream(operation: Operation, stream: str) -> Array:
        return operation.revenue_yuan.get(stream, np.zeros_like(base.discharged_mwh))

    streams: Mapping[str, None] = dict.fromkeys(
        [*base.revenue_yuan, *before.revenue_yuan, *after.revenue_yuan]
    )
    return Operation(
        revenue_yuan={
            name: by_stream(base, name) + by_stream(after, name) - by_stream(before, name) for name in streams
        },
        discharged_mwh=np.maximum(0.0, base.discharged_mwh + after.discharged_mwh - before.discharged_mwh),
        auxiliary_yuan=np.maximum(0.0, base.auxiliary_yuan + after.auxiliary_yuan - before.auxiliary_yuan),
        power_mw=base.power_mw + after.power_mw - before.power_mw,
    )


def _measures(case: Case, operation: Operation, replaced_year: int | None) -> Measures:
    """The measures of a case's cash flow with an operation, whose cells are new after this year."""
    return measures(cash_flow(require_lifetime_inputs(case).replaced_after(replaced_year), operation))


def _dispatch_inputs(case: Case) -> tuple[object, ...]:
    """Everything in a case that affects its lifetime dispatch, or what contracts pay for it."""
    finance = require_lifetime_inputs(case)
    end_of_life = finance.replacement.end_of_life_health if finance.replaced_at_end_of_life else 0.0
    replacement = (finance.fixed_replacement_year, end_of_life)
    return (case.devices, case.tariff, case.weather, case.contracts, *replacement)
