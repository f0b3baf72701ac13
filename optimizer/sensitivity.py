"""A case's sensitivities: each end dispatched anew where the dispatch feels it, and taken to the returns."""

from results.life import Life

from inputs.case import Case
from inputs.changed import value_at
from inputs.sensitivities import End, ends
from models.errors import InputError
from models.finance import Finance
from optimizer.life import dispatch_life
from optimizer.runs import Options, Progress
from results.cashflow import cash_flow
from results.tornado import Bar, BarEnd, Measures, Tornado, measures, ordered

MOST_DISPATCHED = 3  # years of a life that are dispatched for one end of a bar


def tornado(case: Case, life: Life, options: Options, progress: Progress) -> Tornado:
    """What each of the case's sensitivities does to the returns.

    `life` is that of the case, with all of its years dispatched. For a bar three years of the life are
    dispatched and those between lie on a line; so is the base of the bars, and what that makes of its NPV is
    told. Raises InputError where the case has no sensitivities.
    """
    finance = finance_of(case)
    if not case.sensitivities:
        raise InputError(f"`sensitivity`: case {case.name} has none, must have one for a tornado")
    years = few_years(finance.operation_years)
    progress("the base of the sensitivities")
    short = dispatch_life(case, options, progress, only=years)
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


def few_years(count: int) -> tuple[int, ...]:
    """The first, the middle and the last of so many years of operation."""
    return tuple(sorted({1, (count + 1) // 2, count}))


def finance_of(case: Case) -> Finance:
    """The case's finance. Raises InputError if it has none."""
    if case.finance is None:
        raise InputError(f"`finance` is missing: case {case.name} must have it for a cash flow")
    return case.finance


def _measured(case: Case, base: Life, end: End, options: Options) -> BarEnd:
    dispatched = _without_money(end.case) != _without_money(case)
    life = base
    if dispatched:
        life = dispatch_life(
            end.case, options, lambda _: None, only=few_years(finance_of(end.case).operation_years)
        )
    return BarEnd(end.value, _of(end.case, life), dispatched)


def _of(case: Case, life: Life) -> Measures:
    return measures(cash_flow(finance_of(case), life.operation()))


def _without_money(case: Case) -> tuple[object, ...]:
    """What of a case the dispatch of a life depends on."""
    finance = finance_of(case)
    life = (finance.operation_years, finance.replaced, finance.replacement.year)
    return (case.devices, case.tariff, case.weather, *life)
