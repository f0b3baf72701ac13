"""A case's sensitivities: each end dispatched anew where the dispatch feels it, and taken to the returns."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.changes import value_at
from parkdispatch.inputs.variations.sensitivity_ends import SensitivityCase, ends
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.finance.tornado import Bar, BarEnd, Measures, Tornado, measures, ordered
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs

FEW: tuple[int, ...] = ()  # years to dispatch for an end, beside those that always are


def sensitivity_tornado(case: Case, life: Lifetime, options: SolveOptions, progress: Progress) -> Tornado:
    """What each of the case's sensitivities does to the returns, `life` being that of the case.

    For an end that the dispatch feels, the first two years and the last are dispatched and those between lie
    on a line. What it makes of the life so dispatched is laid onto the life as it is. Calls for demand
    response, whose answer is a dispatch of its own, are left out of both, unless the contracts are what is
    doubted.
    Raises InputError where the case has no sensitivities.
    """
    finance = require_lifetime_inputs(case)
    if not case.sensitivities:
        raise InputError(f"`sensitivity`: case {case.name} has none, must have one for a tornado")
    base = measures(cash_flow(finance, life.operation()))
    shift = _Shift(life, options)
    bars = []
    for at, one in enumerate(case.sensitivities, 1):
        found = {}
        for end in ends(case, one):
            progress(f"sensitivity {at} of {len(case.sensitivities)}, {one.name}: {end.side}")
            found[end.side] = shift.measured(end)
        bars.append(
            Bar(
                name=one.name,
                name_zh=one.name_zh or one.name,
                source=one.source,
                base_value=value_at(case, one.fields[0]),
                low=found.get("low"),
                high=found.get("high"),
            )
        )
    return Tornado(base, ordered(base, bars), shift.years)


class _Shift:
    """Moves the operation of a life by what a change of its case makes of a few of its years."""

    def __init__(self, life: Lifetime, options: SolveOptions) -> None:
        self._life, self._options = life, options
        self._few: dict[bool, Lifetime] = {}  # of the case as it is: with its contracts, and without events
        self.years: tuple[int, ...] = ()  # that were dispatched

    def measured(self, end: SensitivityCase) -> BarEnd:
        """The measures with the case changed as at that end."""
        case, operation = self._life.case, self._life.operation()
        dispatched = _felt(end.case) != _felt(case)
        if require_lifetime_inputs(end.case).operation_years != len(
            self._life.years
        ):  # nothing to lay a shift onto
            operation, dispatched = self._dispatched(end.case, quiet=False).operation(), True
        elif dispatched:
            as_is = end.case.contracts == case.contracts
            other = self._dispatched(end.case, as_is)
            if as_is not in self._few:
                self._few[as_is] = self._dispatched(case, as_is)
            operation = shifted_operation(operation, self._few[as_is].operation(), other.operation())
        return BarEnd(end.value, _of(end.case, operation), dispatched)

    def _dispatched(self, case: Case, quiet: bool) -> Lifetime:
        """A few years of a life, without its events where those are not what is asked about."""
        if quiet:
            case = replace(case, contracts=case.contracts.model_copy(update={"demand_response": None}))
        made = dispatch_lifetime(case, self._options, lambda _: None, only=FEW)
        self.years = tuple(year.year for year in made.years if year.dispatched)
        return made


def shifted_operation(base: Operation, before: Operation, after: Operation) -> Operation:
    """An operation changed by what lies between two others, year by year; all of as many years."""

    def by_stream(one: Operation, stream: str) -> Array:
        return one.revenue_yuan.get(stream, np.zeros_like(base.discharged_mwh))

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


def _of(case: Case, operation: Operation) -> Measures:
    return measures(cash_flow(require_lifetime_inputs(case), operation))


def _felt(case: Case) -> tuple[object, ...]:
    """What of a case the dispatch of a life, and what contracts pay for it, depend on."""
    finance = require_lifetime_inputs(case)
    cells = (finance.replaced, finance.replacement.year if finance.replaced else 0)
    return (case.devices, case.tariff, case.weather, case.contracts, *cells)
