"""Run a year on forecasts as issued, and share what it costs more than perfect foresight among its causes.

For each set of causes the span is run with these as they were forecast and all else known ahead as far as
plans look; what a set costs more is its effect, and the Shapley value shares it. What the run that knows all
of this costs more than perfect foresight of the whole span is the price of not knowing the days after.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from itertools import combinations

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.operations.settlement.shapley import shapley_values
from parkdispatch.operations.uncertainty.year_forecasts import kind_of, uncertain_series
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.io.second_process import side_by_side
from parkdispatch.results.settlement.day_settlement import DayMoney
from parkdispatch.results.settlement.forecast_regret import CAUSES, ForecastRegret, RegretMonth
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_forecasts import ISSUED, IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopResult
from parkdispatch.studies.closed_loop.span_costs import SpanCosts
from parkdispatch.studies.demand_peak import paying_grids
from parkdispatch.studies.solve_options import SolveContext

PEAK = "peak"


def replay_on_forecasts(
    prepared: Prepared,
    options: LoopOptions,
    context: SolveContext,
    issued: Mapping[Key, IssuedForecasts],
) -> tuple[LoopResult, ForecastRegret]:
    """The span as operated, and its regret by cause.

    `issued` are the forecasts of kinds that are issued day by day. Where a later day fails in one of the runs
    all are made again to the end of the day before, and `ForecastRegret.failed` names it. Raises as
    `run_loop`, and SolverError where the causes do not add up.
    """
    asked_days = -(-options.count // round(24 / prepared.hours))
    failed: FailedTask | None = None
    while True:
        outcome = _replayed(prepared, options, context, issued)
        if isinstance(outcome, LoopResult):
            failed = outcome.failed
            options = replace(options, count=len(outcome.times))
            continue
        result, regret = outcome
        failures = () if failed is None else (failed,)
        return result, replace(regret, failed=failures, asked_days=asked_days)


def _replayed(
    prepared: Prepared,
    options: LoopOptions,
    context: SolveContext,
    issued: Mapping[Key, IssuedForecasts],
) -> tuple[LoopResult, ForecastRegret] | LoopResult:
    """The span and its regret, or the shortest run, where a day failed."""
    by_cause = _devices_by_cause(prepared, options, issued)
    result = run_loop(prepared, options, context.progress, issued, reference=None)
    if result.failed:
        return result
    names = list(by_cause)
    subsets = [frozenset(subset) for size in range(len(names)) for subset in combinations(names, size)]
    effects = {frozenset(names): _money(result.costs)}

    def run_with(wrong: frozenset[str]) -> LoopResult:
        known = [device for cause in names if cause not in wrong for device in by_cause[cause]]
        knowing = replace(
            options,
            known_devices=options.known_devices | frozenset(known),
            peak_as_before=options.peak_as_before and PEAK in wrong,
        )
        context.progress(f"the span planned with the errors of {', '.join(sorted(wrong)) or 'nothing'}")
        return run_loop(prepared, knowing, issued=issued, reference=result.reference)

    if context.processes > 1:
        context.progress(f"{len(subsets)} sets of causes, {context.processes} at a time")
        works = [lambda subset=subset: run_with(subset) for subset in subsets]
        waits = side_by_side(works, context.processes)
        runs = {subset: wait() for subset, wait in zip(subsets, waits, strict=True)}
    else:
        runs = {subset: run_with(subset) for subset in subsets}
    shortest = min(runs.values(), key=lambda run: len(run.times), default=result)
    if shortest.failed:
        return shortest
    effects |= {subset: _money(run.costs) for subset, run in runs.items()}
    losses = dict(shapley_values(names, lambda subset: effects[subset]))
    losses["days_after"] = effects[frozenset()] - _money(result.reference.foresight)
    return result, _regret(prepared, options, result, losses)


def _devices_by_cause(
    prepared: Prepared, options: LoopOptions, issued: Mapping[Key, IssuedForecasts]
) -> dict[str, list[str]]:
    """The devices whose forecasts are a cause, by its name; the peak has none."""
    uncertain = [
        key
        for key in uncertain_series(prepared.case)
        if options.kind not in (*ISSUED, "perfect") or key in issued
    ]
    by_cause = {
        cause: [name for name, _ in uncertain if kind_of(prepared.case, name) == cause] for cause in CAUSES
    }
    named = {cause: devices for cause, devices in by_cause.items() if devices}
    if options.peak_as_before and paying_grids(prepared.case.devices):
        named[PEAK] = []
    return named


def _money(costs: SpanCosts) -> DayMoney:
    return DayMoney(energy=costs.energy_total, peak=costs.demand_total)


def _month_money(costs: SpanCosts, month: str) -> DayMoney:
    return DayMoney(energy=costs.energy_yuan[month], peak=costs.demand_yuan[month])


def _regret(
    prepared: Prepared, options: LoopOptions, result: LoopResult, losses: Mapping[str, DayMoney]
) -> ForecastRegret:
    costs, foresight, without = result.costs, result.reference.foresight, result.reference.without
    months = [
        RegretMonth(
            month,
            _month_money(costs, month),
            _month_money(foresight, month),
            None if without is None else _month_money(without, month),
            costs.peak_mw[month],
            foresight.peak_mw[month],
            None if without is None else without.peak_mw[month],
        )
        for month in costs.energy_yuan
    ]
    case, proofs = prepared.case, result.proofs
    return ForecastRegret(
        name=case.name,
        title=case.title or case.name,
        first=result.times[0].date(),
        last=result.times[-1].date(),
        forecast=options.kind,
        hours=options.plan_at,
        plans=proofs.count,
        proven=proofs.proven,
        largest_gap=proofs.largest_gap,
        gave_way=proofs.gave_way,
        missing_mwh=result.missing_mwh,
        broken=result.broken,
        foresight_gap=result.reference.foresight_gap,
        losses={cause: losses[cause] for cause in CAUSES if cause in losses},
        months=months,
        facts={
            "case_sha256": case.sha256,
            "variant": case.variant,
            "holds_peak": options.holds_peak,
            "peak_expected": "month before" if options.peak_as_before else "known",
            "hedge": None
            if options.hedge is None
            else asdict(options.hedge) | {"on_median": proofs.unhedged},
        },
        versions=versions(),
    )
