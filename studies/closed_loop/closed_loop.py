"""Re-plan a park at every interval from forecasts, execute one interval, and settle what it all cost."""

import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.studies.closed_loop.execution import Execution
from parkdispatch.studies.closed_loop.hedged_loop import HedgedLoop
from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopReference, LoopResult
from parkdispatch.studies.closed_loop.loop_span import LoopSpan
from parkdispatch.studies.closed_loop.network_loop import NetworkLoop
from parkdispatch.studies.closed_loop.one_bus_loop import OneBusLoop
from parkdispatch.studies.day_ahead_plans import DAYS
from parkdispatch.studies.solve_options import Progress, ignore_progress


def run_loop(
    prepared: Prepared,
    options: LoopOptions,
    progress: Progress = ignore_progress,
    issued: Mapping[Key, IssuedForecasts] = MappingProxyType({}),
    reference: LoopReference | None = None,
) -> LoopResult:
    """Run a closed loop over a span of a prepared year.

    Plans end as the case says, and pay for demand above the month's peak so far, or above that of the
    cheapest dispatch of the month where that is higher, as `plan_days` does. `issued` are the forecasts by
    series of a load or source, for kinds that are issued day by day; a series that has none is known ahead.
    `reference` is what the span is compared with, of a run of the same span before. Raises InputError for a
    park that cannot be run so, InfeasibleError and SolverError naming the interval of the first day; a later
    day that fails ends the run before it, and is `LoopResult.failed`.
    """
    loop = _loop_of(prepared, options, issued)
    if reference is not None:
        loop.expected_mw |= reference.expected_mw
    started, failed, asked_days = time.process_time(), None, -(-options.count // loop.per_day)
    for step in range(options.count):
        if step % loop.per_day == 0:
            progress(f"day {step // loop.per_day + 1} of {asked_days}")
        try:
            loop.step(options.first + step)
        except (InfeasibleError, SolverError) as error:
            days = step // loop.per_day
            if not days:
                raise
            day = prepared.times[options.first + days * loop.per_day]
            failed = FailedTask.of(DAYS, error, name=f"{day:%Y-%m-%d}")
            loop.end_after(days * loop.per_day)
            break
    cpu_ms = 1000.0 * (time.process_time() - started) / loop.options.count
    progress("settling")
    result = loop.settled(cpu_ms, reference if failed is None else None)
    return replace(result, failed=failed, asked_days=asked_days)


def _loop_of(prepared: Prepared, options: LoopOptions, issued: Mapping[Key, IssuedForecasts]) -> LoopSpan:
    """The loop of a park: the fast one at one bus with nothing but stores to decide, or that of any park.

    Plans on paths are made at one bus alone, and refused elsewhere.
    """
    if options.hedge is not None:
        return HedgedLoop(prepared, options, issued)
    devices = prepared.case.devices
    template = compile_template(devices, prepared.hours)
    is_simple = not Execution(template, devices).refusals()
    return (OneBusLoop if is_simple else NetworkLoop)(prepared, options, issued)
