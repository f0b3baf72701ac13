"""What `settle` prints of a day."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.settlement.day_settlement import LINES, DayMoney, MonthBill, Settlement
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words

VOLUMES = ("load_mwh", "sources_mwh", "import_mwh", "export_mwh", "peak_mw")


def show_settlement(console: Console, settled: Settlement, lang: Lang) -> None:
    """Print cost, causes, volumes, the month and its bill, and what was assumed."""
    tables = load_words(lang, "settle")
    words, causes = tables["settle"], tables["cause"]
    title = words["title"].format(title=settled.title, day=settled.day)
    console.print(Text(title, style="bold"), soft_wrap=True)
    heads = [words[line] for line in LINES]
    table = dense_table(words["cost"], "", *heads, words["total"])
    for name in ("planned", "actual", "foresight", "lost"):
        table.add_row(words[name], *_cells(getattr(settled, name)), style="bold" if name == "lost" else None)
    console.print(table)
    table = dense_table(words["causes"], "", *heads, words["total"])
    for cause, money in settled.losses.items():
        table.add_row(causes[cause], *_cells(money))
    table.add_row(words["total"], *_cells(settled.lost), style="bold")
    for period in (settled.month, settled.year):
        if period is not None and period.days > 1:
            table.add_row(words["days"].format(name=period.name, days=period.days), *_cells(period.total))
    console.print(table)
    table = dense_table(words["volumes"], "", *(words[name] for name in ("planned", "actual", "foresight")))
    volumes = (settled.planned_volumes, settled.actual_volumes, settled.foresight_volumes)
    for name in VOLUMES:
        table.add_row(words[name], *(f"{getattr(item, name):z,.2f}" for item in volumes))
    console.print(table)
    parts = [
        words["part"].format(cause=causes[cause], yuan=f"{yuan:z,.0f}")
        for cause, yuan in settled.five_lines.items()
    ]
    separator = "，" if lang == "zh" else ", "
    sentence = words["sentence"].format(lost=f"{settled.lost.total:z,.0f}", parts=separator.join(parts))
    console.print(Text(sentence, style="bold"), soft_wrap=True)
    lines = [*bill_lines(settled.bill, words), words["gap"].format(gap=f"{settled.gap:.1e}")]
    lines += [tables["assumed"][key].format(**values) for key, values in settled.assumed]
    for line in lines:
        console.print(Text(line), soft_wrap=True)


def bill_lines(bill: MonthBill | None, words: Mapping[str, Any]) -> list[str]:
    """Sentences on the bill of the month."""
    if bill is None:
        return []
    key = "bill_missing" if bill.missing else "bill_so_far"
    yuan = f"{bill.so_far_yuan:z,.0f}"
    lines = [
        words[key].format(
            month=bill.month, yuan=yuan, metered=f"{bill.metered:,}", missing=f"{bill.missing:,}"
        )
    ]
    if bill.expected_yuan is not None:
        expected = f"{bill.expected_yuan:z,.0f}"
        lines.append(words["bill_expected"].format(yuan=expected, peak=f"{bill.expected_peak_mw:.1f}"))
    return lines


def _cells(money: DayMoney) -> list[str]:
    return [f"{yuan:z,.0f}" for yuan in (*(getattr(money, line) for line in LINES), money.total)]
