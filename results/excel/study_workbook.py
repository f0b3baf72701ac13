"""report.xlsx of an economic study: years, steps from savings to net cash flow, proof and sources.

The cash flow itself is in cashflow.xlsx, with live formulas.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_range

from parkdispatch.results.excel.owner_sheet import write_owner_sheet
from parkdispatch.results.excel.phase_sheet import write_phase_sheet
from parkdispatch.results.excel.workbook_book import CREATED, Book, Cell, workbook
from parkdispatch.results.finance.lifetime import storage_health_and_cycles
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.owners.owner_flows import OwnerStudy
from parkdispatch.results.views.study_tables import as_operated_sentence, money_steps
from parkdispatch.results.wording.finance_words import FinanceWords
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.sentences import failed_sentences, source_lines
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.wording.yearly_words import yearly_sentence

if TYPE_CHECKING:  # a study writes this workbook
    from parkdispatch.results.finance.storage_study import Study
    from parkdispatch.results.views.reproduction_tables import Reproduced

TOP = 4  # first row of a sheet's table, from zero
MONEY, ENERGY, SHARE, COUNT, SMALL = "#,##0.00", "#,##0.000", "0.0%", "#,##0.0", "0.0E+00"


def write_study_xlsx(
    path: Path, study: "Study", lang: Lang = "en", reproduced: "Reproduced | None" = None
) -> None:
    """Write the workbook: years, steps, published figures if given, proof and sources.

    The same study gives the same bytes.
    """
    words = load_words(lang, "study", devices=study.case.devices)
    with workbook(path, study.case.titled(lang), CREATED) as book:
        _StudyWorkbook(book, words, study, FinanceWords(lang)).write(reproduced)


class _StudyWorkbook(Book):
    """Writes the sheets of an economic study."""

    def __init__(self, book: Any, words: dict[str, Any], study: "Study", finance_words: FinanceWords) -> None:
        super().__init__(book, words)
        self.study, self.finance_words = study, finance_words
        self.text, self.page, self.names = words["study"], words["page"], words["sheets"]

    def write(self, reproduced: "Reproduced | None") -> None:
        """Write all sheets."""
        self._years()
        self._steps()
        if self.study.phases:
            self._phases()
        if self.study.owners:
            self._owners(self.study.owners)
        if reproduced:
            self._published(reproduced)
        self._proof()

    def sheet(self, name: str, note: str, first: float) -> Any:
        """Add a sheet with its title and note."""
        sheet = self.book.add_worksheet(name)
        kind = self.text["kind"].format(years=len(self.study.lifetime.years))
        self.head(sheet, self.study.case.titled(str(self.words["lang"])), kind, note)
        sheet.set_column(0, 0, first)
        sheet.set_column(1, 24, 17)
        return sheet

    def _years(self) -> None:
        """Write one row per year of operation, in yuan and MWh."""
        text, page, cash, years = self.text, self.page, self.study.cash, self.study.lifetime.years
        streams = cash.operation.revenue_yuan
        study = self.study
        failed = failed_sentences(study.failed, study.asked, study.case.calendar.year, self.words)
        changes = yearly_sentence(study.case.yearly_changes, len(years), self.words)
        notes = [text["lives_note"], changes, as_operated_sentence(study, self.words), *failed]
        sheet = self.sheet(text["lives"], " ".join(filter(None, notes)), 14)
        heads = [text["y_year"], text["y_dispatched"], text["y_health"], text["y_cycles"], text["x_out"]]
        heads += [f"{self.finance_words.thing(name)}, {page['yuan']}" for name in streams]
        heads += [text[key] for key in ("x_auxiliary", "x_saved", "x_without", "x_with")]
        rows: list[list[Cell]] = []
        for index, year in enumerate(years):
            health, cycles = storage_health_and_cycles(self.study.case, year)
            income = [float(yuan[index]) for yuan in streams.values()]
            auxiliary = -float(cash.operation.auxiliary_yuan[index])
            line = TOP + 2 + index  # row number as shown, from one
            saving_formula = f"=SUM({xl_range(line - 1, 5, line - 1, 5 + len(streams))})"
            rows.append(
                [
                    str(year.year),
                    page["yes" if year.dispatched else "no"],
                    health,
                    cycles,
                    year.discharged_mwh,
                    *income,
                    auxiliary,
                    (saving_formula, sum(income) + auxiliary),
                    year.bill_without_yuan,
                    year.bill_yuan,
                ]
            )
        forms = ["", "", SHARE, COUNT, ENERGY, *[MONEY] * (len(streams) + 4)]
        row = self.table(sheet, TOP, heads, rows, forms)
        self.put(sheet, row, 0, page["total"], bold=True, top=1)
        for column in range(4, len(heads)):
            cells = [row_cells[column] for row_cells in rows]
            total = sum(float(cell[1] if isinstance(cell, tuple) else cell or 0.0) for cell in cells)
            formula = f"=SUM({xl_range(TOP + 1, column, row - 1, column)})"
            self.put(sheet, row, column, (formula, total), bold=True, top=1, num_format=forms[column])
        sheet.freeze_panes(TOP + 1, 1)

    def _phases(self) -> None:
        """Write the flows of each phase and, with formulas, of all of them."""
        text, study = self.words["phases"], self.study
        sheet = self.sheet(text["title"], text["note"], 52)
        write_phase_sheet(self, sheet, study.phases, study.cash, self.words, self.finance_words)

    def _owners(self, owners: OwnerStudy) -> None:
        """Write who pays whom, with formulas for the flow of each owner."""
        text, finance, declared = self.words["owners"], self.study.cash.finance, self.study.case.owners
        assert declared is not None
        sheet = self.sheet(text["title"], text["note"], 46)
        from_start = finance.discounted_to == "start_of_construction"
        write_owner_sheet(self, sheet, owners, declared.discount_rate, from_start, self.words)

    def _steps(self) -> None:
        """Write income and expenses over all years, and the balance after each step."""
        text, streams = self.text, self.study.cash.operation.revenue_yuan
        sheet = self.sheet(self.names["steps"], text["waterfall_note"], 44)
        balance, rows = 0.0, list[list[Cell]]()
        for index, (key, yuan) in enumerate(money_steps(self.study.cash)):
            balance += yuan
            name = self.finance_words.thing(key) if key in streams else text[f"w_{key}"]
            line = TOP + 2 + index
            rows.append([name, yuan, (f"=SUM(B${TOP + 2}:B{line})", balance)])
        self.table(sheet, TOP, (text["c_line"], self.page["yuan"], text["x_left"]), rows, MONEY)

    def _published(self, reproduced: "Reproduced") -> None:
        """Write published against computed figures, not rounded."""
        words = reproduced.words
        sheet = self.sheet(self.names["published"], words["title"], 40)
        heads = (self.names["view"], *words["heads"])
        rows: list[list[Cell]] = []
        for line in reproduced.rows:
            figures = [line.row.published, line.row.computed, line.row.deviation]
            rows.append([line.view, line.figure, line.unit, *figures, line.rests_on])
        sheet.set_column(1, 1, 60)
        self.table(sheet, TOP, heads, rows, ["", "", "", "#,##0.0000", "#,##0.0000", "+0.00%;-0.00%;0", ""])

    def _proof(self) -> None:
        """Write dispatched years, largest gap, sources and versions."""
        text, page, lifetime, case = self.text, self.page, self.study.lifetime, self.study.case
        sheet = self.sheet(self.names["proof"], text["p_how_said"], 60)
        dispatched = ", ".join(str(year.year) for year in lifetime.years if year.dispatched)
        rows: list[list[Cell]] = [
            [text["p_years"], dispatched],
            [text["p_gap"], lifetime.largest_gap],
            [f"{text['p_difference']}, {page['yuan']}", lifetime.largest_difference_yuan],
        ]
        row = self.table(sheet, TOP, (page["proof"], ""), rows, SMALL)
        tariff = str(page["owned"]).format(device=page["tariff"], what=case.tariff.title or case.tariff.name)
        lines = [tariff, *case.tariff.sources, *source_lines(case, self.words)]
        row = self.table(sheet, row + 1, (text["sources"],), [[line] for line in lines], "")
        provenance = [
            f"{page['case']}: {case.name}{f', {case.variant}' if case.variant else ''}",
            f"sha256 {case.sha256}",
        ]
        provenance += [f"{name} {version}" for name, version in versions().items()]
        self.table(sheet, row + 1, (page["made"],), [[line] for line in provenance], "")
