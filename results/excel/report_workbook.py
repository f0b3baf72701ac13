"""report.xlsx: the figures of the dispatch report as unrounded numbers; only the cell formats round.

Sums are formulas over the cells above them, stored with their values.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from xlsxwriter.utility import xl_range, xl_rowcol_to_cell

from parkdispatch.inputs.case import Case
from parkdispatch.results.audit import Audit
from parkdispatch.results.billing.bill_table import line_table, month_table
from parkdispatch.results.excel.workbook_book import Book, Cell, Row, workbook
from parkdispatch.results.network.network_tables import network_note, network_sentences, network_tables
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.savings.daily_saving import saving_of_days
from parkdispatch.results.solution import QuantityName, times_of
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.views.report_tables import costs, energies, step_label
from parkdispatch.results.views.saving_view import bridge_rows, day_rows, peak_phrases
from parkdispatch.results.wording.display_names import (
    charge_label,
    check_label,
    check_unit,
    cost_label,
    device_label,
    span_label,
)
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.sentences import proof_sentence, source_line, unchecked_sentences
from parkdispatch.results.wording.size_sentences import size_label
from parkdispatch.results.wording.words import date_range, load_words

TOP = 4  # first row of a sheet's first table, from zero
MONEY, PRICE, ENERGY, POWER, SMALL = "#,##0.00", "0.0000", "#,##0.000", "#,##0.00", "0.0E+00"
NETWORK_FORMS = {"": "", "g": "General", "%": "0.0%"}  # by the last letter of a form; others are powers
LAST_COLUMN = 24  # up to here columns have a width


def write_report_xlsx(
    path: Path, solution: xr.Dataset, case: Case, audit: Audit, facts: ReportFacts, lang: Lang = "en"
) -> None:
    """Write the workbook: summary, bill, bill by month, steps of the saving, proof, assumptions.

    The same input gives the same bytes. Empty sheets are left out.
    """
    words = load_words(lang, scale=scale_of(solution), devices=case.devices)
    with workbook(path, case.titled(lang), times_of(solution)[0].date()) as book:
        _ReportWorkbook(book, words, solution, case, audit, facts).write()


class _ReportWorkbook(Book):
    """Writes the sheets of a dispatch report."""

    def __init__(
        self,
        book: Any,
        words: dict[str, Any],
        solution: xr.Dataset,
        case: Case,
        audit: Audit,
        facts: ReportFacts,
    ) -> None:
        super().__init__(book, words)
        self.solution, self.case, self.audit, self.facts = solution, case, audit, facts
        self.text, self.page, self.scale = words["sheets"], words["page"], scale_of(solution)
        self.other = facts.without_storage

    def write(self) -> None:
        """Write all sheets."""
        self._summary()
        if self.facts.bills:
            self._bill()
            self._months()
        if self.facts.steps:
            self._steps()
        if self.facts.has_network:
            self._network()
        self._proof()
        self._assumptions()

    def sheet(self, name: str, widths: Sequence[float], note: str = "") -> Any:
        """Add a sheet with its title, note and column widths."""
        sheet = self.book.add_worksheet(self.text[name])
        about = f"{date_range(times_of(self.solution), self.words)} · {self.case.site.timezone}"
        self.head(sheet, self.case.titled(str(self.words["lang"])), about, note)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        sheet.set_column(len(widths), LAST_COLUMN, 15)
        return sheet

    def block(
        self, sheet: Any, row: int, heads: Sequence[str], rows: Sequence[Row], form: str | Sequence[str]
    ) -> int:
        """Write a table and return the row in which the next one starts."""
        return self.table(sheet, row, heads, rows, form) + 1

    def sums(self, sheet: Any, first: int, row: int, totals: Sequence[float | None], form: str) -> int:
        """Write sums over the rows from `first` (None: no sum) and return the row of the next table."""
        self.put(sheet, row, 0, self.page["total"], bold=True, top=1)
        for column, total in enumerate(totals, start=1):
            if total is not None:
                formula = f"=SUM({xl_range(first, column, row - 1, column)})"
                self.put(sheet, row, column, (formula, total), bold=True, top=1, num_format=form)
        return row + 2

    def _savings(self) -> Iterator[tuple[str, list[tuple[str, float]]]]:
        """A day's three lines, or the bridge from the saving in the model to that on the bill."""
        text, facts = self.words["saving"], self.facts
        if facts.kind == "day" and facts.days:
            saved = saving_of_days(facts.days)
            peaks = peak_phrases(saved, self.words, self.scale)
            yield "; ".join([text["title"], *peaks]), day_rows(saved, self.words, self.scale)
        elif self.other and (lines := bridge_rows(self.other, self.words)):
            yield text["bridge"], lines

    def _summary(self) -> None:
        """Write cost, named costs, charges outside the objective, energy, peaks, cycles, billing methods."""
        page, facts, other = self.page, self.facts, self.other
        sheet = self.sheet("summary", (48, 20, 20, 20), page["costs_note"])
        rows: list[list[Cell]] = [[page["with_short" if other else "c_plain"], facts.cost_yuan]]
        if other:
            rows = [[page["without_short"], other.cost_yuan], *rows, [page["saved_short"], other.saving_yuan]]
        row = self.block(sheet, TOP, (page["cost"], page["yuan"]), rows, MONEY)
        heads = [
            page["c_name"],
            *(page[key] for key in (("c_with", "c_without", "c_saved") if other else ("c_plain",))),
        ]
        named = costs(self.solution, facts).items()
        listed = [[cost_label(name, self.words), *(yuan if other else yuan[:1])] for name, yuan in named]
        first = row + 1
        row = self.table(sheet, row, heads, listed, MONEY)
        totals = (facts.cost_yuan, other.cost_yuan, other.saving_yuan) if other else (facts.cost_yuan,)
        row = self.sums(sheet, first, row, totals, MONEY)
        for title, lines in self._savings():
            row = self.block(sheet, row, (title, page["yuan"]), [list(line) for line in lines], MONEY)
        if facts.unseen_yuan:
            saved = other.unseen_saving_yuan if other else {}
            unseen = [
                [self._unseen(name), yuan, saved.get(name) if other else None]
                for name, yuan in facts.unseen_yuan.items()
            ]
            row = self.block(sheet, row, (page["unseen"], page["yuan"], page["u_saved"]), unseen, MONEY)
        for carrier, told in energies(self.solution, self.case, facts.energy_mwh, self.words).items():
            names = (self.words["carriers"][carrier]["energy"], page["e_mwh"])
            row = self.block(sheet, row, names, [list(energy) for energy in told], ENERGY)
        row = self._peaks(sheet, row)
        cycles = [[device_label(name, self.words), count] for name, count in facts.full_cycles.items()]
        row = self.block(sheet, row, (page["cycles"], ""), cycles, "0.000") if cycles else row
        row = self._sizes(sheet, row)
        self._elections(sheet, row)

    def _sizes(self, sheet: Any, row: int) -> int:
        """Write the sizes that were left to the optimizer; capital is size times cost."""
        if not (sizes := self.facts.sizes):
            return row
        text = self.words["sizes"]
        keys = ("title", "size", "unit", "least", "most", "per_unit", "capital")
        heads = [text[key] for key in keys]
        rows: list[Row] = []
        for number, chosen in enumerate(sizes, start=row + 1):
            size, price = (xl_rowcol_to_cell(number, column) for column in (1, 5))
            capital = (f"={size}*{price}", chosen.capital_yuan)
            bounds = (chosen.least, chosen.most, chosen.cost_yuan_per_unit)
            rows.append([size_label(chosen, self.words), chosen.size, chosen.unit, *bounds, capital])
        forms = ("@", "0.000", "@", "0.000", "0.000", MONEY, MONEY)
        return self.block(sheet, row, heads, rows, forms)

    def _unseen(self, name: QuantityName) -> str:
        """The label of a charge outside the objective."""
        what = self.words["unseen"].get(name.key, name.key)
        return str(self.page["owned"]).format(device=device_label(name.device, self.words), what=what)

    def _peaks(self, sheet: Any, row: int) -> int:
        """Write the peak by month; for daily plans also peak and cost of the other dispatches."""
        page, facts, other = self.page, self.facts, self.other
        table = pd.DataFrame({"m_peak": facts.peak_mw})
        if other:
            table["m_peak_without"] = pd.Series(other.peak_mw)
        if facts.replayed:
            months = facts.replayed.months
            table["m_peak_foresight"] = pd.Series(
                {month: comparison.foresight_peak_mw for month, comparison in months.items()}
            )
            costs_yuan = {
                "cost_yuan": {month: comparison.cost_yuan for month, comparison in months.items()},
                "foresight_yuan": {month: comparison.foresight_yuan for month, comparison in months.items()},
                "without_yuan": {month: comparison.without_yuan for month, comparison in months.items()},
            }
            for key, yuan in costs_yuan.items():
                if other or key != "without_yuan":
                    table[f"r_{key}"] = pd.Series(yuan)
        for key in table.columns[table.columns.str.startswith("m_peak")]:
            table[key] *= self.scale.per_mw
        heads = [page["m_month"], *(page[key] if key in page else self.text[key] for key in table)]
        rows = [[str(month), *map(float, line)] for month, line in table.iterrows()]
        return self.block(sheet, row, heads, rows, POWER)

    def _elections(self, sheet: Any, row: int) -> None:
        """Write the basic charge under each billing method, by period."""
        page, ways = self.page, self.words["ways"]
        for name, elections in self.facts.elections.items():
            title = str(page["owned"]).format(device=page["election"], what=device_label(name, self.words))
            heads = [title, *(ways[way] for way in elections.yuan.columns)]
            rows = [
                [span_label(str(period), self.words), *map(float, line), ways[way]]
                for (period, line), way in zip(elections.yuan.iterrows(), elections.cheapest, strict=True)
            ]
            row = self.block(sheet, row, [*heads, page["v_cheapest"]], rows, MONEY)
            row = self.block(sheet, row - 1, (), [[page["v_saving"], elections.saving_yuan]], MONEY)

    def _bill(self) -> None:
        """Write the bill line by line, beside the bill without storage if there is one."""
        page = self.page
        sheet = self.sheet("bill", (40, 18, 18, 18), page["bill_note"])
        row = TOP
        for name, bill in self.facts.bills.items():
            without = self.other.bills.get(name) if self.other else None
            table = line_table(bill, without)
            amounts, details = ["yuan"], ["quantity", "price_yuan"]
            keys = ["l_yuan", "l_quantity", "l_price"]
            if without is not None:
                amounts = ["yuan_without", "yuan", "saved_yuan"]
                details = [*(f"{key}_without" for key in details), *details]
                keys = ["l_yuan_without", "l_yuan_with", "l_saved"]
                keys += [f"l_{key}_{way}" for way in ("without", "with") for key in ("quantity", "price")]
            rows = [
                [
                    charge_label(charge, period, self.words),
                    *(float(line[key]) for key in (*amounts, *details)),
                    self.words["units"].get(line["unit"], line["unit"]),
                ]
                for (charge, period), (_, line) in zip(table.index.to_list(), table.iterrows(), strict=True)
            ]
            forms = [
                "",
                *[MONEY] * len(amounts),
                *(PRICE if "price" in key else ENERGY for key in details),
                "",
            ]
            title = device_label(name, self.words) if len(self.facts.bills) > 1 else page["l_charge"]
            first = row + 1
            row = self.table(sheet, row, [title, *(page[key] for key in keys), page["l_unit"]], rows, forms)
            row = self.sums(sheet, first, row, [float(table[key].sum()) for key in amounts], MONEY)
        sheet.freeze_panes(TOP + 1, 1)

    def _months(self) -> None:
        """Write the bill by month and the saving in each charge."""
        page = self.page
        sheet = self.sheet("months", (12, 18, 18, 18), page["bill_months_note"] if self.other else "")
        row = TOP
        for name, bill in self.facts.bills.items():
            without = self.other.bills.get(name) if self.other else None
            table = month_table(bill, without)
            heads = [page["l_yuan"]]
            if without is not None:
                charges = list(table.columns[3:])
                table = table[["yuan_without", "yuan", "saved_yuan", *charges]]
                heads = [page[key] for key in ("l_yuan_without", "l_yuan_with", "l_saved")]
                heads += [charge_label(charge, "all", self.words) for charge in charges]
            title = device_label(name, self.words) if len(self.facts.bills) > 1 else page["m_month"]
            rows = [[str(month), *map(float, line)] for month, line in table.iterrows()]
            first = row + 1
            row = self.table(sheet, row, [title, *heads], rows, MONEY)
            row = self.sums(sheet, first, row, [float(yuan) for yuan in table.sum()], MONEY)
        sheet.freeze_panes(TOP + 1, 1)

    def _steps(self) -> None:
        """Write the saving line by line, with the cost that remains after each."""
        page, bill_steps = self.page, self.facts.steps
        assert bill_steps is not None
        sheet = self.sheet("steps", (48, 20, 20), page["steps_note"])
        several = len({step.owner for step in bill_steps.steps if step.billed}) > 1
        remaining, rows = bill_steps.without_yuan, [[page["without_short"], None, bill_steps.without_yuan]]
        for index, step in enumerate(bill_steps.steps):
            remaining -= step.saved_yuan
            line = TOP + 3 + index  # row number as shown, from one
            formula = (f"=C{line - 1}-B{line}", remaining)
            rows.append([step_label(step, self.words, several), step.saved_yuan, formula])
        heads = (page["l_charge"], page["l_saved"], self.text["left"])
        row = self.table(sheet, TOP, heads, rows, MONEY)
        row = self.sums(sheet, TOP + 2, row, [bill_steps.saved_yuan], MONEY)
        self.table(sheet, row, (), [[page["with_short"], None, bill_steps.with_yuan]], MONEY)

    def _network(self) -> None:
        """Write the AC power flow, unrounded; where none was made, that."""
        check, sheet = self.facts.ac_check, self.sheet("network", (24, 16, 16, 16, 16, 16, 40))
        row = self.block(sheet, TOP, (), [[line] for line in network_sentences(check, self.words)], "")
        if check is not None:
            self.put(sheet, 2, 0, network_note(check, self.words))
            for table in network_tables(check, self.words, self.scale):
                forms = [NETWORK_FORMS.get(form[-1:], "#,##0.000") for form in table.forms]
                row = self.block(sheet, row, table.heads, table.rows, forms)

    def _proof(self) -> None:
        """Write objective, bound, gap, certificate and audit."""
        page, attrs = self.page, self.solution.attrs
        sheet = self.sheet("proof", (52, 22, 16, 10))
        gap = "gap_foresight" if self.facts.replayed else "gap_long"
        rows: list[list[Cell]] = [
            [page["objective"], float(attrs["objective_yuan"])],
            [page["bound_long"], float(attrs["bound_yuan"])],
        ]
        row = self.table(sheet, TOP, (page["proof"], page["yuan"]), rows, MONEY)
        residuals: list[list[Cell]] = [[page[gap], float(attrs["gap"])]]
        residuals += [
            [self.words["certificate"][key], value] for key, value in self.facts.certificate.items()
        ]
        row = self.table(sheet, row, (), residuals, SMALL)
        row = self.block(sheet, row, (), [[page["how"], proof_sentence(self.solution, self.words)]], "")
        checks = [
            [
                check_label(check, self.words),
                check.residual,
                check.allowed,
                check_unit(check, self.words),
                page["yes" if check.holds else "no"],
            ]
            for check in self.audit.checks
        ]
        heads = [page[key] for key in ("audit_long", "a_found", "a_allowed", "l_unit", "a_holds")]
        row = self.table(sheet, row, heads, checks, SMALL)
        if unchecked := unchecked_sentences(self.audit, self.words):
            self.table(sheet, row, (), [[line] for line in unchecked], "")

    def _assumptions(self) -> None:
        """Write assumptions, sources and versions."""
        page, tariff = self.page, self.case.tariff
        sheet = self.sheet("assumptions", (140,))
        first = str(page["owned"]).format(device=page["tariff"], what=tariff.title or tariff.name)
        assumptions = [source_line(sourced, self.words) for sourced in self.facts.assumptions]
        lines = [first, *tariff.sources, *assumptions]
        row = self.block(sheet, TOP, (page["assumptions"],), [[line] for line in lines], "")
        case = f"{self.case.name}{f', {self.case.variant}' if self.case.variant else ''}"
        provenance = [[f"{page['case']}: {case}"], [f"sha256 {self.case.sha256}"]]
        provenance += [[f"{name} {version}"] for name, version in self.facts.versions.items()]
        self.table(sheet, row, (page["made"],), provenance, "")
