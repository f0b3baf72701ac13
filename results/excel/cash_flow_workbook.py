"""cashflow.xlsx: the cash flow with live formulas.

Inputs that may be changed stand in yellow cells: the assumptions, and revenue and energy by year. All other
cells are formulas of them, stored with the computed values. The number of years and the years a loss is
carried forward determine columns and rows and cannot be changed in the workbook.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from parkdispatch.models.finance.investment import DeclaredValue, declared_values
from parkdispatch.results.excel.workbook_book import CREATED, HEAD, SOFT, Book, workbook
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.cash_flow_line import FLOWS, CashFlowLine
from parkdispatch.results.finance.operation import NOT_KEPT
from parkdispatch.results.finance.returns import Returns
from parkdispatch.results.views.study_tables import STRONG
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.languages import Lang

SHEETS = ("years", "losses", "payback")  # sheets of lines, by the key of their names
FIXED = ("construction_years", "operation_years", "income_tax_loss_years")  # determine columns and rows
TOP, LEFT = 4, 4  # first row of lines and first column of years, from zero
MONEY, PLAIN, FACTOR, PERCENT, SPAN = "#,##0.00;[Red]-#,##0.00", "0", "0.0000", "0.00%", "0.00"
FORMS = {"yuan": MONEY, "MWh": MONEY, "-": FACTOR, "years": SPAN}
INPUT = {"font_color": "#0000C0", "bg_color": "#FFF9DB", "border": 1, "border_color": "#D9C97A"}
SECTION = {"bold": True, "font_color": "#1F4E79", "top": 1}
NOTE = {"font_color": SOFT}
GUESS = 0.1  # [-] initial guess of the IRR where none is known
OTHER_GUESSES = (-0.5, -0.8, -0.1, 0.3, 1.0)  # [-] tried beside it
SAME_RATE = "0.00001"  # [-] rates nearer to each other are one
# {line}: this year; {line<}: the year before; {line:}: all years; {line:built}: the years of construction
REFERENCE = re.compile(r"\{(\w+)(<|:built|:)?\}")


def write_cashflow_xlsx(path: Path, cash: CashFlow, title: str = "", lang: Lang = "en") -> None:
    """Write the workbook: sheets of results, assumptions, years, losses and payback.

    Names in formulas are the same in every language, and so are the choices in cells that may be changed.
    """
    finance_words = FinanceWords(lang)
    title = title or finance_words.text["title"]
    with workbook(path, title, CREATED) as book:
        _CashFlowWorkbook(book, cash, title, finance_words).write()


def _irr_formula(flow: str, guess: str, changes: str, none: str, several: str) -> str:
    """The IRR from several guesses: the first that converges, or a word where two find different rates.

    So it still answers after inputs were changed that move the rate away from the guess it was written with.
    """
    rates = [f"IRR({flow},{start})" for start in (guess, *OTHER_GUESSES)]
    first = f'"{none}"'
    for rate in reversed(rates):
        first = f"IFERROR({rate},{first})"
    others = ",".join(f"IFERROR({rate},{rates[0]})" for rate in rates)
    differ = f"IFERROR(MAX({others})-MIN({others})>{SAME_RATE},FALSE)"
    return f'IF({changes}=0,"{none}",IF({changes}>1,IF({differ},"{several}",{first}),{first}))'


class _CashFlowWorkbook(Book):
    """Writes the sheets of a cash flow; `place` has the sheet and row of each line."""

    def __init__(self, book: Any, cash: CashFlow, title: str, finance_words: FinanceWords) -> None:
        super().__init__(book, {"lang": finance_words.lang})
        self.cash, self.title, self.finance_words, self.text = cash, title, finance_words, finance_words.text
        self.built = cash.finance.construction_years
        self.count = len(cash.values["year"])
        names = ("results", "assumptions", *SHEETS)
        self.sheets = {name: book.add_worksheet(self.text[name]) for name in names}
        self.lines: dict[str, list[CashFlowLine]] = {name: [] for name in SHEETS}
        self.place: dict[str, tuple[str, int]] = {}
        for line in cash.lines:
            self.lines[line.sheet].append(line)
        for name, lines in self.lines.items():
            row, section = TOP, ""
            for line in lines:
                row += 2 * (line.section != section) - (
                    row == TOP
                )  # an empty row and the heading of the section
                section = line.section
                self.place[line.key] = (name, row)
                row += 1

    def write(self) -> None:
        """Write all sheets."""
        self._assumptions()
        for name in SHEETS:
            self._years(name)
        self._results()

    def begin(self, name: str, note: str) -> Any:
        """Write title and note of a sheet, set its print layout, and return it."""
        sheet = self.sheets[name]
        sheet.write_string(0, 0, self.title, self.form(bold=True, font_size=16))
        sheet.write_string(1, 0, note, self.form(**NOTE))
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&F&C&A&R&P / &N")
        return sheet

    def ref(self, name: str) -> str:
        """The name of a sheet as formulas refer to it."""
        sheet_name = self.text[name]
        return sheet_name if sheet_name.isascii() else f"'{sheet_name}'"

    def _assumptions(self) -> None:
        """Write the parameters and define their names for the formulas."""
        text = self.text
        sheet = self.begin("assumptions", text["note_assumptions"])
        heads = [text[key] for key in ("assumption", "value", "unit", "what", "source")]
        heads += (
            [text["called"]] if self.finance_words.lang != "en" else []
        )  # in English it is the name itself
        for column, (head, width) in enumerate(zip(heads, (46, 20, 26, 80, 80, 46), strict=False)):
            sheet.write_string(3, column, head, self.form(**HEAD))
            sheet.set_column(column, column, width)
        power = DeclaredValue(
            name="power_mw",
            value=self.cash.operation.power_mw,
            unit="MW",
            sentence=text["power"],
            source="given",
        )
        operation, given = self.cash.operation, [power]
        if NOT_KEPT in operation.revenue_yuan:
            kept = DeclaredValue(
                name="kept_share", value=operation.kept_share, unit="-", sentence=text["kept"], source="given"
            )
            given.append(kept)
        for row, parameter in enumerate([*given, *declared_values(self.cash.finance)], start=TOP):
            fixed, term = parameter.name in FIXED, self.finance_words.parameter(parameter)
            look = NOTE if fixed else INPUT
            sentence = text["fixed"].format(sentence=term.sentence) if fixed else term.sentence
            for column, cell in ((0, term.name), (2, term.unit), (3, sentence), (4, term.source)):
                sheet.write_string(row, column, cell, self.form())
            if len(heads) > 5:
                sheet.write_string(row, 5, parameter.name, self.form(**NOTE))
            if isinstance(parameter.value, str):
                sheet.write_string(row, 1, parameter.value, self.form(**look, align="right"))
                sheet.data_validation(row, 1, row, 1, {"validate": "list", "source": list(parameter.choices)})
            else:
                sheet.write_number(row, 1, parameter.value, self.form(**look, num_format="#,##0.######"))
            self.book.define_name(parameter.name, f"={self.ref('assumptions')}!$B${row + 1}")
        sheet.freeze_panes(TOP, 1)

    def _years(self, name: str) -> None:
        """Write a sheet of lines, one column per year."""
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
                sheet.write_string(row - 1, 0, self.finance_words.section(section), self.form(**SECTION))
            self._line(sheet, name, row, line)
        sheet.freeze_panes(TOP, LEFT)
        sheet.repeat_rows(TOP - 1)

    def _line(self, sheet: Any, name: str, row: int, line: CashFlowLine) -> None:
        """Write a line: name, unit, explanation, sum, and a formula or input for each year."""
        strong = {"bold": True} if line.key in STRONG else {}
        look = {"num_format": FORMS.get(line.unit, FACTOR if "factor" in line.key else PLAIN), **strong}
        label, how = self.finance_words.line(line)
        for column, cell, cell_look in (
            (0, label, strong),
            (1, self.finance_words.unit(line.unit), NOTE),
            (2, how, NOTE),
        ):
            sheet.write_string(row, column, cell, self.form(**cell_look))
        values = self.cash.values[line.key]
        if line.summed:
            years = xl_range_abs(row, LEFT, row, LEFT + self.count - 1)
            sheet.write_formula(row, 3, f"=SUM({years})", self.form(**look), float(values.sum()))
        for year, value in enumerate(values.tolist()):
            construction = year < self.built
            if line.formula and (line.where == "all" or construction):
                formula = "=" + self._formula(line.formula, year, name)
                stored = "" if np.isnan(value) else value
                sheet.write_formula(row, LEFT + year, formula, self.form(**look), stored)
            else:
                is_input = line.given and construction == (line.where == "construction")
                more = INPUT if is_input else {}
                sheet.write_number(row, LEFT + year, value, self.form(**look, **more))

    def _formula(self, text: str, year: int, sheet: str) -> str:
        """A line's formula for the column of `year`, with references to other lines replaced by cells."""

        def cell(match: re.Match[str]) -> str:
            other, row = self.place[match[1]]
            prefix = "" if other == sheet else f"{self.ref(other)}!"
            if match[2] in (":", ":built"):
                last = (self.count if match[2] == ":" else self.built) - 1
                return f"{prefix}{xl_range_abs(row, LEFT, row, LEFT + last)}"
            column = LEFT + year - (match[2] == "<")
            return "0" if column < LEFT else f"{prefix}{xl_rowcol_to_cell(row, column)}"

        return REFERENCE.sub(cell, text)

    def _results(self) -> None:
        """Write the measures of the four flows, and those of the project as a whole."""
        text = self.text
        sheet = self.begin("results", text["note_results"].format(never=text["never"], none=text["none"]))
        sheet.set_column(0, 0, 56)
        sheet.set_column(1, len(FLOWS), 32)
        sheet.write_string(TOP - 1, 0, text["measure"], self.form(**HEAD))
        for column, key in enumerate(FLOWS, start=1):
            sheet.write_string(
                TOP - 1, column, self.finance_words.thing(key), self.form(**HEAD, align="right")
            )
            rows = self._measures(key, self.cash.returns[key], column)
            for row, (label, formula, value, form) in enumerate(rows, start=TOP):
                sheet.write_string(row, 0, label, self.form())
                self._result(sheet, row, column, formula, value, form)
        row = TOP + len(rows)
        for column, key in enumerate(FLOWS, start=1):
            remark = self.finance_words.irr(self.cash.returns[key].irr)
            sheet.write_string(row, column, remark, self.form(**NOTE, text_wrap=True, valign="top"))
        sheet.write_string(row, 0, text["found"], self.form())
        for line, (label, formula, value, form) in enumerate(self._project_measures(), start=row + 2):
            sheet.write_string(line, 0, label, self.form())
            self._result(sheet, line, 1, formula, value, form)
        sheet.freeze_panes(TOP, 1)

    def _result(self, sheet: Any, row: int, column: int, formula: str, value: Any, form: str) -> None:
        """Write a formula with its value, or an input where there is no formula."""
        if formula:
            cells_formula = "=" + self._formula(formula, 0, "results")
            sheet.write_formula(row, column, cells_formula, self.form(num_format=form, align="right"), value)
        else:
            sheet.write_number(row, column, value, self.form(num_format=form, **INPUT))

    def _measures(self, key: str, returns: Returns, column: int) -> list[tuple[str, str, Any, str]]:
        """Label, formula, value and format of the measures of a flow; without a formula it is an input."""
        text = self.text
        rate = "equity_discount_rate" if key.startswith("equity") else "discount_rate"
        flow, from_start = f"{{{key}:}}", 'IF(discounted_to="start_of_construction",1,1+' + rate + ")"
        guess, changes = (xl_rowcol_to_cell(TOP + row, column) for row in (1, 3))
        nearest = min(returns.irr.all, key=lambda rate: abs(rate - GUESS), default=GUESS)
        none, never = text["none"], text["never"]
        never_text = f'"{never}"'
        irr = _irr_formula(flow, guess, changes, none, text["several"])
        several = text["several"] if len(returns.irr.all) > 1 else nearest
        measures: list[tuple[str, str, Any, str]] = [
            (text["npv"], f"NPV({rate},{flow})*{from_start}", returns.npv_yuan, MONEY),
            (text["guess"], "", nearest, PERCENT),
            (text["irr"], irr, several if returns.irr.all else none, PERCENT),
            (text["changes"], f"SUM({{turn_{key}:}})", returns.irr.sign_changes, PLAIN),
            (text["mirr"], f'IFERROR(MIRR({flow},{rate},{rate}),"{none}")',
             none if returns.mirr is None else returns.mirr, PERCENT),
        ]  # fmt: skip
        for side, years in (
            ("cumulative", returns.static_payback),
            ("discounted", returns.discounted_payback),
        ):
            row, total = f"{{{side}_crossing_{key}:}}", f"{{{side}_{key}:}}"
            first = xl_rowcol_to_cell(TOP + len(measures), column)
            last = f"INDEX({total},{self.count})"
            formula = f'IF(MIN({total})>=0,0,IF({last}<0,"{never}",MAX({row})))'
            for since, payback, value in (
                ("construction", formula, years.from_construction_years),
                ("operation", f'IF(ISNUMBER({first}),{first}-construction_years,"{never}")',
                 years.from_operation_years),
            ):  # fmt: skip
                measures.append(
                    (text[f"{side}_from_{since}"], payback, never if value is None else value, SPAN)
                )
            crossed = f'IF(COUNT({row})=0,"",IF({first}={never_text},MIN({row}),'
            relapsed = f'{crossed}IF(MIN({row})<{first},MIN({row}),"")))'
            if side == "discounted":  # nothing is paid back at a rate at which the NPV is negative
                relapsed = f'IF({first}={never_text},"",{relapsed})'
            early = "" if years.relapsed_years is None else years.relapsed_years
            measures.append((text[f"{side}_first"], relapsed, early, SPAN))
        return measures

    def _project_measures(self) -> list[tuple[str, str, Any, str]]:
        """Label, formula, value and format of LCOS and debt service cover."""
        text, cover, lcos = self.text, self.cash.cover, self.cash.lcos_yuan_per_kwh
        cost = (
            "({investment:}-{investment_vat:}+{replacement:}-{replacement_vat:}+{operation_maintenance:}"
            "+{insurance:}+{land:}+{decommissioning:}+{auxiliary:}-{residual:})"
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
