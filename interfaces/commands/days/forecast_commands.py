"""`parkdispatch forecast`: tomorrow's load, PV and wind with quantiles; `forecast score`: how good."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from parkdispatch.interfaces.commands.console import out_console, progress_line
from parkdispatch.interfaces.commands.days.forecast_runs import clock_hour
from parkdispatch.interfaces.commands.days.ledger_options import ByOption, UsedLedger, author, opened
from parkdispatch.interfaces.commands.options import CaseArgument, Out, language
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from parkdispatch.inputs.case import Case
    from parkdispatch.inputs.messages.findings import Findings
    from parkdispatch.operations.forecasting.forecast_request import DayForecasts, ForecastRequest
    from parkdispatch.results.wording.languages import Lang

DAY_COMMAND = "day"
KINDS = ("load", "pv", "wind")  # of what is forecast


class ForecastGroup(TyperGroup):
    """Commands of which that of a day need not be named: `forecast gaoan` is `forecast day gaoan`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the name of the first command before what is no command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [DAY_COMMAND, *args]
        return list(super().parse_args(ctx, args))


forecast_app = typer.Typer(
    cls=ForecastGroup,
    help="Forecast the next day's load, PV and wind with P10, P50 and P90 from what was measured.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
LoadHistory = Annotated[
    Path | None, typer.Option("--load-history", help="Measured load, CSV with time and load [MW].")
]
PvHistory = Annotated[Path | None, typer.Option("--pv-history", help="Measured PV output, likewise.")]
WindHistory = Annotated[Path | None, typer.Option("--wind-history", help="Measured wind output, likewise.")]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Column of a history with several: load=NAME, pv=NAME, wind=NAME."),
]
Issued = Annotated[
    str, typer.Option("--issued", help="Time of the day before, HH:MM, after which nothing is known.")
]
HolidaysOption = Annotated[
    str,
    typer.Option("--holidays", help="Country whose working days the load follows: CN, KR ..."),
]
PvCapacity = Annotated[
    float | None,
    typer.Option("--pv-capacity", help="Most that the PV plant gives [MW]; default: most measured so far."),
]
WindCapacity = Annotated[float | None, typer.Option("--wind-capacity", help="Of the wind farm, likewise.")]
Weather = Annotated[
    Path | None,
    typer.Option(
        "--weather", help="Weather as it was forecast, of past days too, CSV with time and numbers."
    ),
]
ScreenLang = Annotated[str | None, typer.Option("--lang", help="Language of the screen: en or zh.")]


@forecast_app.command(DAY_COMMAND)
def forecast(
    case: CaseArgument = "gaoan",
    load_history: LoadHistory = None,
    pv_history: PvHistory = None,
    wind_history: WindHistory = None,
    column: Columns = None,
    day: Annotated[
        str | None, typer.Option("--for", help="Day to forecast, YYYY-MM-DD; default: the next one possible.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="CSV file, which `plan --load` reads; default: forecast-DAY.csv."),
    ] = None,
    issued: Issued = "14:00",
    holidays: HolidaysOption = "CN",
    pv_capacity: PvCapacity = None,
    wind_capacity: WindCapacity = None,
    weather: Weather = None,
    ledger: UsedLedger = None,
    by: ByOption = None,
    lang: ScreenLang = None,
) -> None:
    """Forecast a day: P10, P50 and P90 of each interval, from what was known when it is issued."""
    with progress_line() as progress:
        progress("reading histories")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.operations.forecasting.forecast_request import forecast_histories
        from parkdispatch.results.console.forecast_screen import show_forecast, show_plan_command
        from parkdispatch.results.writers.forecast_files import write_forecasts

        findings = Findings()
        screen = findings.collect(language, lang)
        chosen = findings.collect(_day, "for", day)
        files = (load_history, pv_history, wind_history)
        wanted = (issued, holidays, pv_capacity, wind_capacity, weather)
        park, histories, request = _asked(findings, case, files, column, wanted, ledger)
        forecasts = forecast_histories(park, histories, chosen, request, progress)
        recorded = _recorded(ledger, park, forecasts, by, screen) if ledger is not None else ""
        path = out or Path(f"forecast-{forecasts.day}.csv")
        write_forecasts(path, forecasts.tables)
    for kind, table in forecasts.tables.items():
        show_forecast(out_console, kind, table, forecasts.issued, park.calendar.hours, screen)
    many = len(forecasts.tables) > 1
    options = [
        f"--{kind} {path} --{kind}-column {f'{kind}_' if many else ''}p50"
        for kind in forecasts.tables
        if kind in ("load", "pv")
    ]
    if options:
        show_plan_command(out_console, case, forecasts.day, options, screen)
    from parkdispatch.results.console.dispatch_screen import show_files

    show_files(out_console, [path])
    if recorded:
        out_console.print(Text(recorded), soft_wrap=True)


@forecast_app.command("score")
def score(
    case: CaseArgument = "gaoan",
    load_history: LoadHistory = None,
    pv_history: PvHistory = None,
    wind_history: WindHistory = None,
    column: Columns = None,
    first: Annotated[
        str | None, typer.Option("--from", help="First day scored, YYYY-MM-DD; default: the first possible.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day scored; default: the last whole day of the history.")
    ] = None,
    out: Out = None,
    issued: Issued = "14:00",
    holidays: HolidaysOption = "CN",
    pv_capacity: PvCapacity = None,
    wind_capacity: WindCapacity = None,
    weather: Weather = None,
    ledger: UsedLedger = None,
    lang: ScreenLang = None,
) -> None:
    """Score such forecasts over days gone by, none of which knew what came after it, beside naive ones."""
    with progress_line() as progress:
        progress("reading histories")
        from parkdispatch.inputs.messages.findings import Findings
        from parkdispatch.interfaces.output_paths import check_output_paths, run_folder
        from parkdispatch.operations.forecasting.forecast_request import score_histories
        from parkdispatch.results.io.run_folder import output_folder
        from parkdispatch.results.writers.forecast_files import score_writers

        findings = Findings()
        screen = findings.collect(language, lang)
        span = (findings.collect(_day, "from", first), findings.collect(_day, "to", last))
        findings.collect(check_output_paths, out)
        files = (load_history, pv_history, wind_history)
        wanted = (issued, holidays, pv_capacity, wind_capacity, weather)
        park, histories, request = _asked(findings, case, files, column, wanted, ledger)
        scores = score_histories(park, histories, span, request, progress)
        with run_folder(out, park.name, "forecast-score") as folder, output_folder(folder) as stage:
            writers = score_writers(scores, request.facts(park))
            paths = [stage(name, write) for name, write in writers.items()]
    from parkdispatch.results.console.dispatch_screen import show_files
    from parkdispatch.results.console.forecast_screen import show_score

    for item in scores:
        show_score(out_console, item, screen)
    show_files(out_console, paths)


def _recorded(ledger: str, park: "Case", forecasts: "DayForecasts", by: str | None, lang: "Lang") -> str:
    """Record a forecast in the ledger, as it is issued. Returns the sentence that says so."""
    from parkdispatch.operations.ledger.forecast_bands import add_bands
    from parkdispatch.results.wording.words import load_words

    who = author(by)
    names = add_bands(opened(ledger), park, forecasts.tables, who)
    text = load_words(lang, "ledger")["ledger"]["forecast_recorded"]
    return str(text).format(what=", ".join(names), day=forecasts.day, by=who.name)


def _asked(
    findings: "Findings",
    case: str,
    files: tuple[Path | None, Path | None, Path | None],
    columns: list[str] | None,
    wanted: tuple[str, str, float | None, float | None, Path | None],
    ledger: str | None,
) -> "tuple[Case, dict[str, pd.Series], ForecastRequest]":
    """The case, the histories by kind, and how they are forecast. Raises InputError with all problems.

    `files` are those of load, PV and wind; `wanted` is when the forecast is issued, whose holidays count, the
    capacities of PV and wind [MW], and the weather forecast.
    """
    from parkdispatch.inputs.loader import load_case
    from parkdispatch.inputs.weather.weather_forecasts import read_weather_forecasts
    from parkdispatch.operations.forecasting.forecast_request import ForecastRequest, read_histories

    issued, country, pv_mw, wind_mw, weather = wanted
    park = findings.collect(load_case, case)
    hour = findings.collect(clock_hour, "issued", issued)
    by_kind = findings.collect(_columns, columns)
    forecast_weather = findings.collect(read_weather_forecasts, weather) if weather else None
    findings.raise_any()
    capacities_mw = {"pv": pv_mw, "wind": wind_mw}
    request = findings.collect(ForecastRequest, hour, country, capacities_mw, forecast_weather)
    given = {kind: path for kind, path in zip(KINDS, files, strict=True) if path is not None}
    histories = findings.collect(read_histories, park, given, by_kind)
    findings.raise_any()
    if not histories and ledger is not None:
        from parkdispatch.operations.forecasting.ledger_history import ledger_histories

        histories = ledger_histories(opened(ledger), park, KINDS)
    if not histories:
        raise InputError(
            "no history: must be given, by `--load-history`, `--pv-history`, `--wind-history`, or `--ledger`"
            " with measured load, PV or wind"
        )
    return park, histories, request


def _columns(texts: list[str] | None) -> dict[str, str]:
    """The columns by kind that were typed."""
    pairs = [text.partition("=") for text in texts or ()]
    problems = [
        f"`--column` = {kind}{equals}{name}: must be like load=NAME, of load, pv or wind"
        for kind, equals, name in pairs
        if kind not in KINDS or not name
    ]
    if problems:
        raise InputError(problems)
    return {kind: name for kind, _, name in pairs}


def _day(option: str, text: str | None) -> date | None:
    """A day that was typed, if any."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`--{option}` = {text}: must be a day such as 2026-07-15") from None
