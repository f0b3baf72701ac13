"""The sheet of phases: each phase's flows by year as numbers, their sums and measures as formulas."""

from collections.abc import Mapping, Sequence
from typing import Any

from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from parkdispatch.results.excel.workbook_book import HEAD, Book
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS
from parkdispatch.results.finance.phase_study import PhaseStudy, shifted_sum
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.phase_words import phase_name

TOP, FIRST = 4, 2  # row of the heads and column of the first year, from zero
MONEY, PERCENT = "#,##0.00;[Red]-#,##0.00", "0.00%"


def write_phase_sheet(
    book: Book,
    sheet: Any,
    phases: Sequence[PhaseStudy],
    cash: CashFlow,
    words: Mapping[str, Any],
    finance_words: FinanceWords,
) -> None:
    """Write a block for each flow: a row for each phase, their sum, its NPV and IRR."""
    years = len(cash.values["year"])
    last, money, text = FIRST + years - 1, book.form(num_format=MONEY), words["phases"]
    heads = [text["flow"], text["rate"], *map(str, range(years)), text["npv_yuan"], text["irr"]]
    for column, head in enumerate(heads):
        sheet.write_string(TOP, column, head, book.form(**HEAD, align="left" if column < FIRST else "right"))
    sheet.set_column(0, 0, 52)
    sheet.set_column(1, last + 2, 16)
    row = TOP + 1
    from_start = cash.finance.discounted_to == "start_of_construction"
    for key in FLOWS:
        first = row
        for phase in phases:
            name = f"{finance_words.thing(key)}, {phase_name(phase.phase, words)}"
            sheet.write_string(row, 0, name, book.form())
            flow = shifted_sum([(phase.phase.commissioned, phase.cash.values[key])], years)
            for year, yuan in enumerate(flow.tolist()):
                sheet.write_number(row, FIRST + year, yuan, money)
            row += 1
        finance, returns = cash.finance, cash.returns[key]
        rate = finance.equity_discount_rate if key.startswith("equity") else finance.discount_rate
        sheet.write_string(row, 0, finance_words.thing(key), book.form(bold=True))
        sheet.write_number(row, 1, rate, book.form(num_format=PERCENT, font_color="#0000C0"))
        for year, yuan in enumerate(cash.values[key].tolist()):
            cells = xl_range(first, FIRST + year, row - 1, FIRST + year)
            sheet.write_formula(row, FIRST + year, f"=SUM({cells})", money, yuan)
        flows, rate_cell = xl_range(row, FIRST, row, last), xl_rowcol_to_cell(row, 1)
        factor = "" if from_start else f"*(1+{rate_cell})"
        sheet.write_formula(row, last + 1, f"=NPV({rate_cell},{flows}){factor}", money, returns.npv_yuan)
        irr = "" if returns.irr.value is None else returns.irr.value
        irr_form = book.form(num_format=PERCENT, align="right")
        sheet.write_formula(row, last + 2, f'=IFERROR(IRR({flows}),"")', irr_form, irr)
        row += 2
    sheet.freeze_panes(TOP + 1, FIRST)
