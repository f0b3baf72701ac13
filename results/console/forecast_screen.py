"""What `forecast` prints: the forecast of a day, and the scores of many."""

from collections.abc import Sequence
from datetime import date

import pandas as pd
from rich.console import Console
from rich.text import Text

from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.forecasts.forecast_measures import LEARNED, ForecastScore, MethodScore
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words


def show_forecast(
    console: Console, kind: str, table: pd.DataFrame, issued: pd.Timestamp, hours: float, lang: Lang
) -> None:
    """Print the energy and the highest power of a day's forecast."""
    words = load_words(lang, "forecast")
    energy = {column: f"{table[column].sum() * hours:,.4g}" for column in ("p10", "p50", "p90")}
    line = words["forecast"]["made"].format(
        kind=words["kinds"][kind],
        day=f"{table.index[0]:%Y-%m-%d}",
        issued=f"{issued:%Y-%m-%d %H:%M}",
        peak=f"{table['p50'].max():,.4g}",
        time=f"{table['p50'].idxmax():%H:%M}",
        **energy,
    )
    console.print(Text(line), soft_wrap=True)


def show_plan_command(console: Console, case: str, day: date, options: Sequence[str], lang: Lang) -> None:
    """Print how the forecast is planned with."""
    words = load_words(lang, "forecast")["forecast"]
    line = words["plan_with"].format(case=case, day=day, options=" ".join(options))
    console.print(Text(line, style="dim"), soft_wrap=True)


def show_score(console: Console, score: ForecastScore, lang: Lang) -> None:
    """Print the measures of the forecasts and of the naive ones, and by how much they differ."""
    words = load_words(lang, "forecast")
    text = words["forecast"]
    hour, minute = divmod(round(score.issue_hour * 60), 60)
    title = text["title"].format(
        kind=words["kinds"][score.kind], first=score.first, last=score.last, hour=f"{hour:02d}:{minute:02d}"
    )
    percent = text["of_mean"]
    heads = (text["method"], text["pinball"], percent, text["mae"], percent, text["coverage"])
    table = dense_table(title[:1].upper() + title[1:], *heads)
    for row in score.methods:
        style = "bold" if row.method == LEARNED else None
        table.add_row(words["methods"][row.method], *_cells(row, score.mean_mw), style=style)
    console.print(table)
    basis = text["basis_pv" if score.kind == "pv" else "basis"]
    mean = f"{score.mean_mw * KW_PER_MW:,.5g}"
    console.print(Text(basis.format(intervals=f"{score.intervals:,}", mean=mean)), soft_wrap=True)
    key = "loss" if score.pinball_gain <= 0 else "gain_mae_worse" if score.mae_gain < 0 else "gain"
    line = text[key].format(
        pinball=f"{abs(score.pinball_gain):.1%}",
        mae=f"{abs(score.mae_gain):.1%}",
        best=words["methods"][score.best_naive.method],
    )
    console.print(Text(line), soft_wrap=True)


def _cells(row: MethodScore, mean_mw: float) -> list[str]:
    shares = [f"{value / mean_mw:.1%}" if mean_mw > 0 else "–" for value in (row.pinball_mw, row.mae_mw)]
    coverage = " / ".join(f"{share * 100.0:.1f}" for share in row.coverage)
    powers = [f"{value * KW_PER_MW:,.5g}" for value in (row.pinball_mw, row.mae_mw)]
    return [powers[0], shares[0], powers[1], shares[1], coverage]
