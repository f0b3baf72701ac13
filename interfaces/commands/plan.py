"""`parkdispatch plan`: dispatch a day, or any other stretch of time."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from parkdispatch.interfaces.commands.console import out_console, print_message, progress_line, say
from parkdispatch.interfaces.commands.days.ledger_options import ByOption, RecordOption, UsedLedger
from parkdispatch.interfaces.commands.days.planned_from_ledger import known_day
from parkdispatch.interfaces.commands.network_check import (
    AcCheckOption,
    check_possible,
    end_of_check,
    with_check,
)
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    CaseArgument,
    Language,
    Model,
    Out,
    Solver,
    TimeLimit,
    Variant,
    language,
    write_pyomo_model,
)
from parkdispatch.interfaces.commands.plan_options import (
    CallOption,
    DayOption,
    FillGapsOption,
    FollowOption,
    ForceOption,
    LimitOption,
    LoadColumnOption,
    LoadOption,
    OutageOption,
    PeakOption,
    PvColumnOption,
    PvOption,
    ReserveOption,
    SocOption,
    SoftOption,
    StampsOption,
    StartOption,
    TypedOrders,
    UntilOption,
    UntilSocOption,
    ViolationPriceOption,
    WhyOption,
    parse_day,
    parse_soc,
    read_wishes,
)

if TYPE_CHECKING:
    from parkdispatch.studies.day_plan import PreparedDay
    from parkdispatch.studies.dispatch import DispatchRun
    from parkdispatch.studies.planning.plan_run import PlannedRun
    from parkdispatch.studies.solve_options import SolveContext


def plan(
    case: CaseArgument = "gaoan",
    day: DayOption = None,
    start: StartOption = None,
    until: UntilOption = None,
    soc: SocOption = None,
    outage: OutageOption = None,
    limit: LimitOption = None,
    force: ForceOption = None,
    reserve_mwh: ReserveOption = None,
    call: CallOption = None,
    until_soc: UntilSocOption = None,
    soft: SoftOption = False,
    violation_price: ViolationPriceOption = None,
    follow: FollowOption = None,
    why: WhyOption = False,
    peak_so_far_mw: PeakOption = None,
    load: LoadOption = None,
    pv: PvOption = None,
    load_column: LoadColumnOption = None,
    pv_column: PvColumnOption = None,
    stamps: StampsOption = None,
    fill_gaps: FillGapsOption = 0,
    variant: Variant = None,
    out: Out = None,
    lang: Language = None,
    solver: Solver = "highs",
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
    model: Model = None,
    ac_check: AcCheckOption = 0,
    ledger: UsedLedger = None,
    by: ByOption = None,
    record: RecordOption = True,
) -> None:
    """Dispatch a day, or from now on: schedule, cost with and without storage, peak, proof."""
    started = time.perf_counter()
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.inputs.variations.overrides import with_overrides
        from parkdispatch.inputs.variations.plan_times import plan_times
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder
        from parkdispatch.studies.dispatch import write_run
        from parkdispatch.studies.planning.plan_run import prepare_plan, run_plan
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        findings = Findings()
        file_lang = findings.collect(language, lang)
        options = findings.collect(SolveOptions, solver, time_limit, smooth=True)
        findings.collect(check_output_paths, out, model)
        given_soc = findings.collect(parse_soc, soc)
        typed = TypedOrders(outage, limit, force, reserve_mwh, call, until_soc)
        wishes = findings.collect(read_wishes, typed, follow, soft, violation_price)
        park = findings.collect(load_case, case, variant)
        given_day = findings.collect(parse_day, day, park)
        findings.collect(check_possible, park, ac_check)
        findings.raise_any()
        times = findings.collect(plan_times, park, given_day, start, until)
        known = findings.collect(known_day, ledger, by, park, times, given_soc, peak_so_far_mw)
        park, given_soc = (known.case, known.soc) if known else (park, given_soc)
        forecasts = (load, pv, load_column, pv_column, stamps, fill_gaps)
        varied = findings.collect(with_overrides, park, given_soc, peak_so_far_mw, *forecasts)
        findings.raise_any()
        context = SolveContext(options, progress)
        peak_is_known = peak_so_far_mw is not None or bool(known and known.peak_is_known)
        problem = prepare_plan(park, varied, times, wishes, peak_is_known)
        write_pyomo_model(problem.planned.prepared, model)
        planned = run_plan(problem, context, time.perf_counter() - started)
        planned = _explained(planned, context) if why else planned
        run = with_check(planned.run, ac_check, progress)
        progress("writing results")
        with run_folder(out, park.name, "plan") as folder:
            paths = write_run(run, folder, "day", lang=file_lang, on_two_cores=True)
        recorded = known.record(run, planned.problem.orders) if known and record else None
    _show(run, paths.values())
    if known and recorded:
        known.show(out_console, file_lang, recorded)
    _show_assumed_peaks(planned.planned, run)
    end_of_check(run)


def _explained(planned: "PlannedRun", context: "SolveContext") -> "PlannedRun":
    """The plan with notes on why it is what it is."""
    from parkdispatch.studies.planning.plan_reasons import with_reasons

    return with_reasons(planned, context)


def _show(run: "DispatchRun", paths: Iterable[Path]) -> None:
    """Print the plan, the names of its files and the warnings."""
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.plan_screen import show_plan
    from parkdispatch.results.schedule.activity_schedule import activity_blocks
    from parkdispatch.results.schedule.schedule import schedule_blocks

    blocks = (schedule_blocks(run.solution, run.case), activity_blocks(run.solution, run.case))
    show_plan(out_console, run.case, run.solution, run.summary, *blocks, notes=run.notes)
    show_files(out_console, paths)
    for line in run.case.dispatch_warnings:
        print_message("warning", line)


def _show_assumed_peaks(planned: "PreparedDay", run: "DispatchRun") -> None:
    """Say which peaks of the months [MW] the plan assumed by connection, because none was typed."""
    from parkdispatch.results.power_scale import scale_of

    begin, scale = planned.prepared.times[0], scale_of(run.solution)
    notes = [
        f"Peak so far not given (--peak-so-far-mw): assumed {scale.text(peak_mw)} at {name}, the peak"
        f" of the cheapest dispatch of {begin:%Y-%m} as a whole."
        for name, peak_mw in planned.expected_peaks_mw.items()
    ]
    notes += [
        f"{month} begins within the plan: {scale.text(peak_mw)} at {name} is taken as paid for anyway, the"
        " peak of the cheapest dispatch of that month as a whole."
        for month, peaks_mw in planned.later_peaks_mw.items()
        for name, peak_mw in peaks_mw.items()
    ]
    for note in notes:
        out_console.print(say(note), style="dim", soft_wrap=True)
