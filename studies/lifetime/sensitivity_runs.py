"""Sensitivity tornado: the effect of each of a case's sensitivities on the returns of its storage.

Where a change affects the dispatch, a few years are dispatched again; otherwise only the cash flow changes.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.changes import value_at
from parkdispatch.inputs.variations.sensitivity_ends import SensitivityCase, sensitivity_cases
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError, ParkdispatchError
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.finance.tornado import Bar, BarEnd, Measures, Tornado, by_descending_swing, measures
from parkdispatch.studies.lifetime.lifetime_dispatch import YearStarts, require_lifetime_inputs
from parkdispatch.studies.lifetime.lifetimes_together import AskedLifetime, dispatch_lifetimes
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
    base = measures(cash_flow(finance, lifetime.operation()))
    ends = [list(sensitivity_cases(case, sensitivity)) for sensitivity in case.sensitivities]
    runs, attempts = _SensitivityRuns(lifetime, context), Attempts()
    runs.dispatch([end for pair in ends for end in pair])
    bars = []
    for number, (sensitivity, pair) in enumerate(zip(case.sensitivities, ends, strict=True), 1):
        bar_ends = {}
        for end in pair:
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
        self._lifetime, self._context = lifetime, context
        # a few years of a case (its id) with or without events
        self._dispatches: dict[tuple[int, bool], Callable[[], Lifetime]] = {}
        self.years: tuple[int, ...] = ()  # that were dispatched

    def dispatch(self, ends: Sequence[SensitivityCase]) -> None:
        """Dispatch a few years of all cases that need it, side by side if the context allows."""
        keys: dict[tuple[int, bool], Case] = {}
        for end in ends:
            with suppress(ParkdispatchError):  # raised again where the end is measured
                way = self._way(end.case)
                if way is not None:
                    keys[id(end.case), way.without_events] = end.case
                    if way.shifts:
                        keys[id(self._lifetime.case), way.without_events] = self._lifetime.case
        context, unchanged = self._context.silent(), (id(self._lifetime.case), True)
        starts = YearStarts(left={})
        if unchanged in keys:  # first, because its years are good starts of the same years of all others
            first = _asked(keys.pop(unchanged), True, starts)
            self._dispatches[unchanged] = cache(partial(first.dispatch, context))
            with suppress(ParkdispatchError):  # raised again where an end is measured
                self._dispatches[unchanged]()
        asked = [_asked(case, flag, starts.for_others) for (_, flag), case in keys.items()]
        self._dispatches |= zip(keys, dispatch_lifetimes(asked, context), strict=True)

    def measured(self, end: SensitivityCase) -> BarEnd:
        """The measures of the case changed as at that end of a sensitivity. Call `dispatch` before."""
        operation, way = self._lifetime.operation(), self._way(end.case)
        if way is not None:
            changed = self._few_years(end.case, way.without_events)
            if way.shifts:
                unchanged = self._few_years(self._lifetime.case, way.without_events)
                operation = shifted_operation(operation, unchanged.operation(), changed.operation())
            else:
                operation = changed.operation()
        return BarEnd(end.value, _measures(end.case, operation), way is not None)

    def _way(self, changed: Case) -> "_Way | None":
        """How a changed case is dispatched; None where its dispatch is that of the lifetime."""
        case = self._lifetime.case
        if require_lifetime_inputs(changed).operation_years != len(self._lifetime.years):
            # no years to shift one by one: the changed lifetime stands for itself
            return _Way(shifts=False, without_events=False)
        if _dispatch_inputs(changed) != _dispatch_inputs(case):
            return _Way(shifts=True, without_events=changed.contracts == case.contracts)
        return None

    def _few_years(self, case: Case, without_events: bool) -> Lifetime:
        """The lifetime of a case with a few years dispatched, with or without its demand response."""
        lifetime = self._dispatches[id(case), without_events]()
        self.years = tuple(year.year for year in lifetime.years if year.dispatched)
        return lifetime


@dataclass(frozen=True)
class _Way:
    """How a changed case is dispatched."""

    shifts: bool  # its difference to the unchanged case is added to the lifetime
    without_events: bool


def _asked(case: Case, without_events: bool, starts: YearStarts) -> AskedLifetime:
    """A few years of a case, with or without its demand response."""
    return AskedLifetime(
        _without_events(case) if without_events else case, "", only=NO_MORE_YEARS, starts=starts
    )


def _without_events(case: Case) -> Case:
    """The case without its demand response."""
    return replace(case, contracts=case.contracts.model_copy(update={"demand_response": None}))


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
        replaced_shares=after.replaced_shares,
    )


def _measures(case: Case, operation: Operation) -> Measures:
    """The measures of a case's cash flow with an operation."""
    return measures(cash_flow(require_lifetime_inputs(case), operation))


def _dispatch_inputs(case: Case) -> tuple[object, ...]:
    """Everything in a case that affects its lifetime dispatch, or what contracts pay for it."""
    finance = require_lifetime_inputs(case)
    bought, end_of_life = finance.replacement, 0.0
    if finance.replaced_at_end_of_life:
        end_of_life = bought.end_of_life_health
    augmented = bought.augmented_health if bought.mode == "augmentation" and bought.cost_yuan > 0 else 0.0
    replacement = (finance.fixed_replacement_years, end_of_life, augmented)
    return (case.devices, case.tariff, case.weather, case.contracts, case.yearly_changes, *replacement)
