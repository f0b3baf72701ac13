"""The files of `forecast`: quantiles by interval that `plan` reads, and the scores as JSON and CSV."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.models.errors import InputError
from parkdispatch.results.forecasts.forecast_measures import ForecastScore
from parkdispatch.results.io.files import replacing, write_csv, write_json


def quantile_table(forecasts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One table of the forecasts by kind: columns such as `p10 [MW]`; with several kinds `load_p10 [MW]`."""
    many = len(forecasts) > 1
    named = {
        f"{kind}_{column} [MW]" if many else f"{column} [MW]": table[column]
        for kind, table in forecasts.items()
        for column in table.columns
    }
    return with_stamps(pd.DataFrame(named))


def with_stamps(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the starts of its intervals as text, as files of series have them."""
    return table.set_axis(pd.DatetimeIndex(table.index).strftime("%Y-%m-%d %H:%M").rename("time"), axis=0)


def score_writers(
    scores: Sequence[ForecastScore], facts: Mapping[str, Any]
) -> dict[str, Callable[[Path], object]]:
    """By the name of the file what writes it: `summary.json`, and the forecasts of each kind."""
    summary = {**facts, "scores": {score.kind: score.summary() for score in scores}}
    writers: dict[str, Callable[[Path], object]] = {"summary.json": lambda path: write_json(path, summary)}
    for score in scores:
        table = with_stamps(score.table.rename(columns=lambda name: f"{name} [MW]"))
        writers[f"{score.kind}_forecasts.csv"] = _writer(table)
    return writers


def _writer(table: pd.DataFrame) -> Callable[[Path], object]:
    return lambda path: write_csv(path, table)


def write_forecasts(path: Path, forecasts: Mapping[str, pd.DataFrame]) -> None:
    """Write the forecasts of a day by kind as one CSV file, which appears whole or not at all.

    Raises InputError where it cannot be written, or something that is no forecast is there.
    """
    try:
        if path.exists() and not _is_forecast(path):
            raise InputError(
                f"argument `out` = {path}: is there and no forecast, must be new or one to replace"
            )
        with replacing(path) as temporary:
            write_csv(temporary, quantile_table(forecasts))
    except OSError as error:
        raise InputError(f"argument `out` = {path}: cannot be written: {error.strerror or error}") from error


def _is_forecast(path: Path) -> bool:
    """Whether the file begins as those that `write_forecasts` writes."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline(200)
    return header.startswith("time,") and "p10 [MW]" in header and "p90 [MW]" in header
