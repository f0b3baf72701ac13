"""The output files of `settle`: table, workbook, summary."""

from pathlib import Path

import pandas as pd

from parkdispatch.results.excel.workbook_book import Book, workbook
from parkdispatch.results.io.files import write_csv, write_json
from parkdispatch.results.settlement.day_settlement import LINES, DayMoney, Settlement, settlement_json
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.outputs import Output

AMOUNT = "#,##0.00"
SMALLEST = 5e-7  # [yuan] that six digits show


def settlement_rows(settled: Settlement) -> dict[str, DayMoney]:
    """The rows of the table: cost, loss, and each cause, which add up to the loss."""
    rows = {name: getattr(settled, name) for name in ("planned", "actual", "foresight", "lost")}
    return {**rows, **{f"lost.{cause}": money for cause, money in settled.losses.items()}}


def _write_csv(path: Path, settled: Settlement, _: Lang) -> None:
    rows = settlement_rows(settled)
    columns = {f"{line} [yuan]": [_shown(getattr(money, line)) for money in rows.values()] for line in LINES}
    columns["total [yuan]"] = [_shown(money.total) for money in rows.values()]
    write_csv(path, pd.DataFrame(columns, index=pd.Index(list(rows), name="row")))


def _shown(yuan: float) -> float:
    """An amount without the sign of a rounded zero."""
    return 0.0 if abs(yuan) < SMALLEST else yuan


def _write_xlsx(path: Path, settled: Settlement, lang: Lang) -> None:
    tables = load_words(lang, "settle")
    words, causes = {**tables, **tables["settle"]}, tables["cause"]
    title = words["title"].format(title=settled.title, day=settled.day)
    with workbook(path, title, settled.day) as opened:
        book, sheet = Book(opened, words), opened.add_worksheet(f"{settled.day}")
        book.head(sheet, title, words["causes"], "")
        sheet.set_column(0, 0, 34)
        sheet.set_column(1, 4, 16)
        heads = [*(words[line] for line in LINES), words["total"]]

        def row(name: str, money: DayMoney, number: int) -> list[object]:
            cells = [getattr(money, line) + 0.0 for line in LINES]
            return [name, *cells, (f"=SUM(B{number}:D{number})", money.total)]

        names = ("planned", "actual", "foresight", "lost")
        rows = [row(words[name], getattr(settled, name), 6 + n) for n, name in enumerate(names)]
        after = book.table(sheet, 4, ["", *heads], rows, AMOUNT)
        first = after + 3  # of the causes, as Excel counts
        items = list(settled.losses.items())
        rows = [row(causes[cause], money, first + n) for n, (cause, money) in enumerate(items)]
        last = first + len(items) - 1
        sums = [getattr(settled.lost, line) + 0.0 for line in LINES] + [settled.lost.total]
        cells = [
            (f"=SUM({column}{first}:{column}{last})", yuan) for column, yuan in zip("BCDE", sums, strict=True)
        ]
        book.table(sheet, after + 1, ["", *heads], [*rows, [words["total"], *cells]], AMOUNT)


def _write_summary(path: Path, settled: Settlement, _: Lang) -> None:
    write_json(path, settlement_json(settled))


SETTLEMENT_OUTPUTS: tuple[Output[Settlement], ...] = (
    Output("settlement.csv", _write_csv),
    Output("settlement.xlsx", _write_xlsx),
    Output("summary.json", _write_summary),
)
