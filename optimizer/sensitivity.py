"""A case's sensitivities: each end dispatched anew where the dispatch feels it, and taken to the returns."""

from inputs.case import Case
from inputs.changed import value_at
from inputs.sensitivities import End, ends
from models.errors import InputError
from optimizer.life import dispatch_life, refuse_life
from optimizer.runs import Options, Progress
from results.cashflow import cash_flow
from results.life import Life
from results.tornado import Bar, BarEnd, Measures, Tornado, measures, ordered

FEW: tuple[
    int, ...
] = ()  # years of a bar's life to dispatch beside those that always are: the first two, the last


def tornado(case: Case, life: Life, options: Options, progress: Progress) -> Tornado:
    """What each of the case's sensitivities does to the returns.

    `life` is that of the case, with all of its years dispatched. For a bar the first two years and the last
    are dispatched and those between lie on a line; so is the base of the bars, and what that makes of its NPV
    is told. Raises InputError where the case has no sensitivities.
    """
    finance = refuse_life(case)
    if not case.sensitivities:
        raise InputError(f"`sensitivity`: case {case.name} has none, must have one for a tornado")
    progress("the base of the sensitivities")
    short = dispatch_life(case, options, progress, only=FEW)
    years = tuple(one.year for one in short.years if one.dispatched)
    base = measures(cash_flow(finance, short.operation()))
    bars = []
    for at, one in enumerate(case.sensitivities, 1):
        said = f"sensitivity {at} of {len(case.sensitivities)}, {one.name}"
        found = {}
        for end in ends(case, one):
            progress(f"{said}: {end.side}")
            found[end.side] = _measured(case, short, end, options)
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
    error = base.npv_yuan - measures(cash_flow(finance, life.operation())).npv_yuan
    return Tornado(base, ordered(base, bars), years, error)


def _measured(case: Case, base: Life, end: End, options: Options) -> BarEnd:
    dispatched = _without_money(end.case) != _without_money(case)
    life = base
    if dispatched:
        life = dispatch_life(end.case, options, lambda _: None, only=FEW)
    return BarEnd(end.value, _of(end.case, life), dispatched)


def _of(case: Case, life: Life) -> Measures:
    return measures(cash_flow(refuse_life(case), life.operation()))


def _without_money(case: Case) -> tuple[object, ...]:
    """What of a case the dispatch of a life depends on."""
    finance = refuse_life(case)
    life = (finance.operation_years, finance.replaced, finance.replacement.year)
    return (case.devices, case.tariff, case.weather, case.contracts, *life)
