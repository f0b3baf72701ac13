"""What `replay` prints of a span on forecasts."""

from rich.console import Console
from rich.text import Text

from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.settlement.day_settlement import DayMoney
from parkdispatch.results.settlement.forecast_regret import ForecastRegret
from parkdispatch.results.views.regret_tables import (
    cause_rows,
    month_heads,
    month_rows,
    regret_sentence,
    regret_title,
    run_lines,
    total_row,
)
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words


def show_regret(console: Console, regret: ForecastRegret, lang: Lang) -> None:
    """Print the months, what was lost by cause, and how the plans were proven."""
    words = load_words(lang, "regret")
    text = words["regret"]
    console.print(Text(regret_title(regret, words), style="bold"), soft_wrap=True)
    table = dense_table(text["months_note"], *month_heads(words))
    for cells in month_rows(regret):
        table.add_row(*cells)
    table.add_row(*total_row(regret, words), style="bold")
    console.print(table)
    table = dense_table(text["causes"], text["cause"], text["energy"], text["demand"], text["total"])
    for name, money in cause_rows(regret, words):
        table.add_row(name, *_cells(money))
    table.add_row(text["all"], *_cells(regret.lost), style="bold")
    console.print(table)
    sentence = Text(regret_sentence(regret, words), style="bold")
    console.print(sentence, soft_wrap=True)
    if regret.kept is not None:
        console.print(Text(f"{text['kept']}: {regret.kept:z.1%}", style="bold"), soft_wrap=True)
    for line in run_lines(regret, words):
        console.print(Text(line), soft_wrap=True)


def _cells(money: DayMoney) -> list[str]:
    return [f"{yuan:z,.0f}" for yuan in (money.energy, money.peak, money.total)]
