"""report.xlsx of a study of a size: what its page says, as numbers to the last digit. Money is in yuan."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from parkdispatch.results.excel.cash_flow_workbook import CREATED
from parkdispatch.results.excel.workbook_book import Book, Row, workbook
from parkdispatch.results.html.page import Lang, load_words
from parkdispatch.results.sizing.decision import PROJECT, gap_of, risked
from parkdispatch.results.sizing.decision_words import sentences
from parkdispatch.results.sizing.risk import distribution, doubted, drivers
from parkdispatch.results.sizing.sizing_results import NEVER, SizeStudy
from parkdispatch.results.views.display_names import device_label
from parkdispatch.results.views.sizing_charts import doubt_name, told_name, without_nothing
from parkdispatch.results.views.sizing_tables import (
    FACTS,
    doubts_table,
    earned_yuan,
    figures_of,
    prices_table,
)

TOP = 4  # first row of a sheet's table, from zero
MONEY, PRICE, PERCENT, ONE, SMALL, PLAIN = "#,##0", "0.0000", "0.00%", "#,##0.0", "0.0E+00", "#,##0.####"
FORMS = {
    "irr": PERCENT,
    "self_use": PERCENT,
    "self_use_gain": PERCENT,
    "payback_years": "0.00",
    "energy_mwh": ONE,
    "peak_cut_mw": ONE,
    "gap": SMALL,
    "frontier": "0",
}
SIGNED = ("npv_yuan", "annual_net_yuan")  # measures that are coloured by their sign
ABOVE, BELOW = "#9CC9E3", "#F3D28A"
CHART = {"width": 760, "height": 340}


def write_size_xlsx(path: Path, study: SizeStudy, lang: Lang = "en") -> None:
    """Write the workbook, a sheet for each part that was computed. The same study gives the same bytes."""
    words = load_words(lang, "size")
    with workbook(path, study.case.title or study.case.name, CREATED.date()) as book:
        _Writer(book, words, study).write()


class _Writer(Book):
    """One workbook being written."""

    def __init__(self, book: Any, words: dict[str, Any], study: SizeStudy) -> None:
        super().__init__(book, words)
        self.study, self.text, self.names = study, words["size"], words["size_sheets"]
        self.width = 16.0  # [letters] of the columns after the first
        self.choices = {one.key: told_name(one, words) for one in study.choices}

    def write(self) -> None:
        """All sheets."""
        study = self.study
        self._decision()
        if study.offers:
            self._offers()
        if study.surface is not None:
            self._surface()
        if any(one.marginal for one in study.offers):
            self._marginal()
        if study.when is not None:
            self._when()
        if study.risk is not None:
            self._scenarios()
            self._risk()
        self._assumptions()

    def sheet(self, name: str, note: str, first: float, others: float = 16) -> Any:
        """A sheet with its title and note."""
        made = self.book.add_worksheet(self.names[name])
        kind = str(self.text["kind"]).format(device=device_label(self.study.sizing.device, self.words))
        self.head(made, self.study.case.title or self.study.case.name, kind, note)
        made.set_column(0, 0, first)
        made.set_column(1, 60, others)
        self.width = others
        return made

    def table(self, sheet: Any, row: int, heads: Sequence[str], *rest: Any, **look: Any) -> int:
        """A table whose heading is as high as it needs."""
        if len(heads) > 1:
            self.tall(sheet, row, heads[1:], self.width)
        return super().table(sheet, row, heads, *rest, **look)

    def _decision(self) -> None:
        """The decision in words, the co-optimised size, and what it all rests on."""
        sheet = self.sheet("decision", "", 110, 18)
        said: list[Row] = [[line] for line in sentences(self.study, self.words)]
        row = self.table(sheet, TOP, (self.names["sentences"],), said, PLAIN, text_wrap=True, valign="top")
        for at, line in enumerate(said, TOP + 1):
            self.tall(sheet, at, line, 110.0)
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
        """What a size costs, how the world moves, and what is in doubt, as text."""
        sheet = self.sheet("assumptions", self.text["doubts_note"], 44, 40)
        prices, doubts = prices_table(self.study, self.words), doubts_table(self.study, self.words)
        row = self.table(sheet, TOP, prices["heads"], prices["rows"], PLAIN)
        if doubts["rows"]:
            self.table(sheet, row + 1, doubts["heads"], doubts["rows"], PLAIN)
        sheet.freeze_panes(TOP + 1, 1)

    def _offers(self) -> None:
        names = self.names
        sheet = self.sheet("offers", str(names["note_offers"]).format(rate=self._rate()), 46, 15)
        keys = ("choice", "power", "energy", "investment", "price", "npv", "irr", "payback", "break_even")
        heads = [names[key] for key in (*keys, "earned_first", "earned_last", "gap")]
        heads += [self.words["size_measures"][key] for key in FACTS]
        forms = [PLAIN, ONE, ONE, MONEY, PRICE, MONEY, PERCENT, "0.00", PRICE, MONEY, MONEY, SMALL]
        forms += [FORMS.get(key, MONEY) for key in FACTS]
        rows: list[Row] = []
        for one in self.study.offers:
            choice, own = one.choice, one.cash.returns[PROJECT] if one.cash else None
            earned, cell = earned_yuan(one), figures_of(self.study, one)
            rows.append(
                [
                    self.choices[choice.key],
                    choice.power_mw,
                    choice.energy_mwh,
                    choice.investment_yuan,
                    choice.yuan_per_wh,
                    own.npv_yuan if own else 0.0 if choice.key == NEVER else None,
                    own.irr.value if own else None,
                    own.static_payback.from_construction_years if own else None,
                    one.break_even_yuan_per_wh,
                    earned[0] if earned else None,
                    earned[1] if earned else None,
                    gap_of(one),
                    *(cell.get(key) for key in FACTS),
                ]
            )
        self.table(sheet, TOP, heads, rows, forms)
        sheet.freeze_panes(TOP + 1, 1)

    def _rate(self) -> str:
        finance = self.study.case.finance
        return f"{finance.discount_rate:.2%}" if finance else ""

    def _surface(self) -> None:
        """A matrix a measure; NPV and annual net coloured by sign; a chart of NPV over power."""
        assert self.study.surface is not None
        surface = without_nothing(self.study.surface)
        sheet = self.sheet("surface", self.names["note_surface"], 18, 13)
        powers, hours = surface["power_mw"].to_numpy(), surface["duration_hours"].to_numpy()
        row = TOP
        for key, called in self.words["size_measures"].items():
            if key not in surface:
                continue
            self.put(sheet, row, 0, called, bold=True)
            self.put(
                sheet, row + 1, 0, f"{self.names['hours']} ↓  {self.names['power']} →", font_color="#5A6675"
            )
            for at, power in enumerate(powers.tolist(), 1):
                self.put(sheet, row + 1, at, power, bold=True, bottom=2, num_format=PLAIN)
            values = surface[key].transpose("duration_hours", "power_mw").to_numpy().astype(float)
            form = FORMS.get(key, MONEY)
            for down, duration in enumerate(hours.tolist(), row + 2):
                self.put(sheet, down, 0, duration, bold=True, num_format=PLAIN)
                for at, value in enumerate(values[down - row - 2].tolist(), 1):
                    self.put(sheet, down, at, _there(value), num_format=form)
            last = row + 1 + len(hours)
            if key in SIGNED:
                for criteria, colour in ((">", ABOVE), ("<", BELOW)):
                    look = {"type": "cell", "criteria": criteria, "value": 0}
                    shade = self.book.add_format({"bg_color": colour})
                    sheet.conditional_format(row + 2, 1, last, len(powers), {**look, "format": shade})
            if key == "npv_yuan":
                chart = self._lines("note_surface_chart", self.names["power"], self.names["npv"], "scatter")
                for down, duration in enumerate(hours.tolist(), row + 2):
                    across, own = (row + 1, 1, row + 1, len(powers)), (down, 1, down, len(powers))
                    chart.add_series(self._series("surface", f"{duration:g} h", across, own))
                sheet.insert_chart(TOP, len(powers) + 2, chart, {"object_position": 3})
            row = last + 2
        sheet.freeze_panes(TOP, 1)

    def _lines(self, title: str, across: str, upwards: str, kind: str) -> Any:
        """An empty chart of lines whose labels stay below where values are negative."""
        chart = self.book.add_chart(
            {"type": kind, **({"subtype": "straight_with_markers"} if kind == "scatter" else {})}
        )
        chart.set_title({"name": self.names.get(title, title), "name_font": {"size": 11}})
        chart.set_x_axis(
            {"name": across, "label_position": "low", **({"min": 0} if kind == "scatter" else {})}
        )
        chart.set_y_axis({"name": upwards, "num_format": MONEY, "label_position": "low"})
        chart.set_legend({"position": "bottom"})
        chart.set_size(CHART)
        return chart

    def _series(
        self, sheet: str, name: str, across: tuple[int, ...], values: tuple[int, ...]
    ) -> dict[str, Any]:
        own = self.names[sheet]
        return {
            "name": name,
            "categories": [own, *across],
            "values": [own, *values],
            "marker": {"type": "circle", "size": 4},
        }

    def _marginal(self) -> None:
        names, text = self.names, self.text
        sheet = self.sheet("marginal", names["note_marginal"], 46, 18)
        heads = [names["choice"], names["power"], names["energy"], text["m_what"]]
        heads += [names[key] for key in ("m_dual", "m_less", "m_more", "m_cost")]
        heads += [text["m_price"]]
        rows: list[Row] = []
        for one in self.study.offers:
            if (found := one.marginal) is None:
                continue
            start = [self.choices[one.choice.key], found.power_mw, found.energy_mwh]
            rows.append([*start, text["one_mw"], found.value_of_mw_yuan, *found.difference_mw_yuan,
                         found.annuity_yuan_per_mw, None])  # fmt: skip
            rows.append([*start, text["one_mwh"], found.value_of_mwh_yuan, *found.difference_mwh_yuan,
                         found.annuity_yuan_per_mwh, found.break_even_yuan_per_kwh])  # fmt: skip
        self.table(sheet, TOP, heads, rows, [PLAIN, ONE, ONE, PLAIN, *["#,##0.00"] * 5])
        sheet.freeze_panes(TOP + 1, 1)

    def _when(self) -> None:
        """NPV by year of commissioning, a column a choice, and the same as lines."""
        when = self.study.when
        assert when is not None
        sheet = self.sheet("when", self.text["when_note"], 14, 24)
        keys = [str(key) for key in when["choice"].to_numpy()]
        years = (self.study.case.calendar.year + when["year"].to_numpy()).tolist()
        row, count = TOP, len(years)
        for name, called in (
            ("npv_yuan", "npv"),
            ("investment_yuan", "investment"),
            ("saving_first_yuan", "saving_first"),
        ):
            if name not in when:
                continue
            heads = [self.names["year"], *(self._of(key, called) for key in keys)]
            values = when[name].sel(choice=keys).transpose("year", "choice").to_numpy()
            rows: list[Row] = [
                [float(year), *(_there(value) for value in line)]
                for year, line in zip(years, values.tolist(), strict=True)
            ]
            self.table(sheet, row, heads, rows, ["0", *[MONEY] * len(keys)])
            if name == "npv_yuan":
                chart = self._lines(self.text["when"], self.names["year"], self.names["npv"], "line")
                for at, key in enumerate(keys, 1):
                    chart.add_series(self._series("when", self.choices[key], (row + 1, 0, row + count, 0),
                                                  (row + 1, at, row + count, at)))  # fmt: skip
                sheet.insert_chart(TOP, len(keys) + 2, chart)
            row += count + 3
        sheet.freeze_panes(TOP + 1, 1)

    def _of(self, key: str, what: str) -> str:
        return str(self.names["of"]).format(choice=self.choices[key], what=self.names[what])

    def _scenarios(self) -> None:
        """A row a scenario."""
        study, risk = self.study, self.study.risk
        assert risk is not None
        sheet = self.sheet("scenarios", self.names["note_scenarios"], 10, 16)
        doubts = [str(name) for name in risk["doubt"].to_numpy()]
        columns = [(doubt_name(study, name, self.words), doubted(risk, name), PLAIN) for name in doubts]
        for key in map(str, risk["choice"].to_numpy()):
            for name, called in (
                ("npv_yuan", "npv"),
                ("irr", "irr"),
                ("saving_yuan", "saving"),
                ("investment_yuan", "investment"),
            ):
                if name in risk and key != NEVER:
                    values = risk[name].sel(choice=key).to_numpy()
                    columns.append((self._of(key, called), values, FORMS.get(name, MONEY)))
        numbers = risk["scenario"].to_numpy().tolist()
        rows: list[Row] = [
            [float(number), *(_there(float(values[at])) for _, values, _ in columns)]
            for at, number in enumerate(numbers)
        ]
        heads = [self.names["scenario"], *(name for name, _, _ in columns)]
        last = self.table(sheet, TOP, heads, rows, ["0", *(form for _, _, form in columns)])
        sheet.autofilter(TOP, 0, last - 1, len(columns))
        sheet.freeze_panes(TOP + 1, 1)

    def _risk(self) -> None:
        """Each choice's measures, and what each doubt does to the one whose risk is told."""
        study, risk, names = self.study, self.study.risk, self.names
        assert risk is not None
        tail, found = f"{study.sizing.tail:.0%}", distribution(risk, study.sizing.tail)
        note = str(names["note_risk"]).format(count=risk.sizes["scenario"], tail=tail)
        sheet = self.sheet("risk", note, 46, 20)
        heads = [
            str(names[key]).format(tail=tail) for key in ("choice", "loss", "mean", "cvar", "worst", "regret")
        ]
        measures = ["loss_share", "mean_yuan", "cvar_yuan", "worst_yuan", "most_regret_yuan"]
        rows: list[Row] = [
            [self.choices[str(key)], *map(float, line)] for key, line in found[measures].iterrows()
        ]
        row = self.table(sheet, TOP, heads, rows, [PLAIN, PERCENT, *[MONEY] * 4])
        of = risked(study)
        if of is not None:
            self.put(sheet, row + 1, 0, f"{names['note_swings']}: {self.choices[of.key]}", bold=True)
            heads = [names[key] for key in ("doubt", "low", "high", "low_npv", "high_npv")]
            rows = [
                [
                    doubt_name(study, one.name, self.words),
                    one.low,
                    one.high,
                    one.low_npv_yuan,
                    one.high_npv_yuan,
                ]
                for one in drivers(risk, of.key)
            ]
            self.table(sheet, row + 2, heads, rows, [PLAIN, PLAIN, PLAIN, MONEY, MONEY])
        sheet.freeze_panes(TOP + 1, 1)


def _there(value: float) -> float | None:
    """A number, or nothing where there is none."""
    return value if np.isfinite(value) else None
