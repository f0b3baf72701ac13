"""cashflow.xlsx: the cash flow as a workbook that counts for itself.

Numbers a person may change stand in yellow cells: the assumptions, and revenue and energy by year. All else
are formulas of them, with the engine's values as what they show before they are counted anew. How many
years there are, and how many a loss is carried, make columns and rows and cannot be changed there.
"""

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np
import xlsxwriter
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from parkdispatch.models.finance.investment import Parameter, parameters
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS, CashFlowLine
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.html.page import Lang
from parkdispatch.results.views.finance_words import FinanceWords

SHEETS = ("years", "losses", "payback")  # of lines; what they are called is among the words
FIXED = ("construction_years", "operation_years", "income_tax_loss_years")  # they make columns and rows
TOP, LEFT = 4, 4  # first row of lines and first column of years, from zero
MONEY, PLAIN, FACTOR, PERCENT, SPAN = "#,##0.00;[Red]-#,##0.00", "0", "0.0000", "0.00%", "0.00"
FORMS = {"yuan": MONEY, "MWh": MONEY, "-": FACTOR, "years": SPAN}
INPUT = {"font_color": "#0000C0", "bg_color": "#FFF9DB", "border": 1, "border_color": "#D9C97A"}
HEAD = {"bold": True, "bottom": 2, "bg_color": "#F0F3F6"}
SECTION = {"bold": True, "font_color": "#1F4E79", "top": 1}
SOFT = {"font_color": "#5A6675"}
STRONG = (*FLOWS, "revenue", "ebitda", "ebit", "profit")
GUESS = 0.1  # [-] where the spreadsheet begins to look for an IRR when there is none to begin with
CREATED = datetime.datetime(2026, 1, 1)  # no clock: same input, same bytes
REFERENCE = re.compile(r"\{(\w+)(<|:built|:)?\}")


def write_cashflow_xlsx(path: Path, cash: CashFlow, title: str = "", lang: Lang = "en") -> None:
    """Write the workbook: sheets of results, assumptions, years, losses and payback.

    Names in formulas are the same in every language, and so are the choices in cells that may be changed.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        words = FinanceWords(lang)
        title = title or words.text["title"]
        book.set_properties({"title": title, "author": "parkdispatch", "created": CREATED})
        _Writer(book, cash, title, words).write()


class _Writer:
    """One workbook being written; knows in which row each line stands."""

    def __init__(self, book: Any, cash: CashFlow, title: str, words: FinanceWords) -> None:
        self.book, self.cash, self.title, self.words, self.text = book, cash, title, words, words.text
        self.built = cash.finance.construction_years
        self.count = len(cash.values["year"])
        names = ("results", "assumptions", *SHEETS)
        self.sheets = {name: book.add_worksheet(self.text[name]) for name in names}
        self.lines: dict[str, list[CashFlowLine]] = {name: [] for name in SHEETS}
        self.place: dict[str, tuple[str, int]] = {}
        for line in cash.lines:
            self.lines[line.sheet].append(line)
        for name, found in self.lines.items():
            row, section = TOP, ""
            for line in found:
                row += 2 * (line.section != section) - (row == TOP)  # an empty row and the section's heading
                section = line.section
                self.place[line.key] = (name, row)
                row += 1
        self.font = "Microsoft YaHei" if words.lang == "zh" else "Calibri"
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self) -> None:
        """All sheets."""
        self._assumptions()
        for name in SHEETS:
            self._years(name)
        self._results()

    def form(self, **look: Any) -> Any:
        """A cell format, made once."""
        key = tuple(sorted(look.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_size": 10, "font_name": self.font, **look})
        return self.formats[key]

    def begin(self, name: str, note: str) -> Any:
        """Title, a line of explanation, page layout."""
        sheet = self.sheets[name]
        sheet.write_string(0, 0, self.title, self.form(bold=True, font_size=16))
        sheet.write_string(1, 0, note, self.form(**SOFT))
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&F&C&A&R&P / &N")
        return sheet

    def ref(self, name: str) -> str:
        """A sheet as a formula calls it."""
        called = self.text[name]
        return called if called.isascii() else f"'{called}'"

    def _assumptions(self) -> None:
        text = self.text
        sheet = self.begin("assumptions", text["note_assumptions"])
        heads = [text[key] for key in ("assumption", "value", "unit", "what", "source")]
        heads += [text["called"]] if self.words.lang != "en" else []  # in English it is the name itself
        for column, (head, width) in enumerate(zip(heads, (46, 20, 26, 80, 80, 46), strict=False)):
            sheet.write_string(3, column, head, self.form(**HEAD))
            sheet.set_column(column, column, width)
        power = Parameter(
            name="power_mw",
            value=self.cash.operation.power_mw,
            unit="MW",
            sentence=text["power"],
            source="given",
        )
        for row, one in enumerate([power, *parameters(self.cash.finance)], start=TOP):
            fixed, told = one.name in FIXED, self.words.parameter(one)
            look = SOFT if fixed else INPUT
            sentence = text["fixed"].format(sentence=told.sentence) if fixed else told.sentence
            for column, cell in ((0, told.name), (2, told.unit), (3, sentence), (4, told.source)):
                sheet.write_string(row, column, cell, self.form())
            if len(heads) > 5:
                sheet.write_string(row, 5, one.name, self.form(**SOFT))
            if isinstance(one.value, str):
                sheet.write_string(row, 1, one.value, self.form(**look, align="right"))
                sheet.data_validation(row, 1, row, 1, {"validate": "list", "source": list(one.choices)})
            else:
                sheet.write_number(row, 1, one.value, self.form(**look, num_format="#,##0.######"))
            self.book.define_name(one.name, f"={self.ref('assumptions')}!$B${row + 1}")
        sheet.freeze_panes(TOP, 1)

    def _years(self, name: str) -> None:
        text = self.text
        sheet = self.begin(name, text[f"note_{name}"])
        for column, (key, width) in enumerate((("line", 52), ("unit", 7), ("how", 60), ("total", 18))):
            align = "right" if key == "total" else "left"
            sheet.write_string(TOP - 1, column, text[key], self.form(**HEAD, align=align))
            sheet.set_column(column, column, width)
        for year in range(self.count):
            head = text["year"].format(year=year)
            sheet.write_string(TOP - 1, LEFT + year, head, self.form(**HEAD, align="right"))
        sheet.set_column(LEFT, LEFT + self.count - 1, 16)
        section = ""
        for line in self.lines[name]:
            row = self.place[line.key][1]
            if line.section != section:
                section = line.section
                sheet.write_string(row - 1, 0, self.words.section(section), self.form(**SECTION))
            self._line(sheet, name, row, line)
        sheet.freeze_panes(TOP, LEFT)
        sheet.repeat_rows(TOP - 1)

    def _line(self, sheet: Any, name: str, row: int, line: CashFlowLine) -> None:
        strong = {"bold": True} if line.key in STRONG else {}
        look = {"num_format": FORMS.get(line.unit, FACTOR if "factor" in line.key else PLAIN), **strong}
        called, how = self.words.line(line)
        for column, cell, own in ((0, called, strong), (1, self.words.unit(line.unit), SOFT), (2, how, SOFT)):
            sheet.write_string(row, column, cell, self.form(**own))
        values = self.cash.values[line.key]
        if line.summed:
            years = xl_range_abs(row, LEFT, row, LEFT + self.count - 1)
            sheet.write_formula(row, 3, f"=SUM({years})", self.form(**look), float(values.sum()))
        for year, value in enumerate(values.tolist()):
            building = year < self.built
            if line.formula and (line.where == "all" or building):
                formula = "=" + self._formula(line.formula, year, name)
                shown = "" if np.isnan(value) else value
                sheet.write_formula(row, LEFT + year, formula, self.form(**look), shown)
            else:
                open_to_change = line.given and building == (line.where == "construction")
                more = INPUT if open_to_change else {}
                sheet.write_number(row, LEFT + year, value, self.form(**look, **more))

    def _formula(self, text: str, year: int, sheet: str) -> str:
        """A line's formula with its references to other lines made cells, for the column of `year`."""

        def cell(found: re.Match[str]) -> str:
            other, row = self.place[found[1]]
            prefix = "" if other == sheet else f"{self.ref(other)}!"
            if found[2] in (":", ":built"):
                last = (self.count if found[2] == ":" else self.built) - 1
                return f"{prefix}{xl_range_abs(row, LEFT, row, LEFT + last)}"
            column = LEFT + year - (found[2] == "<")
            return "0" if column < LEFT else f"{prefix}{xl_rowcol_to_cell(row, column)}"

        return REFERENCE.sub(cell, text)

    def _results(self) -> None:
        text = self.text
        sheet = self.begin("results", text["note_results"].format(never=text["never"], none=text["none"]))
        sheet.set_column(0, 0, 56)
        sheet.set_column(1, len(FLOWS), 32)
        sheet.write_string(TOP - 1, 0, text["measure"], self.form(**HEAD))
        for column, key in enumerate(FLOWS, start=1):
            sheet.write_string(TOP - 1, column, self.words.thing(key), self.form(**HEAD, align="right"))
            rows = self._measures(key, self.cash.returns[key], column)
            for row, (label, formula, value, form) in enumerate(rows, start=TOP):
                sheet.write_string(row, 0, label, self.form())
                self._result(sheet, row, column, formula, value, form)
        row = TOP + len(rows)
        for column, key in enumerate(FLOWS, start=1):
            found = self.words.irr(self.cash.returns[key].irr)
            sheet.write_string(row, column, found, self.form(**SOFT, text_wrap=True, valign="top"))
        sheet.write_string(row, 0, text["found"], self.form())
        for number, (label, formula, value, form) in enumerate(self._whole(), start=row + 2):
            sheet.write_string(number, 0, label, self.form())
            self._result(sheet, number, 1, formula, value, form)
        sheet.freeze_panes(TOP, 1)

    def _result(self, sheet: Any, row: int, column: int, formula: str, value: Any, form: str) -> None:
        if formula:
            counted = "=" + self._formula(formula, 0, "results")
            sheet.write_formula(row, column, counted, self.form(num_format=form, align="right"), value)
        else:
            sheet.write_number(row, column, value, self.form(num_format=form, **INPUT))

    def _measures(self, key: str, own: Returns, column: int) -> list[tuple[str, str, Any, str]]:
        """Label, formula, value and format of a flow's measures; those without a formula may be changed."""
        text = self.text
        rate = "equity_discount_rate" if key.startswith("equity") else "discount_rate"
        flow, from_start = f"{{{key}:}}", 'IF(discounted_to="start_of_construction",1,1+' + rate + ")"
        guess, changes = (xl_rowcol_to_cell(TOP + row, column) for row in (1, 3))
        nearest = min(own.irr.all, key=lambda found: abs(found - GUESS), default=GUESS)
        none, never = text["none"], text["never"]
        irr = f'IF({changes}=0,"{none}",IFERROR(IRR({flow},{guess}),"{none}"))'
        found: list[tuple[str, str, Any, str]] = [
            (text["npv"], f"NPV({rate},{flow})*{from_start}", own.npv_yuan, MONEY),
            (text["guess"], "", nearest, PERCENT),
            (text["irr"], irr, nearest if own.irr.all else none, PERCENT),
            (text["changes"], f"SUM({{turn_{key}:}})", own.irr.sign_changes, PLAIN),
            (text["mirr"], f'IFERROR(MIRR({flow},{rate},{rate}),"{none}")',
             none if own.mirr is None else own.mirr, PERCENT),
        ]  # fmt: skip
        for side, years in (("cumulative", own.static_payback), ("discounted", own.discounted_payback)):
            row, total = f"{{{side}_crossing_{key}:}}", f"{{{side}_{key}:}}"
            first = xl_rowcol_to_cell(TOP + len(found), column)
            formula = f'IF(MIN({total})>=0,0,IF(COUNT({row})=0,"{never}",MIN({row})))'
            for since, counted, value in (
                ("construction", formula, years.from_construction_years),
                ("operation", f'IF(ISNUMBER({first}),{first}-construction_years,"{never}")',
                 years.from_operation_years),
            ):  # fmt: skip
                found.append((text[f"{side}_from_{since}"], counted, never if value is None else value, SPAN))
        return found

    def _whole(self) -> list[tuple[str, str, Any, str]]:
        """Measures that are not of one flow."""
        text, cover, lcos = self.text, self.cash.cover, self.cash.lcos_yuan_per_kwh
        cost = (
            "({investment:}-{investment_vat:}+{replacement:}-{replacement_vat:}+{operation_maintenance:}"
            "+{insurance:}+{auxiliary:}-{residual:})"
        )
        energy, no_energy, no_loan = (
            "SUMPRODUCT({discount_factor:},{discharged_mwh:})",
            text["no_energy"],
            text["no_loan"],
        )
        levelised = f'IF({energy}=0,"{no_energy}",SUMPRODUCT({{discount_factor:}},{cost})/{energy}/1000)'
        rows: list[tuple[str, str, Any, str]] = [
            (text["lcos"], levelised, no_energy if lcos is None else lcos, FACTOR)
        ]
        for label, function, value in (("least", "MIN", cover.least), ("mean", "AVERAGE", cover.mean)):
            formula = f'IF(COUNT({{dscr:}})=0,"{no_loan}",{function}({{dscr:}}))'
            rows.append((text[f"dscr_{label}"], formula, no_loan if value is None else value, FACTOR))
        return rows
