"""The command line: reads what was typed, calls the drivers, prints. It contains no formula."""

import gc
import io
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from models.errors import InputError, ParkdispatchError
from optimizer.targets import refuse_targets

if TYPE_CHECKING:
    from inputs.prepare import Prepared

app = typer.Typer(
    name="parkdispatch",
    help="Dispatch of an industrial park with PV and storage, proven optimal.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out_console = Console(highlight=False, soft_wrap=False)
err_console = Console(stderr=True, highlight=False)

CaseArgument = Annotated[str, typer.Argument(help="A built-in case (gaoan) or the path of a case file.")]
Variant = Annotated[str | None, typer.Option(help="A variant named in the case file, such as first_phase.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the files; default runs/CASE-COMMAND-TIME.")]
Solver = Annotated[str, typer.Option(help="highs, or pyomo:NAME for a solver Pyomo knows (slow, complete).")]
TimeLimit = Annotated[float, typer.Option(min=1, help="Seconds after which repair stops and states its gap.")]
Model = Annotated[
    Path | None, typer.Option("--write-model", help="Write the plain Pyomo model here, as .lp or .mps.")
]


_NO_PEAK = (
    "`--peak-so-far-mw` is missing: without it the peak to expect comes from the case's own load and PV of"
    " the whole month, with the problems above; must be given, or these solved"
)


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """A line that says what is being done, on terminals only, gone when done."""
    if not err_console.is_terminal:
        yield lambda _: None
        return
    with err_console.status("reading") as status:
        yield status.update


def _folder(out: Path | None, case: str, command: str) -> Path:
    return out or Path("runs") / f"{case}-{command}-{datetime.now():%Y%m%d-%H%M%S}"


@app.command()
def plan(
    case: CaseArgument = "gaoan",
    day: Annotated[
        str | None, typer.Option("--date", help="Day to plan, YYYY-MM-DD; default: the case's.")
    ] = None,
    soc: Annotated[
        float | None, typer.Option(help="State of charge at midnight, a fraction, of every battery.")
    ] = None,
    peak_so_far_mw: Annotated[
        float | None,
        typer.Option(
            help="Highest 15-minute import of this month so far; default: what the storage cannot avoid."
        ),
    ] = None,
    load: Annotated[Path | None, typer.Option(help="Load forecast, CSV with time and load [MW].")] = None,
    pv: Annotated[Path | None, typer.Option(help="PV forecast, CSV with time and pv [MW].")] = None,
    variant: Variant = None,
    out: Out = None,
    solver: Solver = "highs",
    time_limit: TimeLimit = 60.0,
    model: Model = None,
) -> None:
    """Plan one day of 96 quarter-hours: schedule, cost with and without storage, peak, proof."""
    started = time.perf_counter()
    with _progress() as progress:
        progress("reading")
        from inputs.case import load_case
        from inputs.findings import Findings
        from inputs.overrides import overridden
        from inputs.prepare import day_times, prepare
        from optimizer.runs import Options, expected_peak_mw, run, write_run

        findings = Findings()
        with findings.kept():
            options = Options(solver, time_limit, calm=True)
        with findings.kept():
            refuse_targets(time_limit, out, model)
        with findings.kept():
            named_day = None if day is None else _day(day)
        with findings.kept():
            park = load_case(case, variant)
        findings.raise_any()
        chosen = named_day or park.calendar.plan_date
        with findings.kept():
            times = day_times(park, chosen)
        with findings.kept():
            given = overridden(park, soc=soc, peak_so_far_mw=peak_so_far_mw, load=load, pv=pv)
        findings.raise_any()
        note = None
        if peak_so_far_mw is None:
            try:
                expected = expected_peak_mw(park, chosen)
            except InputError as error:
                prepare(given, times)  # what is wrong with the day itself is said first
                raise InputError([*error.problems, _NO_PEAK]) from None
            if expected is not None:
                given = overridden(given, peak_so_far_mw=expected)
                note = (
                    f"Peak so far not given (--peak-so-far-mw): took {expected:.1f} MW, which the load"
                    f" and PV of {chosen:%Y-%m} bring whatever the storage does."
                )
        prepared = prepare(given, times)
        if model:
            _write_model(prepared, model)
        made = run(prepared, options, time.perf_counter() - started, progress)
        progress("writing")
        paths = write_run(made, _folder(out, park.name, "plan"), "day")
    from results.blocks import blocks
    from results.screen import show_files, show_plan

    show_plan(out_console, made.case, made.solution, made.summary, blocks(made.solution, made.case))
    if note:
        out_console.print(note, style="dim", soft_wrap=True)
    show_files(out_console, paths.values())


@app.command()
def year(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    solver: Solver = "highs",
    time_limit: TimeLimit = 60.0,
    model: Model = None,
) -> None:
    """Dispatch the case's whole year in one model: energy, bill, cycles, peaks, proof, timings."""
    started = time.perf_counter()
    with _progress() as progress:
        progress("reading")
        from inputs.case import load_case
        from inputs.findings import Findings
        from inputs.prepare import prepare, year_times
        from optimizer.runs import Options, run, write_run

        findings = Findings()
        with findings.kept():
            options = Options(solver, time_limit)
        with findings.kept():
            refuse_targets(time_limit, out, model)
        with findings.kept():
            park = load_case(case, variant)
        findings.raise_any()
        prepared = prepare(park, year_times(park))
        if model:
            _write_model(prepared, model)
        made = run(prepared, options, time.perf_counter() - started, progress)
        progress("writing")
        writing = time.perf_counter()
        paths = write_run(made, _folder(out, park.name, "year"), "year")
        timings = {**made.timings_s, "write": time.perf_counter() - writing}
    from results.screen import show_files, show_year

    show_year(out_console, made.case, made.solution, made.summary, timings, made.model)
    show_files(out_console, paths.values())


@app.command()
def replay(
    case: CaseArgument = "gaoan",
    variant: Variant = None,
    out: Out = None,
    time_limit: Annotated[
        float, typer.Option(min=1, help="Seconds for a day, or for the year, before repair states its gap.")
    ] = 60.0,
) -> None:
    """Replay the case's year as day-ahead plans: what they keep of the saving with perfect foresight."""
    started = time.perf_counter()
    with _progress() as progress:
        progress("reading")
        from inputs.case import load_case
        from inputs.findings import Findings
        from inputs.prepare import prepare, year_times
        from optimizer.replay import replay as replay_days
        from optimizer.runs import Options, write_run

        findings = Findings()
        with findings.kept():
            refuse_targets(time_limit, out, None)
        with findings.kept():
            park = load_case(case, variant)
        findings.raise_any()
        prepared = prepare(park, year_times(park))
        options = Options(time_limit_s=time_limit)
        made, replayed = replay_days(prepared, options, time.perf_counter() - started, progress)
        progress("writing")
        paths = write_run(made, _folder(out, park.name, "replay"), "replay", replayed)
    from results.screen import show_files, show_replay

    show_replay(out_console, made.case, made.solution, made.summary, replayed)
    show_files(out_console, paths.values())


@app.command()
def pv(case: CaseArgument = "gaoan", variant: Variant = None) -> None:
    """Yield of the photovoltaic plant in its year, where the energy goes, and the published figures."""
    with _progress() as progress:
        progress("reading")
        from inputs.case import load_case
        from inputs.prepare import read_weather_of, year_times
        from models.pv import Pv
        from results.pv_yield import pv_yield
        from results.screen import show_yield

        park = load_case(case, variant)
        plants = [device for device in park.devices.values() if isinstance(device, Pv)]
        if not plants:
            raise InputError(f"`device`: case {park.name} has none of kind pv, must have one to yield")
        weather = read_weather_of(park, year_times(park))
        found = [pv_yield(plant, park.site, weather) for plant in plants]
    for one in found:
        show_yield(out_console, park, one)


@app.command()
def check(case: CaseArgument = "gaoan", variant: Variant = None) -> None:
    """Read a case and everything it names; report every mistake at once, solve nothing."""
    with _progress() as progress:
        progress("reading")
        from inputs.case import load_case, variants
        from inputs.findings import Findings
        from inputs.prepare import prepare, year_times

        findings = Findings()
        with findings.kept():
            park = load_case(case, variant)
            prepared = prepare(park, year_times(park))
        with findings.kept():
            names = variants(case) if variant is None else []
            for name in names:
                with findings.kept():
                    load_case(case, name)
        findings.raise_any()
    text = (
        f"{park.name}: in order. {len(park.devices)} devices ({', '.join(park.devices)}),"
        f" {len(prepared.times):,} intervals of {park.calendar.minutes} minutes, tariff {park.tariff.name}."
    )
    out_console.print(Text(text), soft_wrap=True)
    for line in park.warnings:
        err_console.print(Text(f"warning: {line}"), soft_wrap=True)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new or empty folder for the case.")]) -> None:
    """Make a commented case file and a year of load and PV series to edit."""
    from inputs.starter import write_starter

    for path in write_starter(folder):
        out_console.print(Text(f"wrote {path}"), soft_wrap=True)
    command = shlex.join(["parkdispatch", "check", str(folder / "case.toml")])
    out_console.print(Text(f"Edit them, then: {command}"), soft_wrap=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`--date` = {text}: must be a day such as 2026-07-15") from None


def _write_model(prepared: "Prepared", path: Path) -> None:
    from optimizer.runs import write_model

    beside = path.with_name(f".writing-{os.getpid()}-{path.stem}{path.suffix.lower()}")
    try:
        write_model(prepared, beside)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"`--write-model` = {path}: cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)


def _start_quickly() -> None:
    """Keep Pyomo from importing scipy.stats, integrate and spatial, a second that no command here needs.

    It does so the moment anybody imports scipy. Taken off that list it still imports them when it uses them.
    """
    from pyomo.common import dependencies

    callbacks = getattr(getattr(dependencies, "DeferredImportCallbackFinder", None), "_callbacks", {})
    callbacks.pop("scipy", None)
    # half a million objects of libraries live as long as the process: looking for cycles among them again
    # and again costs a tenth of a plan
    gc.set_threshold(200_000, 50, 50)


def _interrupted(error: BaseException | None) -> bool:
    """Whether control-C is at the root of an error."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def main() -> None:
    """Entry point: errors become sentences and exit codes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a Chinese Windows pipe knows no square metre sign
    try:
        _start_quickly()
        app()
    except ParkdispatchError as error:
        label = {2: "input", 3: "infeasible", 4: "solver"}.get(error.exit_code, "error")
        for line in str(error).splitlines():
            err_console.print(Text(f"{label}: {line}"), soft_wrap=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        err_console.print("stopped")
        sys.exit(130)
    except Exception as error:  # a user never sees a traceback; a developer asks for it
        if _interrupted(error):  # a library that was being loaded made something else of it
            err_console.print("stopped")
            sys.exit(130)
        if os.environ.get("PARKDISPATCH_TRACEBACK"):
            raise
        err_console.print(Text(f"internal error, please report it: {type(error).__name__}: {error}"))
        sys.exit(1)


if __name__ == "__main__":
    main()
