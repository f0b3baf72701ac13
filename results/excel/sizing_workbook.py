"""report.xlsx of a sizing study: the figures of its page as unrounded numbers. Money is in yuan."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parkdispatch.results.excel.workbook_book import CREATED, SOFT, Book, Row, finite, workbook
from parkdispatch.results.sizing.decision import PROJECT, reported_choice
from parkdispatch.results.sizing.doubt_words import correlations_table, doubts_note, doubts_table
from parkdispatch.results.sizing.risk import distribution, drivers, uncertain_values
from parkdispatch.results.sizing.sizing_results import NEVER, SizeStudy
from parkdispatch.results.sizing.step_words import step_heads, step_rows
from parkdispatch.results.sizing.undecided import largest_gap_of_offer
from parkdispatch.results.views.sizing_charts import choice_label, doubt_label, without_zero_size
from parkdispatch.results.views.sizing_tables import (
    OPERATING_FIGURES,
    first_and_last_income_yuan,
    operating_figures,
    prices_table,
    scenarios_text,
    summary_lines,
)
from parkdispatch.results.wording.display_names import device_label
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.payback_words import payback_cell
from parkdispatch.results.wording.words import load_words

TOP = 4  # first row of a sheet's table, from zero
MONEY, PRICE, PERCENT, ONE, SMALL, PLAIN = "#,##0", "0.0000", "0.00%", "#,##0.0", "0.0E+00", "#,##0.####"
FORMS = {
    "irr": PERCENT,
    **dict.fromkeys(("self_use", "self_use_gain"), PERCENT),
    **dict.fromkeys(("payback_years", "payback_first_years"), "0.00"),
    **dict.fromkeys(("energy_mwh", "peak_cut_mw"), ONE),
    "gap": SMALL,
    "frontier": "0",
}
COLOURED_BY_SIGN = ("npv_yuan", "annual_net_yuan")
ABOVE_ZERO, BELOW_ZERO = "#9CC9E3", "#F3D28A"
CHART_SIZE = {"width": 760, "height": 340}


def write_size_xlsx(path: Path, study: SizeStudy, lang: Lang = "en") -> None:
    """Write the workbook, one sheet per computed part. The same study gives the same bytes."""
    words = load_words(lang, "size", devices=study.case.devices)
    with workbook(path, study.case.titled(lang), CREATED) as book:
        _SizingWorkbook(book, words, study).write()


class _SizingWorkbook(Book):
    """Writes the sheets of a sizing study."""

    def __init__(self, book: Any, words: dict[str, Any], study: SizeStudy) -> None:
        super().__init__(book, words)
        self.study, self.text, self.names = study, words["size"], words["size_sheets"]
        self.width = 16.0  # of the columns after the first [letters]
        self.choices = {choice.key: choice_label(choice, words) for choice in study.choices}

    def write(self) -> None:
        """Write all sheets."""
        study = self.study
        self._decision()
        if study.offers:
            self._offers()
        if study.surface is not None:
            self._surface()
        if any(offered.marginal for offered in study.offers):
            self._marginal()
        if study.when is not None:
            self._when()
        if study.risk is not None:
            self._scenarios()
            self._risk()
        self._assumptions()

    def sheet(self, name: str, note: str, first: float, others: float = 16) -> Any:
        """Add a sheet with its title and note."""
        sheet = self.book.add_worksheet(self.names[name])
        kind = str(self.text["kind"]).format(device=device_label(self.study.sizing.device, self.words))
        self.head(sheet, self.study.case.titled(str(self.words["lang"])), kind, note)
        sheet.set_column(0, 0, first)
        sheet.set_column(1, 60, others)
        self.width = others
        return sheet

    def table(self, sheet: Any, row: int, heads: Sequence[str], *rest: Any, **look: Any) -> int:
        """Write a table, with the height of its heading set to the wrapped texts."""
        if len(heads) > 1:
            self.tall(sheet, row, heads[1:], self.width)
        return super().table(sheet, row, heads, *rest, **look)

    def _decision(self) -> None:
        """Write the decision in sentences, and the co-optimised size with its proof."""
        sheet = self.sheet("decision", "", 110, 18)
        decision: list[Row] = [[line] for line in summary_lines(self.study, self.words)]
        row = self.table(
            sheet, TOP, (self.names["sentences"],), decision, PLAIN, text_wrap=True, valign="top"
        )
        for line, cells in enumerate(decision, TOP + 1):
            self.tall(sheet, line, cells, 110.0)
        best, text = self.study.best, self.text
        if best is not None:
            rows: list[Row] = [
                [self.names["power"], best.power_mw],
                [self.names["energy"], best.energy_mwh],
                *(
                    [f"{text[key]}, {self.words['page']['yuan']}", value]
                    for key, value in (
                        ("b_without", best.without_yuan),
                        ("b_dispatch", best.dispatch_yuan),
                        ("b_annuity", best.cost_yuan - best.dispatch_yuan),
                        ("b_cost", best.cost_yuan),
                        ("b_bound", best.bound_yuan),
                    )
                ),
            ]
            row = self.table(sheet, row + 1, (text["best"], ""), rows, "#,##0.00")
            row = self.table(sheet, row, (), [[text["b_gap"], best.gap]], SMALL)
        sheet.freeze_panes(TOP, 0)

    def _assumptions(self) -> None:
        """Write unit prices, yearly changes, uncertain inputs and what moves together, as text."""
        sizing, words = self.study.sizing, self.words
        sheet = self.sheet("assumptions", doubts_note(sizing, words), 44, 40)
        prices, doubts = prices_table(self.study, words), doubts_table(sizing, words)
        row = self.table(sheet, TOP, prices["heads"], prices["rows"], PLAIN)
        row = self.table(sheet, row + 1, doubts["heads"] if doubts["rows"] else (), doubts["rows"], PLAIN)
        if together := correlations_table(sizing, words):
            self.table(sheet, row + 1, together["heads"], together["rows"], PLAIN)
        sheet.freeze_panes(TOP + 1, 1)

    def _offers(self) -> None:
        """Write each choice with its returns and operating figures."""
        names = self.names
        sheet = self.sheet("offers", str(names["note_offers"]).format(rate=self._rate()), 46, 15)
        keys = ("choice", "power", "energy", "investment", "price", "npv", "irr", "payback", "break_even")
        heads = [names[key] for key in (*keys, "earned_first", "earned_last", "gap")]
        heads += [self.words["size_measures"][key] for key in OPERATING_FIGURES]
        forms = [PLAIN, ONE, ONE, MONEY, PRICE, MONEY, PERCENT, "0.00", PRICE, MONEY, MONEY, SMALL]
        forms += [FORMS.get(key, MONEY) for key in OPERATING_FIGURES]
        rows: list[Row] = []
        for offered in self.study.offers:
            choice = offered.choice
            project = offered.cash.returns[PROJECT] if offered.cash else None
            income_yuan, figures = first_and_last_income_yuan(offered), operating_figures(self.study, offered)
            rows.append(
                [
                    self.choices[choice.key],
                    choice.power_mw,
                    choice.energy_mwh,
                    choice.investment_yuan,
                    choice.yuan_per_wh,
                    project.npv_yuan if project else 0.0 if choice.key == NEVER else None,
                    project.irr.value if project else None,
                    payback_cell(project.static_payback, self.words) if project else None,
                    offered.break_even_yuan_per_wh,
                    income_yuan[0] if income_yuan else None,
                    income_yuan[1] if income_yuan else None,
                    largest_gap_of_offer(offered),
                    *(figures.get(key) for key in OPERATING_FIGURES),
                ]
            )
        row = self.table(sheet, TOP, heads, rows, forms)
        if self.study.steps:
            built = step_rows(self.study, self.words)
            self.table(sheet, row + 1, step_heads(self.words), built, [PLAIN, PLAIN, "0", *[MONEY] * 5])
        sheet.freeze_panes(TOP + 1, 1)

    def _rate(self) -> str:
        """The discount rate in percent; empty without a finance section."""
        finance = self.study.case.finance
        return f"{finance.discount_rate:z.2%}" if finance else ""

    def _surface(self) -> None:
        """Write a matrix per measure, the monetary ones coloured by sign, and a chart of NPV over power."""
        assert self.study.surface is not None
        surface = without_zero_size(self.study.surface)
        sheet = self.sheet("surface", self.names["note_surface"], 18, 13)
        powers, hours = surface["power_mw"].to_numpy(), surface["duration_hours"].to_numpy()
        row = TOP
        for key, label in self.words["size_measures"].items():
            if key not in surface:
                continue
            self.put(sheet, row, 0, label, bold=True)
            self.put(sheet, row + 1, 0, f"{self.names['hours']} ↓  {self.names['power']} →", font_color=SOFT)
            for column, power in enumerate(powers.tolist(), 1):
                self.put(sheet, row + 1, column, power, bold=True, bottom=2, num_format=PLAIN)
            values = surface[key].transpose("duration_hours", "power_mw").to_numpy().astype(float)
            form = FORMS.get(key, MONEY)
            for line, duration in enumerate(hours.tolist(), row + 2):
                self.put(sheet, line, 0, duration, bold=True, num_format=PLAIN)
                for column, value in enumerate(values[line - row - 2].tolist(), 1):
                    self.put(sheet, line, column, finite(value), num_format=form)
            last = row + 1 + len(hours)
            if key in COLOURED_BY_SIGN:
                for criteria, colour in ((">", ABOVE_ZERO), ("<", BELOW_ZERO)):
                    look = {"type": "cell", "criteria": criteria, "value": 0}
                    shade = self.book.add_format({"bg_color": colour})
                    sheet.conditional_format(row + 2, 1, last, len(powers), {**look, "format": shade})
            if key == "npv_yuan":
                chart = self._line_chart(
                    "note_surface_chart", self.names["power"], self.names["npv"], "scatter"
                )
                for line, duration in enumerate(hours.tolist(), row + 2):
                    categories = (row + 1, 1, row + 1, len(powers))
                    values_range = (line, 1, line, len(powers))
                    chart.add_series(self._series("surface", f"{duration:g} h", categories, values_range))
                sheet.insert_chart(TOP, len(powers) + 2, chart, {"object_position": 3})
            row = last + 2
        sheet.freeze_panes(TOP, 1)

    def _line_chart(self, title: str, x_title: str, y_title: str, kind: str) -> Any:
        """An empty line chart whose axis labels stay at the bottom for negative values."""
        chart = self.book.add_chart(
            {"type": kind, **({"subtype": "straight_with_markers"} if kind == "scatter" else {})}
        )
        chart.set_title({"name": self.names.get(title, title), "name_font": {"size": 11}})
        chart.set_x_axis(
            {"name": x_title, "label_position": "low", **({"min": 0} if kind == "scatter" else {})}
        )
        chart.set_y_axis({"name": y_title, "num_format": MONEY, "label_position": "low"})
        chart.set_legend({"position": "bottom"})
        chart.set_size(CHART_SIZE)
        return chart

    def _series(
        self, sheet: str, name: str, categories: tuple[int, ...], values: tuple[int, ...]
    ) -> dict[str, Any]:
        """A series of a chart from two cell ranges (first row, first column, last row, last column)."""
        sheet_name = self.names[sheet]
        return {
            "name": name,
            "categories": [sheet_name, *categories],
            "values": [sheet_name, *values],
            "marker": {"type": "circle", "size": 4},
        }

    def _marginal(self) -> None:
        """Write marginal values of power and energy at each size, by duals and by finite differences."""
        names, text, rows = self.names, self.text, list[Row]()
        sheet = self.sheet("marginal", names["note_marginal"], 46, 18)
        heads = [*(names[key] for key in ("choice", "power", "energy")), text["m_what"]]
        heads += [*(names[key] for key in ("m_dual", "m_less", "m_more", "m_cost")), text["m_price"]]
        for offered in self.study.offers:
            if (marginal := offered.marginal) is None:
                continue
            start = [self.choices[offered.choice.key], marginal.power_mw, marginal.energy_mwh]
            of_mw, of_mwh = marginal.difference_mw_yuan or "––", marginal.difference_mwh_yuan or "––"
            rows.append([*start, text["one_mw"], marginal.value_of_mw_yuan, *of_mw,
                         marginal.annuity_yuan_per_mw, None])  # fmt: skip
            rows.append([*start, text["one_mwh"], marginal.value_of_mwh_yuan, *of_mwh,
                         marginal.annuity_yuan_per_mwh, marginal.break_even_yuan_per_kwh])  # fmt: skip
        self.table(sheet, TOP, heads, rows, [PLAIN, ONE, ONE, PLAIN, *["#,##0.00"] * 5])
        sheet.freeze_panes(TOP + 1, 1)

    def _when(self) -> None:
        """Write NPV, investment and saving by year of commissioning, and a chart of NPV."""
        when = self.study.when
        assert when is not None
        sheet = self.sheet("when", self.text["when_note"], 14, 24)
        keys = [str(key) for key in when["choice"].to_numpy()]
        years = (self.study.case.calendar.year + when["year"].to_numpy()).tolist()
        row, count = TOP, len(years)
        for name, heading in (
            ("npv_yuan", "npv"),
            ("investment_yuan", "investment"),
            ("saving_first_yuan", "saving_first"),
        ):
            if name not in when:
                continue
            heads = [self.names["year"], *(self._column_name(key, heading) for key in keys)]
            values = when[name].sel(choice=keys).transpose("year", "choice").to_numpy()
            rows: list[Row] = [
                [float(year), *(finite(value) for value in line)]
                for year, line in zip(years, values.tolist(), strict=True)
            ]
            self.table(sheet, row, heads, rows, ["0", *[MONEY] * len(keys)])
            if name == "npv_yuan":
                chart = self._line_chart(self.text["when"], self.names["year"], self.names["npv"], "line")
                for column, key in enumerate(keys, 1):
                    chart.add_series(self._series("when", self.choices[key], (row + 1, 0, row + count, 0),
                                                  (row + 1, column, row + count, column)))  # fmt: skip
                sheet.insert_chart(TOP, len(keys) + 2, chart)
            row += count + 3
        sheet.freeze_panes(TOP + 1, 1)

    def _column_name(self, key: str, heading: str) -> str:
        """The heading of a column that belongs to a choice."""
        return str(self.names["of"]).format(choice=self.choices[key], what=self.names[heading])

    def _scenarios(self) -> None:
        """Write one row per scenario: the drawn inputs and the result of each choice."""
        study, risk = self.study, self.study.risk
        assert risk is not None
        sheet = self.sheet("scenarios", self.names["note_scenarios"], 10, 16)
        doubts = [str(name) for name in risk["doubt"].to_numpy()]
        columns = [
            (doubt_label(study, name, self.words), uncertain_values(risk, name), PLAIN) for name in doubts
        ]
        for key in map(str, risk["choice"].to_numpy()):
            for name, heading in (
                ("npv_yuan", "npv"),
                ("irr", "irr"),
                ("saving_yuan", "saving"),
                ("investment_yuan", "investment"),
            ):
                if name in risk and key != NEVER:
                    values = risk[name].sel(choice=key).to_numpy()
                    columns.append((self._column_name(key, heading), values, FORMS.get(name, MONEY)))
        rows: list[Row] = [
            [float(number), *(finite(float(values[index])) for _, values, _ in columns)]
            for index, number in enumerate(risk["scenario"].to_numpy().tolist())
        ]
        heads = [self.names["scenario"], *(name for name, _, _ in columns)]
        last = self.table(sheet, TOP, heads, rows, ["0", *(form for _, _, form in columns)])
        sheet.autofilter(TOP, 0, last - 1, len(columns))
        sheet.freeze_panes(TOP + 1, 1)

    def _risk(self) -> None:
        """Write the risk measures of each choice, and the effect of each uncertain input on one of them."""
        study, risk, names = self.study, self.study.risk, self.names
        assert risk is not None
        tail, statistics = f"{study.sizing.tail:z.0%}", distribution(risk, study.sizing.tail)
        note = str(names["note_risk"]).format(count=scenarios_text(study, self.words), tail=tail)
        sheet = self.sheet("risk", note, 46, 20)
        heads = [
            str(names[key]).format(tail=tail) for key in ("choice", "loss", "mean", "cvar", "worst", "regret")
        ]
        measures = ["loss_share", "mean_yuan", "cvar_yuan", "worst_yuan", "most_regret_yuan"]
        rows: list[Row] = [
            [self.choices[str(key)], *map(float, line)] for key, line in statistics[measures].iterrows()
        ]
        row = self.table(sheet, TOP, heads, rows, [PLAIN, PERCENT, *[MONEY] * 4])
        risk_choice = reported_choice(study)
        if risk_choice is not None:
            self.put(sheet, row + 1, 0, f"{names['note_swings']}: {self.choices[risk_choice.key]}", bold=True)
            heads = [names[key] for key in ("doubt", "low", "high", "low_npv", "high_npv")]
            rows = [
                [
                    doubt_label(study, driver.name, self.words),
                    driver.low,
                    driver.high,
                    driver.low_npv_yuan,
                    driver.high_npv_yuan,
                ]
                for driver in drivers(risk, risk_choice.key)
            ]
            self.table(sheet, row + 2, heads, rows, [PLAIN, PLAIN, PLAIN, MONEY, MONEY])
        sheet.freeze_panes(TOP + 1, 1)
