"""The sheet of owners: who pays whom by year, and formulas for the flow and the measures of each owner."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_range, xl_range_abs, xl_rowcol_to_cell

from parkdispatch.results.excel.workbook_book import HEAD, Book
from parkdispatch.results.owners.owner_flows import OwnerFlow, OwnerStudy
from parkdispatch.results.owners.transfers import PARK, Transfer
from parkdispatch.results.wording.owner_words import owner_name, transfer_name

FIRST = 3  # column of the first year
TOP = 4  # row of the heads, from zero
MONEY, PERCENT, SPAN = "#,##0.00;[Red]-#,##0.00", "0.00%", "0.00"


def write_owner_sheet(
    book: Book, sheet: Any, owners: OwnerStudy, rate: float, from_start: bool, words: Mapping[str, Any]
) -> None:
    """Write transfers and taxes by year as numbers; flows, NPV and IRR as formulas, before and after tax.

    The park's flow is what crosses its border; a row of differences shows that the owners' add up to it.
    """
    _OwnerSheet(book, sheet, rate, from_start, words, len(owners.transfers[0].yuan)).write(owners)


class _OwnerSheet:
    """Writes the sheet from top to bottom."""

    def __init__(
        self, book: Book, sheet: Any, rate: float, from_start: bool, words: Mapping[str, Any], years: int
    ) -> None:
        self.book, self.sheet, self.words, self.text = book, sheet, words, words["owners"]
        self.rate, self.from_start, self.years, self.last = rate, from_start, years, FIRST + years - 1
        self.rate_cell = xl_rowcol_to_cell(TOP - 1, 1, row_abs=True, col_abs=True)
        self.money = book.form(num_format=MONEY)

    def write(self, owners: OwnerStudy) -> None:
        """Write the heads, and the blocks before and after tax."""
        self._heads()
        first = TOP + 1
        row = self._transfers(first, owners.transfers)
        before = row + 1
        row = self._flows(before, owners.flows, (first, row - 1), None)
        taxes = row + 1
        row = self._transfers(taxes, owners.taxes)
        self._flows(row + 1, owners.after_tax, (taxes, row - 1), before)
        self.sheet.freeze_panes(TOP + 1, FIRST)

    def _heads(self) -> None:
        text, sheet = self.text, self.sheet
        heads = [text["flow"], text["payer"], text["payee"], *map(str, range(self.years))]
        for column, head in enumerate([*heads, text["npv"], text["irr"]]):
            align = "left" if column < FIRST else "right"
            sheet.write_string(TOP, column, head, self.book.form(**HEAD, align=align))
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, 2, 18)
        sheet.set_column(FIRST, self.last + 2, 16)
        sheet.write_string(TOP - 1, 0, text["rate"], self.book.form())
        sheet.write_number(TOP - 1, 1, self.rate, self.book.form(num_format=PERCENT, font_color="#0000C0"))

    def _transfers(self, row: int, transfers: Sequence[Transfer]) -> int:
        """Write payments by year as numbers; the row after the last one."""
        for transfer in transfers:
            names = [transfer_name(transfer.key, self.words)]
            names += [owner_name(party, self.words) for party in transfer[1:3]]
            for column, name in enumerate(names):
                self.sheet.write_string(row, column, name, self.book.form())
            for year, yuan in enumerate(transfer.yuan.tolist()):
                self.sheet.write_number(row, FIRST + year, yuan, self.money)
            row += 1
        return row

    def _flows(
        self, first: int, flows: Sequence[OwnerFlow], paid: tuple[int, int], before: int | None
    ) -> int:
        """Write the flows as sums of the payments in the rows `paid`, added to those of the rows at `before`.

        The row after the last one.
        """
        payers, payees = (xl_range_abs(paid[0], column, paid[1], column) for column in (1, 2))
        outside = owner_name("outside", self.words)
        for number, flow in enumerate(flows):
            line, owner = first + number, owner_name(flow.owner, self.words)
            label = owner if before is None else str(self.text["flow_after_tax"]).format(owner=owner)
            self.sheet.write_string(line, 0, label, self.book.form(bold=True))
            party, signs = (outside, "-+") if flow.owner == PARK else (owner, "+-")
            for year, yuan in enumerate(flow.yuan.tolist()):
                column = FIRST + year
                amounts = xl_range(paid[0], column, paid[1], column)
                earlier = "" if before is None else xl_rowcol_to_cell(before + number, column)
                received = f'{signs[0]}SUMIF({payees},"{party}",{amounts})'
                formula = f'={earlier}{received}{signs[1]}SUMIF({payers},"{party}",{amounts})'
                self.sheet.write_formula(line, column, formula, self.money, yuan)
            self._measures(line, flow)
        return self._difference(first, flows)

    def _measures(self, line: int, flow: OwnerFlow) -> None:
        """Write NPV and IRR of the flow in a row."""
        cells = xl_range(line, FIRST, line, self.last)
        factor = "" if self.from_start else f"*(1+{self.rate_cell})"
        formula = f"=NPV({self.rate_cell},{cells}){factor}"
        self.sheet.write_formula(line, self.last + 1, formula, self.money, flow.npv_yuan)
        irr_form = self.book.form(num_format=PERCENT, align="right")
        shown = "" if flow.irr is None else flow.irr
        self.sheet.write_formula(line, self.last + 2, f'=IFERROR(IRR({cells}),"")', irr_form, shown)

    def _difference(self, first: int, flows: Sequence[OwnerFlow]) -> int:
        """Write by how much the owners' flows differ from the park's; the row after it."""
        park_row = first + len(flows) - 1
        self.sheet.write_string(park_row + 1, 0, self.text["difference"], self.book.form())
        differences = np.sum([flow.yuan for flow in flows[:-1]], axis=0) - flows[-1].yuan
        for year, yuan in enumerate(differences.tolist()):
            column = FIRST + year
            parts = xl_range(first, column, park_row - 1, column)
            formula = f"=ROUND(SUM({parts})-{xl_rowcol_to_cell(park_row, column)},2)"
            self.sheet.write_formula(park_row + 1, column, formula, self.money, round(yuan, 2))
        return park_row + 2
