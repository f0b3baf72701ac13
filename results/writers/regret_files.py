"""The output files of a span on forecasts: page, workbook, tables, summary."""

from pathlib import Path

import pandas as pd

from parkdispatch.results.excel.workbook_book import Book, workbook
from parkdispatch.results.html.regret_page import regret_html
from parkdispatch.results.io.files import write_csv, write_json
from parkdispatch.results.settlement.day_settlement import DayMoney
from parkdispatch.results.settlement.forecast_regret import ForecastRegret, regret_json
from parkdispatch.results.views.regret_tables import cause_rows, regret_sentence, regret_title, run_lines
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.outputs import Output

AMOUNT, POWER, SHARE = "#,##0.00", "#,##0.0", "0.0%"


def _write_csv(path: Path, regret: ForecastRegret, _: Lang) -> None:
    rows = {**regret.losses, "all": regret.lost}
    columns = {
        "energy [yuan]": [money.energy for money in rows.values()],
        "demand [yuan]": [money.peak for money in rows.values()],
        "total [yuan]": [money.total for money in rows.values()],
    }
    write_csv(path, pd.DataFrame(columns, index=pd.Index(list(rows), name="cause")))


def _write_months(path: Path, regret: ForecastRegret, _: Lang) -> None:
    rows = []
    for month in regret.months:
        cells: dict[str, float | None] = {}
        for name in ("operated", "foresight", "without"):
            money = getattr(month, name)
            cells[f"{name} energy [yuan]"] = None if money is None else money.energy
            cells[f"{name} demand [yuan]"] = None if money is None else money.peak
        rows.append(
            {
                **cells,
                "kept [1]": month.kept,
                "operated peak [MW]": month.peak_mw,
                "foresight peak [MW]": month.foresight_peak_mw,
                "without peak [MW]": month.without_peak_mw,
            }
        )
    write_csv(path, pd.DataFrame(rows, index=pd.Index([m.name for m in regret.months], name="month")))


def _write_xlsx(path: Path, regret: ForecastRegret, lang: Lang) -> None:
    words = load_words(lang, "regret")
    text, title = words["regret"], regret_title(regret, words)
    with workbook(path, title, regret.last) as opened:
        book, sheet = Book(opened, words), opened.add_worksheet(text["causes"].partition("，")[0][:31])
        book.head(sheet, title, regret_sentence(regret, words), " ".join(run_lines(regret, words)))
        sheet.set_column(0, 0, 40)
        sheet.set_column(1, 12, 16)
        heads = [text["cause"], text["energy"], text["demand"], text["total"]]
        first = 6  # row of the first cause, as Excel counts
        rows: list[list[object]] = [
            [name, money.energy + 0.0, money.peak + 0.0, (f"=SUM(B{first + n}:C{first + n})", money.total)]
            for n, (name, money) in enumerate(cause_rows(regret, words))
        ]
        rows.append(_sums(text["all"], regret.lost, first, first + len(rows) - 1))
        after = book.table(sheet, 4, heads, rows, AMOUNT)
        months = opened.add_worksheet(text["months"])
        book.head(months, title, text["workbook_costs"], "")
        months.set_column(0, 0, 12)
        months.set_column(1, 10, 16)
        _month_sheet(book, months, regret, text)
        book.put(sheet, after + 1, 0, text["causes_note"])


def _sums(name: str, lost: DayMoney, first: int, last: int) -> list[object]:
    amounts = zip("BCD", (lost.energy, lost.peak, lost.total), strict=True)
    return [name, *((f"=SUM({column}{first}:{column}{last})", yuan + 0.0) for column, yuan in amounts)]


def _month_sheet(book: Book, sheet: object, regret: ForecastRegret, text: dict[str, str]) -> None:
    """Costs by month, what is kept of the saving as a formula, and highest imports."""
    names = ("month", "operated", "foresight", "without", "share", "peak", "peak_foresight", "peak_without")
    rows: list[list[object]] = []
    for n, month in enumerate(regret.months):
        row = 6 + n
        rows.append(
            [
                month.name,
                month.operated.total,
                month.foresight.total,
                None if month.without is None else month.without.total,
                None if month.kept is None else (f"=(D{row}-B{row})/(D{row}-C{row})", month.kept),
                month.peak_mw,
                month.foresight_peak_mw,
                month.without_peak_mw,
            ]
        )
    last = 5 + len(rows)
    totals = [regret.operated, regret.foresight, regret.without]
    sums: list[object] = [
        None if money is None else (f"=SUM({column}6:{column}{last})", money.total)
        for column, money in zip("BCD", totals, strict=True)
    ]
    share = (
        None
        if regret.kept is None
        else (f"=(D{last + 1}-B{last + 1})/(D{last + 1}-C{last + 1})", regret.kept)
    )
    rows.append([text["all"], *sums, share])
    form = ["@", AMOUNT, AMOUNT, AMOUNT, SHARE, POWER, POWER, POWER]
    book.table(sheet, 4, [text[name] for name in names], rows, form)


def _write_page(path: Path, regret: ForecastRegret, lang: Lang) -> None:
    path.write_text(regret_html(regret, lang), encoding="utf-8")


def _write_summary(path: Path, regret: ForecastRegret, _: Lang) -> None:
    write_json(path, regret_json(regret))


REGRET_OUTPUTS: tuple[Output[ForecastRegret], ...] = (
    Output("regret.csv", _write_csv),
    Output("regret_months.csv", _write_months),
    Output("regret.xlsx", _write_xlsx, for_people=True),
    Output("regret.html", _write_page, for_people=True),
    Output("regret.json", _write_summary),
)
