"""What `replay` and `loop` share: the forecasts of a year, the span that is run, the hours of plans."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.prepare import Prepared
    from parkdispatch.optimizer.formulation.template import Key
    from parkdispatch.studies.closed_loop.loop_forecasts import IssuedForecasts
    from parkdispatch.studies.closed_loop.loop_options import LoopOptions

FirstDay = Annotated[
    str | None, typer.Option("--from", help="First day, such as 2026-07-13; default: 1 January.")
]
ForecastFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--forecast-file",
        help="With `--forecast file`: DEVICE=FILE, what was forecast of a load or source by interval.",
    ),
]
HoldPeak = Annotated[
    bool,
    typer.Option(
        help="Stores charge less or discharge more where the import would exceed the peak that is paid for."
    ),
]
Issued = Annotated[
    str,
    typer.Option("--issued", help="Time of the day before, HH:MM, at which learned forecasts are issued."),
]
Country = Annotated[
    str, typer.Option("--holidays", help="Country whose working days the load follows: CN, KR ...")
]


def first_interval(prepared: "Prepared", text: str | None) -> int:
    """The first interval of a span that begins on a day that was typed, or on 1 January."""
    year = prepared.case.calendar.year
    begin = _day(text) or date(year, 1, 1)
    if begin.year != year:
        raise InputError(f"argument `start` = {begin}: must lie in {year}, the year of the case")
    return (begin - date(year, 1, 1)).days * round(24 / prepared.hours)


def clock_hour(option: str, text: str) -> float:
    """A time of day that was typed [h]. Raises InputError for any other text."""
    hours, colon, minutes = text.partition(":")
    is_time = hours.isdecimal() and (minutes.isdecimal() or not colon)
    if not is_time or int(hours) > 23 or int(minutes or 0) > 59:
        raise InputError(f"`--{option}` = {text}: must be a time of day such as 14:00")
    return int(hours) + int(minutes or 0) / 60


def forecast_files(texts: Sequence[str] | None) -> dict[str, Path]:
    """The files by device that were typed as DEVICE=FILE."""
    pairs = [text.partition("=") for text in texts or ()]
    problems = [
        f"`--forecast-file` = {device}{equals}{path}: must be like load=FILE, of a load or source"
        for device, equals, path in pairs
        if not device or not path
    ]
    if problems:
        raise InputError(problems)
    return {device: Path(path) for device, _, path in pairs}


def issued_forecasts(
    prepared: "Prepared",
    options: "LoopOptions",
    files: Mapping[str, Path],
    country: str,
    progress: Callable[[str], None],
) -> "dict[Key, IssuedForecasts]":
    """The forecasts of kinds that are issued day by day; none for others."""
    if options.kind == "learned":
        from parkdispatch.operations.forecasting.forecast_request import ForecastRequest
        from parkdispatch.operations.uncertainty.year_forecasts import learned_forecasts

        return learned_forecasts(prepared, options, ForecastRequest(options.issue_hour, country), progress)
    if options.kind == "file":
        from parkdispatch.operations.uncertainty.year_forecasts import file_forecasts

        return file_forecasts(prepared, options, files, options.issue_hour)
    if files:
        raise InputError(
            f"`--forecast-file`: is read with `--forecast file` only, must be left out with {options.kind}"
        )
    return {}


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"argument `start` = {text}: must be a day such as 2026-07-13") from None
