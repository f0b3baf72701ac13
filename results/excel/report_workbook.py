"""report.xlsx: the report's figures as numbers to count with, not rounded; only their formats round.

Sums are formulas over the cells above them, with what they come to as what they show at first.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr
from xlsxwriter.utility import xl_range

from parkdispatch.inputs.case import Case
from parkdispatch.results.audit import Audit
from parkdispatch.results.billing.bill_table import line_table, month_table
from parkdispatch.results.excel.workbook_book import Book, Cell, Row, workbook
from parkdispatch.results.html.page import Lang, days, load_words
from parkdispatch.results.solution import times_of
from parkdispatch.results.views.display_names import (
    charge_label,
    check_label,
    check_unit,
    cost_label,
    device_label,
    span_label,
)
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.views.report_tables import costs, energy, step_label
from parkdispatch.results.views.sentences import proof_sentence

TOP = 4  # first row of a sheet's first table, from zero
MONEY, PRICE, ENERGY, POWER, SMALL = "#,##0.00", "0.0000", "#,##0.000", "#,##0.00", "0.0E+00"
MANY = 24  # columns a sheet may have


def write_report_xlsx(
    path: Path, solution: xr.Dataset, case: Case, audit: Audit, facts: ReportFacts, lang: Lang = "en"
) -> None:
    """Write the workbook: summary, bill, bill by month, steps of the saving, proof, assumptions.

    The same input gives the same bytes. Sheets for which there is nothing are left out.
    """
    words = load_words(lang)
    with workbook(path, facts.title, times_of(solution)[0].date()) as book:
        _Writer(book, words, solution, case, audit, facts).write()


class _Writer(Book):
    """One workbook being written."""

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
        self.text, self.page = words["sheets"], words["page"]
        self.other = facts.without_storage

    def write(self) -> None:
        """All sheets."""
        self._summary()
        if self.facts.bills:
            self._bill()
            self._months()
        if self.facts.steps:
            self._steps()
        self._proof()
        self._assumptions()

    def sheet(self, name: str, widths: Sequence[float], note: str = "") -> Any:
        """A sheet of its name, with title and note."""
        made = self.book.add_worksheet(self.text[name])
        about = f"{days(times_of(self.solution), self.words)} · {self.case.site.timezone}"
        self.head(made, self.facts.title, about, note)
        for column, width in enumerate(widths):
            made.set_column(column, column, width)
        made.set_column(len(widths), MANY, 15)
        return made

    def block(
        self, sheet: Any, row: int, heads: Sequence[str], rows: Sequence[Row], form: str | Sequence[str]
    ) -> int:
        """A table, and the row in which the next one begins."""
        return self.table(sheet, row, heads, rows, form) + 1

    def sums(self, sheet: Any, first: int, row: int, totals: Sequence[float | None], form: str) -> int:
        """A row of sums over the rows from `first`, none where a sum means nothing; the row after it."""
        self.put(sheet, row, 0, self.page["total"], bold=True, top=1)
        for column, total in enumerate(totals, start=1):
            if total is not None:
                formula = f"=SUM({xl_range(first, column, row - 1, column)})"
                self.put(sheet, row, column, (formula, total), bold=True, top=1, num_format=form)
        return row + 2

    def _summary(self) -> None:
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
        if facts.unseen_yuan:
            saved = other.unseen_saving_yuan if other else {}
            unseen = [
                [self._unseen(name), yuan, saved.get(name) if other else None]
                for name, yuan in facts.unseen_yuan.items()
            ]
            row = self.block(sheet, row, (page["unseen"], page["yuan"], page["u_saved"]), unseen, MONEY)
        energies = [energy(name, mwh, self.words) for name, mwh in facts.energy_mwh.items()]
        row = self.block(sheet, row, (page["energy"], page["e_mwh"]), energies, ENERGY)
        row = self._peaks(sheet, row)
        cycles = [[device_label(name, self.words), count] for name, count in facts.full_cycles.items()]
        row = self.block(sheet, row, (page["cycles"], ""), cycles, "0.000") if cycles else row
        self._elections(sheet, row)

    def _unseen(self, name: str) -> str:
        owner, charge = name.split(".", 1)
        what = self.words["unseen"].get(charge, charge)
        return str(self.page["owned"]).format(device=device_label(owner, self.words), what=what)

    def _peaks(self, sheet: Any, row: int) -> int:
        """Peak and, of a year of daily plans, cost of each month beside the other dispatches."""
        page, facts, other = self.page, self.facts, self.other
        table = pd.DataFrame({"m_peak": facts.peak_mw})
        if other:
            table["m_peak_without"] = pd.Series(other.peak_mw)
        if facts.replayed:
            months = facts.replayed.months
            table["m_peak_foresight"] = pd.Series(
                {name: one.foresight_peak_mw for name, one in months.items()}
            )
            money = {
                "cost_yuan": {name: one.cost_yuan for name, one in months.items()},
                "foresight_yuan": {name: one.foresight_yuan for name, one in months.items()},
                "without_yuan": {name: one.without_yuan for name, one in months.items()},
            }
            for key, yuan in money.items():
                if other or key != "without_yuan":
                    table[f"r_{key}"] = pd.Series(yuan)
        heads = [page["m_month"], *(page[key] if key in page else self.text[key] for key in table)]
        rows = [[str(month), *map(float, line)] for month, line in table.iterrows()]
        return self.block(sheet, row, heads, rows, POWER)

    def _elections(self, sheet: Any, row: int) -> None:
        """Every way of paying for demand, by period."""
        page, ways = self.page, self.words["ways"]
        for name, one in self.facts.elections.items():
            title = str(page["owned"]).format(device=page["election"], what=device_label(name, self.words))
            heads = [title, *(ways[way] for way in one.yuan.columns)]
            rows = [
                [span_label(str(period), self.words), *map(float, line), ways[way]]
                for (period, line), way in zip(one.yuan.iterrows(), one.cheapest, strict=True)
            ]
            row = self.block(sheet, row, [*heads, page["v_cheapest"]], rows, MONEY)
            row = self.block(sheet, row - 1, (), [[page["v_saving"], one.saving_yuan]], MONEY)

    def _bill(self) -> None:
        page = self.page
        sheet = self.sheet("bill", (40, 18, 18, 18), page["bill_note"])
        row = TOP
        for name, made in self.facts.bills.items():
            without = self.other.bills.get(name) if self.other else None
            table = line_table(made, without)
            money, made_of = ["yuan"], ["quantity", "price_yuan"]
            keys = ["l_yuan", "l_quantity", "l_price"]
            if without is not None:
                money = ["yuan_without", "yuan", "saved_yuan"]
                made_of = [*(f"{key}_without" for key in made_of), *made_of]
                keys = ["l_yuan_without", "l_yuan_with", "l_saved"]
                keys += [f"l_{key}_{way}" for way in ("without", "with") for key in ("quantity", "price")]
            rows = [
                [
                    charge_label(charge, period, self.words),
                    *(float(line[key]) for key in (*money, *made_of)),
                    self.words["units"].get(line["unit"], line["unit"]),
                ]
                for (charge, period), (_, line) in zip(table.index.to_list(), table.iterrows(), strict=True)
            ]
            forms = ["", *[MONEY] * len(money), *(PRICE if "price" in key else ENERGY for key in made_of), ""]
            title = device_label(name, self.words) if len(self.facts.bills) > 1 else page["l_charge"]
            first = row + 1
            row = self.table(sheet, row, [title, *(page[key] for key in keys), page["l_unit"]], rows, forms)
            row = self.sums(sheet, first, row, [float(table[key].sum()) for key in money], MONEY)
        sheet.freeze_panes(TOP + 1, 1)

    def _months(self) -> None:
        page = self.page
        sheet = self.sheet("months", (12, 18, 18, 18), page["bill_months_note"] if self.other else "")
        row = TOP
        for name, made in self.facts.bills.items():
            without = self.other.bills.get(name) if self.other else None
            table = month_table(made, without)
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
        """What is saved line by line, with the cost that is left after each."""
        page, found = self.page, self.facts.steps
        assert found is not None
        sheet = self.sheet("steps", (48, 20, 20), page["steps_note"])
        several = len({step.owner for step in found.steps if step.billed}) > 1
        left, rows = found.without_yuan, [[page["without_short"], None, found.without_yuan]]
        for number, step in enumerate(found.steps):
            left -= step.saved_yuan
            at = TOP + 3 + number  # the row as a person counts it
            formula = (f"=C{at - 1}-B{at}", left)
            rows.append([step_label(step, self.words, several), step.saved_yuan, formula])
        heads = (page["l_charge"], page["l_saved"], self.text["left"])
        row = self.table(sheet, TOP, heads, rows, MONEY)
        row = self.sums(sheet, TOP + 2, row, [found.saved_yuan], MONEY)
        self.table(sheet, row, (), [[page["with_short"], None, found.with_yuan]], MONEY)

    def _proof(self) -> None:
        page, attrs = self.page, self.solution.attrs
        sheet = self.sheet("proof", (52, 22, 16, 10))
        gap = "gap_foresight" if self.facts.replayed else "gap_long"
        rows: list[list[Cell]] = [
            [page["objective"], float(attrs["objective_yuan"])],
            [page["bound_long"], float(attrs["bound_yuan"])],
        ]
        row = self.table(sheet, TOP, (page["proof"], page["yuan"]), rows, MONEY)
        small: list[list[Cell]] = [[page[gap], float(attrs["gap"])]]
        small += [[self.words["certificate"][key], value] for key, value in self.facts.certificate.items()]
        row = self.table(sheet, row, (), small, SMALL)
        row = self.block(sheet, row, (), [[page["how"], proof_sentence(self.solution, self.words)]], "")
        checks = [
            [
                check_label(name, self.words),
                found,
                self.audit.allowed[name],
                check_unit(name, self.words),
                page["yes" if found <= self.audit.allowed[name] else "no"],
            ]
            for name, found in self.audit.residuals.items()
        ]
        heads = [page[key] for key in ("audit_long", "a_found", "a_allowed", "l_unit", "a_holds")]
        self.table(sheet, row, heads, checks, SMALL)

    def _assumptions(self) -> None:
        page, tariff = self.page, self.case.tariff
        sheet = self.sheet("assumptions", (140,))
        first = str(page["owned"]).format(device=page["tariff"], what=tariff.title or tariff.name)
        lines = [first, *tariff.sources, *self.facts.assumptions]
        row = self.block(sheet, TOP, (page["assumptions"],), [[line] for line in lines], "")
        case = f"{self.case.name}{f', {self.case.variant}' if self.case.variant else ''}"
        made = [[f"{page['case']}: {case}"], [f"sha256 {self.case.sha256}"]]
        made += [[f"{name} {version}"] for name, version in self.facts.versions.items()]
        self.table(sheet, row, (page["made"],), made, "")
