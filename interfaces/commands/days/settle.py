"""`parkdispatch settle`: what a day brought."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console, progress_line
from parkdispatch.interfaces.commands.days.ledger_options import (
    ByOption,
    LedgerOption,
    author,
    moment,
    opened,
)
from parkdispatch.interfaces.commands.options import (
    DEFAULT_TIME_LIMIT_S,
    Language,
    Out,
    TimeLimit,
    Variant,
    language,
)
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case
    from parkdispatch.operations.known_outages import RecordedOutage
    from parkdispatch.results.settlement.day_settlement import Settlement
    from parkdispatch.results.wording.languages import Lang
    from parkdispatch.studies.solve_options import SolveContext


def settle(
    day: Annotated[
        str | None,
        typer.Argument(help="Day, YYYY-MM-DD; default: every day of the ledger that is to be settled."),
    ] = None,
    case: Annotated[str, typer.Option("--case", help="Case whose park it is, built in or a file.")] = "gaoan",
    plan: Annotated[
        Path | None, typer.Option(help="Folder of the plan that was sent; without a ledger.")
    ] = None,
    load: Annotated[Path | None, typer.Option(help="Metered load, CSV with time and load [MW].")] = None,
    pv: Annotated[Path | None, typer.Option(help="Metered PV, CSV with time and pv [MW].")] = None,
    measured: Annotated[
        list[str] | None,
        typer.Option(
            help="Further meters: import=FILE, export=FILE, battery:battery_1=FILE, wind=FILE; repeated."
        ),
    ] = None,
    load_column: Annotated[str | None, typer.Option(help="Column of the file of the load.")] = None,
    pv_column: Annotated[str | None, typer.Option(help="Column of the file of the PV.")] = None,
    soc: Annotated[
        list[str] | None, typer.Option(help="State of charge at midnight, NAME=0.4, repeated.")
    ] = None,
    peak_so_far_mw: Annotated[
        float | None, typer.Option(help="Highest 15-minute import of the month before the day [MW].")
    ] = None,
    outage: Annotated[
        list[str] | None,
        typer.Option(help="Outage that the plan did not know: DEVICE,BEGIN,END or DEVICE,BEGIN,END,SHARE."),
    ] = None,
    ledger: LedgerOption = None,
    by: ByOption = None,
    bill: Annotated[bool, typer.Option(help="Expect the bill of the month at its end.")] = True,
    variant: Variant = None,
    out: Out = None,
    lang: Language = "en",
    time_limit: TimeLimit = DEFAULT_TIME_LIMIT_S,
) -> None:
    """Settle a day: its plan against the meter and perfect foresight, and what each cause has cost."""
    screen_lang = language(lang)
    with progress_line() as progress:
        progress("reading inputs")
        from parkdispatch.inputs.loader import load_case
        from parkdispatch.interfaces.output_paths import check_output_paths
        from parkdispatch.studies.solve_options import SolveContext, SolveOptions

        check_output_paths(out)
        context = SolveContext(SolveOptions(time_limit_s=time_limit, smooth=True), progress)
        park, chosen = load_case(case, variant), _day(day)
        if plan is not None:
            if chosen is None:
                raise InputError("argument `day` is missing: must be given with `--plan`")
            files: list[tuple[str, Path, str | None]] = []
            files += [("load", load, load_column)] if load else []
            files += [("pv", pv, pv_column)] if pv else []
            files += [_named_file(text) for text in measured or ()]
            settled = _from_files(
                park, chosen, plan, files, _states(soc), peak_so_far_mw, _outages(outage), context
            )
            _write_and_show(settled, [], out, screen_lang)
            return
        typed = {"load": load, "pv": pv, "measured": measured, "soc": soc, "outage": outage}
        if extra := [f"`--{name}`" for name, value in typed.items() if value is not None]:
            raise InputError(
                f"{', '.join(extra)}: must have `--plan` beside, or be left out: the ledger has them"
            )
    _from_ledger(park, chosen, (ledger, by), out, screen_lang, context, bill=bill)


def _from_files(
    park: "Case",
    day: date,
    plan: Path,
    files: list[tuple[str, Path, str | None]],
    soc: dict[str, float],
    peak_so_far_mw: float | None,
    outages: "list[RecordedOutage]",
    context: "SolveContext",
) -> "Settlement":
    from parkdispatch.operations.settlement.record_sources import record_from_files
    from parkdispatch.operations.settlement.settle_day import settle_day

    return settle_day(record_from_files(park, day, plan, files, soc, peak_so_far_mw, outages), context)


def _from_ledger(
    park: "Case",
    day: date | None,
    where: tuple[str | None, str | None],
    out: Path | None,
    lang: "Lang",
    context: "SolveContext",
    *,
    bill: bool,
) -> None:
    """Settle a day of the ledger, or all that are due."""
    book, who = opened(where[0]), author(where[1])
    from parkdispatch.operations.settlement.settlement_store import due_days, settle_from_ledger
    from parkdispatch.results.wording.words import load_words

    words = load_words(lang, "settle")["settle"]
    days = [day] if day is not None else []
    if day is None:
        days, waiting = due_days(book, park)
        for line in waiting:
            out_console.print(Text(words["waiting"].format(line=line)), soft_wrap=True)
        if not days:
            out_console.print(words["nothing_due"])
    if out is not None and len(days) > 1:
        raise InputError(f"`--out` = {out}: must be left out, {len(days)} days are to be settled")
    for each in days:
        settled, version, is_new = settle_from_ledger(book, park, each, context, who, with_bill=bill)
        key = "recorded" if is_new else "unchanged"
        _write_and_show(settled, [words[key].format(version=version, day=each)], out, lang)


def _write_and_show(settled: "Settlement", lines: list[str], out: Path | None, lang: "Lang") -> None:
    from parkdispatch.interfaces.output_paths import run_folder
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.settlement_screen import show_settlement
    from parkdispatch.results.writers.outputs import write_outputs
    from parkdispatch.results.writers.settlement_files import SETTLEMENT_OUTPUTS

    with run_folder(out, settled.site, "settle") as folder:
        paths = write_outputs(SETTLEMENT_OUTPUTS, settled, folder, lang)
    show_settlement(out_console, settled, lang)
    for line in lines:
        out_console.print(Text(line), soft_wrap=True)
    show_files(out_console, paths.values())


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`DAY` = {text}: must be a day such as 2026-07-15") from None


def _named_file(text: str) -> tuple[str, Path, str | None]:
    name, equals, path = text.partition("=")
    if not equals:
        raise InputError(f"`--measured` = {text}: must be a quantity and its file, such as import=import.csv")
    return name, Path(path), None


def _states(texts: list[str] | None) -> dict[str, float]:
    states = {}
    for text in texts or ():
        name, _, number = text.partition("=")
        try:
            states[name] = float(number)
        except ValueError:
            raise InputError(f"`--soc` = {text}: must be a battery and a fraction, battery_1=0.4") from None
    return states


def _outages(texts: list[str] | None) -> "list[RecordedOutage]":
    from parkdispatch.operations.known_outages import RecordedOutage

    outages = []
    for text in texts or ():
        parts = [part.strip() for part in text.split(",")]
        try:
            share = float(parts[3]) if len(parts) == 4 else 0.0
        except ValueError:
            share = float("nan")
        if len(parts) not in (3, 4) or not 0 <= share <= 1:
            raise InputError(
                f"`--outage` = {text}: must be like battery_1,2026-07-15 18:00,2026-07-15 20:00,0.5"
            )
        outages.append(
            RecordedOutage(parts[0], moment("--outage", parts[1]), moment("--outage", parts[2]), share)
        )
    return outages
