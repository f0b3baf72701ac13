"""The sheet of owners: who pays whom by year, and formulas for the flow and the measures of each owner."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_range, xl_range_abs, xl_rowcol_to_cell

from parkdispatch.results.excel.workbook_book import HEAD, Book
from parkdispatch.results.finance.owner_flows import PARK, OwnerStudy
from parkdispatch.results.wording.owner_words import owner_name, transfer_name

FIRST = 3  # column of the first year
TOP = 4  # row of the heads, from zero
MONEY, PERCENT, SPAN = "#,##0.00;[Red]-#,##0.00", "0.00%", "0.00"


def write_owner_sheet(
    book: Book, sheet: Any, owners: OwnerStudy, rate: float, from_start: bool, words: Mapping[str, Any]
) -> None:
    """Write transfers by year as numbers, and the owners' flows, NPV and IRR as formulas of them.

    The park's flow is what crosses its border; a row of differences shows that the owners' add up to it.
    """
    text, years = words["owners"], len(owners.transfers[0].yuan)
    last = FIRST + years - 1
    heads = [text["flow"], text["payer"], text["payee"], *(str(year) for year in range(years))]
    for column, head in enumerate([*heads, text["npv"], text["irr"]]):
        sheet.write_string(TOP, column, head, book.form(**HEAD, align="left" if column < FIRST else "right"))
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 2, 18)
    sheet.set_column(FIRST, last + 2, 16)
    sheet.write_string(TOP - 1, 0, text["rate"], book.form())
    sheet.write_number(TOP - 1, 1, rate, book.form(num_format=PERCENT, font_color="#0000C0"))
    rate_cell = xl_rowcol_to_cell(TOP - 1, 1, row_abs=True, col_abs=True)
    money = book.form(num_format=MONEY)
    row = TOP + 1
    for transfer in owners.transfers:
        names = [transfer_name(transfer.key, words), *(owner_name(o, words) for o in transfer[1:3])]
        for column, name in enumerate(names):
            sheet.write_string(row, column, name, book.form())
        for year, yuan in enumerate(transfer.yuan.tolist()):
            sheet.write_number(row, FIRST + year, yuan, money)
        row += 1
    payers, payees = (xl_range_abs(TOP + 1, column, row - 1, column) for column in (1, 2))
    outside, first_owner = owner_name("outside", words), row + 1
    for number, flow in enumerate(owners.flows):
        line, name = first_owner + number, owner_name(flow.owner, words)
        sheet.write_string(line, 0, name, book.form(bold=True))
        party, signs = (outside, "-+") if flow.owner == PARK else (name, "+-")
        for year, yuan in enumerate(flow.yuan.tolist()):
            column = FIRST + year
            amounts = xl_range(TOP + 1, column, row - 1, column)
            formula = (
                f'={signs[0]}SUMIF({payees},"{party}",{amounts}){signs[1]}SUMIF({payers},"{party}",{amounts})'
            )
            sheet.write_formula(line, column, formula, money, yuan)
        cells = xl_range(line, FIRST, line, last)
        factor = "" if from_start else f"*(1+{rate_cell})"
        sheet.write_formula(line, last + 1, f"=NPV({rate_cell},{cells}){factor}", money, flow.npv_yuan)
        irr_form = book.form(num_format=PERCENT, align="right")
        shown = "" if flow.irr is None else flow.irr
        sheet.write_formula(line, last + 2, f'=IFERROR(IRR({cells}),"")', irr_form, shown)
    park_row = first_owner + len(owners.flows) - 1
    sheet.write_string(park_row + 1, 0, text["difference"], book.form())
    differences = np.sum([flow.yuan for flow in owners.flows[:-1]], axis=0) - owners.flows[-1].yuan
    for year, yuan in enumerate(differences.tolist()):
        column = FIRST + year
        parts = xl_range(first_owner, column, park_row - 1, column)
        formula = f"=ROUND(SUM({parts})-{xl_rowcol_to_cell(park_row, column)},2)"
        sheet.write_formula(park_row + 1, column, formula, money, round(yuan, 2))
    sheet.freeze_panes(TOP + 1, FIRST)
