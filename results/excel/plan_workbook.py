"""The plan as a workbook: set points in rows, sums as formulas, charts, ready to print and to pass on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from parkdispatch.inputs.case import Case
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.excel.workbook_book import HEAD, Book, Row, workbook
from parkdispatch.results.network.bus_energies import bus_energy_table
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.schedule.plan_notes import note_lines
from parkdispatch.results.schedule.tariff_periods import interval_periods
from parkdispatch.results.solution import cost_yuan, times_of
from parkdispatch.results.views.plan_columns import energy_parts, plan_columns
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.wording.activity_sentences import activity_row
from parkdispatch.results.wording.display_names import cost_label, device_label, period_label
from parkdispatch.results.wording.sentences import BlockRow, block_row, proof_sentence
from parkdispatch.results.wording.words import load_words

TOP = 5  # first row of numbers, from zero: title, date, note, an empty row and the header come before
ZERO = 0.0005  # of the shown unit: less is nothing happening
PRICE, MONEY, ENERGY = "0.0000", "#,##0.00", "#,##0.000"
WIDTHS = {"price": 12.0, "set_point": 14.0, "soc": 14.0}
FORMS = {"price": PRICE, "soc": "0.0%"}  # of a power, as many digits as its device needs
CLOCK, STAMP = "[hh]:mm", "yyyy-mm-dd hh:mm"
HOUR_LINE = {"top": 1, "top_color": "#C9D2DB"}
ACTION_LOOKS = {
    "discharge": {"bg_color": "#FBE0CC", "font_color": "#8A3D00"},
    "charge": {"bg_color": "#D6E8F5", "font_color": "#004B7A"},
}
PERIOD_FILLS = {
    "sharp": "#B8AED8",
    "peak": "#D3CCE7",
    "flat": "#E8E4F2",
    "valley": "#F5F3FA",
}  # as the report


def write_plan_xlsx(
    path: Path, solution: xr.Dataset, case: Case, facts: ReportFacts, lang: str = "en"
) -> None:
    """Write the workbook: sheets plan, chart, blocks and summary. The same input gives the same bytes."""
    words, times = load_words(lang, scale=scale_of(solution), devices=case.devices), times_of(solution)
    with workbook(path, case.titled(lang), times[0].date()) as book:
        writer = _Writer(book, solution, case, facts, words)
        for name in writer.sheets:
            getattr(writer, name)()


class _Writer(Book):
    """One workbook being written; knows where the plan's columns are, for formulas and charts."""

    def __init__(
        self, book: Any, solution: xr.Dataset, case: Case, facts: ReportFacts, words: Mapping[str, Any]
    ) -> None:
        super().__init__(book, words)
        self.solution, self.case, self.facts = solution, case, facts
        self.text, self.page = words["book"], words["page"]
        self.times, self.hours = times_of(solution), float(solution.attrs["hours"])
        self.columns = list(plan_columns(solution, case, words))
        self.scale = scale_of(solution)
        self.sizes_mw: dict[str, float] = {}  # largest power by device
        for column in self.columns:
            if column.kind not in ("price", "soc"):
                largest_mw = float(np.abs(column.numbers).max()) / self.scale.per_mw
                self.sizes_mw[column.owner] = max(largest_mw, self.sizes_mw.get(column.owner, 0.0))
        periods = interval_periods(self.times, self.hours, case.tariff)
        self.period = periods if all(periods) else None
        self.left = 2 if self.period is None else 3  # first column of numbers, from zero
        self.bottom = TOP + len(self.times) - 1
        known = {"blocks": facts.blocks, "activities": facts.activity_blocks, "notes": facts.notes}
        names = ["plan", "chart", *(name for name, rows in known.items() if rows), "summary"]
        self.sheets = {name: book.add_worksheet(self.text[name]) for name in names}

    def where(self, number: int) -> str:
        """A column of the plan as a reference, 'Plan'!$F$6:$F$101."""
        column = self.left + number
        return f"'{self.text['plan']}'!{xl_range_abs(TOP, column, self.bottom, column)}"

    def begin(self, sheet: Any, note: str, pages_high: int = 0) -> None:
        """Title, date and a line of explanation."""
        first, last = (f"{time:%Y-%m-%d}" for time in (self.times[0], self.times[-1]))
        days = first if first == last else f"{first} – {last}"
        self.head(
            sheet,
            self.case.titled(str(self.words["lang"])),
            f"{days} · {self.case.site.timezone}",
            note,
            pages_high,
        )

    def plan(self) -> None:
        """One row an interval."""
        sheet, day = self.sheets["plan"], self.times[0].date() == self.times[-1].date()
        self.begin(sheet, self.text["note"])
        sheet.set_row(TOP - 1, 62)
        # a day's end reads 24:00, so its times are fractions of that day; else they are Excel's days
        origin = self.times[0].normalize() if day else pd.Timestamp(1899, 12, 30)
        starts = (self.times - origin) / pd.Timedelta(days=1)
        clock, width = ({"num_format": CLOCK}, 7.0) if day else ({"num_format": STAMP}, 16.0)
        table: list[tuple[str, list[Any], dict[str, str], float]] = [
            (self.text["from"], starts.tolist(), clock, width),
            (self.text["to"], (starts + self.hours / 24.0).tolist(), clock, width),
        ]
        if self.period is not None:
            names = [" / ".join(period_label(name, self.words) for name in some) for some in self.period]
            table.append((self.text["period"], names, {}, 12.0))
        for plan_column in self.columns:
            look = {"num_format": FORMS.get(plan_column.kind) or self._power_form(plan_column.owner)}
            width = WIDTHS.get(plan_column.kind, 11.0)
            table.append((plan_column.header, (plan_column.numbers + 0.0).tolist(), look, width))
        full_hour = (self.times.minute == 0).tolist()
        for column, (header, cells, look, wide) in enumerate(table):
            self.put(sheet, TOP - 1, column, header, **HEAD, text_wrap=True, align="center", valign="vcenter")
            sheet.set_column(column, column, wide)
            for row, cell in enumerate(cells):
                more = HOUR_LINE if full_hour[row] else {}
                if self.period is not None and column == 2:
                    more = {**more, "bg_color": PERIOD_FILLS.get(self.period[row][0], "#FFFFFF")}
                self.put(sheet, TOP + row, column, cell, **look, **more)
        for number, plan_column in enumerate(self.columns):
            self._colour(sheet, self.left + number, plan_column.kind)
        sheet.freeze_panes(TOP, self.left)
        sheet.repeat_rows(TOP - 1)

    def _power_form(self, device: str) -> str:
        """The cell format of a device's power: one digit more than its size needs, for set points."""
        return f"#,##0.{'0' * (self.scale.digits(self.sizes_mw[device]) + 1)}"

    def _colour(self, sheet: Any, column: int, kind: str) -> None:
        """Charge blue, discharge orange; a bar for the state of charge; grey where nothing happens."""
        rules: list[dict[str, Any]] = []
        if kind == "soc":
            limits = {"min_type": "num", "min_value": 0, "max_type": "num", "max_value": 1}
            rules = [{"type": "data_bar", "bar_color": "#9CCFBE", **limits}]
        elif kind != "price":
            grey = self.book.add_format({"font_color": "#9AA5B1"})
            rules = [{"criteria": "between", "minimum": -ZERO, "maximum": ZERO, "format": grey}]
        if kind == "set_point":
            for action, sign, limit in (("discharge", ">", ZERO), ("charge", "<", -ZERO)):
                look = self.book.add_format(ACTION_LOOKS[action])
                rules.append({"criteria": sign, "value": limit, "format": look})
        for rule in rules:
            sheet.conditional_format(TOP, column, self.bottom, column, {"type": "cell", **rule})

    def chart(self) -> None:
        """For each carrier its powers stacked, with the load as a line, above what is stored of it."""
        sheet, row = self.sheets["chart"], 3
        self.begin(sheet, "", pages_high=1)
        for carrier in dict.fromkeys(column.carrier for column in self.columns if column.kind != "price"):
            row = self._charts_of(sheet, row, carrier)
        sheet.hide_gridlines(2)
        sheet.print_area(0, 0, row, 16)

    def _charts_of(self, sheet: Any, row: int, carrier: str) -> int:
        """Insert the charts of a carrier from a row on; the row after them."""
        unit, names = self.words["script"]["mw"], self.words["carriers"][carrier]
        axis = f"'{self.text['plan']}'!$A${TOP + 1}:$A${self.bottom + 1}"
        power = self.book.add_chart({"type": "column", "subtype": "stacked"})
        load, soc = self.book.add_chart({"type": "line"}), self.book.add_chart({"type": "line"})
        order = ("import", "source", "set_point", "export")
        of_carrier = [(n, column) for n, column in enumerate(self.columns) if column.carrier == carrier]
        drawn = [(n, column) for n, column in of_carrier if column.kind in order and column.numbers.any()]
        for number, column in sorted(drawn, key=lambda item: order.index(item[1].kind)):
            cells = self._below_zero(sheet, number) if column.kind == "export" else self.where(number)
            series = {"name": column.name, "categories": axis, "values": cells, "gap": 0, "overlap": 100}
            power.add_series({**series, "fill": {"color": column.colour}})
        for number, column in of_carrier:
            if column.kind in ("load", "soc"):
                series = {"name": column.device, "categories": axis, "values": self.where(number)}
                line = {"line": {"color": column.colour, "width": 2.0}}
                (load if column.kind == "load" else soc).add_series({**series, **line})
        if load.series:
            power.combine(load)
        each_hour = max(1, round(1 / self.hours))
        percent = {"min": 0, "max": 1, "num_format": "0%"}
        for chart, title, name, limits, height in (
            (power, names["balance"], unit, {}, 400),
            (soc, names["level"], "%", percent, 280),
        ):
            if not chart.series:
                continue
            chart.set_title({"name": f"{title}, {name}", "name_font": {"size": 13}})
            lines = {"visible": True, "line": {"color": "#D9DFE6"}}
            chart.set_y_axis({"name": name, "major_gridlines": lines, **limits})
            ticks = {"interval_unit": 2 * each_hour, "interval_tick": each_hour, "label_position": "low"}
            chart.set_x_axis({"num_format": "hh:mm", **ticks})
            chart.set_legend({"position": "bottom"})
            chart.set_size({"width": 1060, "height": height})
            sheet.insert_chart(row, 0, chart)
            row += height // 20 + 1
        return row

    def _below_zero(self, sheet: Any, number: int) -> str:
        """An export with its sign turned, in a column of the chart's sheet that is out of sight."""
        column = 30 + number
        for row, value in enumerate(self.columns[number].numbers.tolist()):
            cell = f"=-'{self.text['plan']}'!{xl_rowcol_to_cell(TOP + row, self.left + number)}"
            self.put(sheet, row, column, (cell, -value))
        return f"'{self.text['chart']}'!{xl_range_abs(0, column, len(self.times) - 1, column)}"

    def blocks(self) -> None:
        """The schedule in words."""
        sheet, text, page = self.sheets["blocks"], self.text, self.page
        self.begin(sheet, page["blocks_note"])
        for column, width in enumerate((8, 8, 13, 20, 18, 60, 22, 18, 14)):
            sheet.set_column(column, column, width)
        price = f"{text['price']}, {self.words['script']['yuan_per_kwh']}"
        heads = [text["from"], text["to"], text["what"], text["mean_power"], price, text["why"]]
        heads += [page["b_store"], page["b_soc"]]
        has_gains = any(block.gain_yuan is not None for block in self.facts.blocks)
        heads += [page["b_gain"]] if has_gains else []
        rows: list[Row] = []
        for block in self.facts.blocks:
            row = block_row(block, self.words)
            cells = (row.start, row.end, page.get(row.what, row.what), row.power, self._price(row), row.why)
            gain = ("" if block.gain_yuan is None else round(block.gain_yuan, 2),) if has_gains else ()
            rows.append((*cells, row.who, row.soc_after, *gain))
        end = self.table(sheet, TOP - 1, heads, rows, PRICE)
        for action, look in ACTION_LOOKS.items():
            rule = {"type": "cell", "criteria": "==", "value": f'"{page[action]}"'}
            sheet.conditional_format(TOP, 2, end - 1, 2, {**rule, "format": self.book.add_format(look)})
        sheet.freeze_panes(TOP, 0)

    def activities(self) -> None:
        """Units, shifted work and interruptions in words."""
        sheet, text, page = self.sheets["activities"], self.text, self.page
        self.begin(sheet, page["activity_blocks_note"])
        for column, width in enumerate((8, 8, 30, 18, 20, 34, 18, 60)):
            sheet.set_column(column, column, width)
        price = f"{text['price']}, {self.words['script']['yuan_per_kwh']}"
        heads = [text["from"], text["to"], page["b_who"], text["what"], text["mean_power"], page["b_energy"]]
        heads += [price, text["why"]]
        rows = [activity_row(block, self.words) for block in self.facts.activity_blocks]
        cells = [(*row[:3], page[row.action], *row[4:6], _number_or_text(row.price), row.why) for row in rows]
        self.table(sheet, TOP - 1, heads, cells, PRICE)
        sheet.freeze_panes(TOP, 0)

    def notes(self) -> None:
        """Orders and what they cost, violations and reasons, one a row."""
        sheet = self.sheets["notes"]
        self.begin(sheet, self.text["note_head"])
        sheet.set_column(0, 0, 120)
        for number, line in enumerate(note_lines(self.facts.notes, self.words)):
            self.put(sheet, TOP - 1 + number, 0, line, text_wrap=True)

    def _price(self, row: BlockRow) -> float | str:
        """The price of a block as a number, or its range of prices as text."""
        text, prices = row.price(4, self.words), row.prices_yuan_per_kwh
        return prices[0] if prices and text == f"{prices[0]:z.4f}" else text

    def summary(self) -> None:
        """Energy, costs and proof, with formulas that reach into the plan."""
        sheet, text = self.sheets["summary"], self.text
        self.begin(sheet, "")
        sheet.set_column(0, 0, 52)
        sheet.set_column(1, 6, 18)
        length = f"$B${TOP}"
        row = self.table(sheet, TOP - 1, (), [(text["interval_hours"], self.hours, text["hours"])], "0.####")
        mwh, mw = self.scale.energy, self.scale.power
        powers = (f"{text['highest']}, {mw}", f"{text['lowest']}, {mw}")
        for carrier in dict.fromkeys(column.carrier for column in self.columns):
            rows, what = self._energies(length, carrier), self.words["carriers"][carrier]["energy"]
            heads = (text["energy_what"].format(energy=what), f"{what}, {mwh}", *powers)
            row = self.table(sheet, row + 1, heads, rows, ENERGY)
        (what, *roles), buses = bus_energy_table(self.solution, self.case, self.words)
        if buses:
            row = self.table(sheet, row + 1, (f"{what}, {mwh}", *roles), buses, ENERGY)
        costs = [(cost_label(name, self.words), yuan) for name, yuan in cost_yuan(self.solution).items()]
        row = self.table(sheet, row + 1, (text["costs"], self.page["yuan"]), costs, MONEY)
        sums: list[Row] = [(text["total"], (f"=SUM(B{row - len(costs) + 1}:B{row})", self.facts.cost_yuan))]
        other = self.facts.without_storage
        if other:
            sums.append((text["without"], other.cost_yuan))
            sums.append((text["saved"], (f"=B{row + 2}-B{row + 1}", other.saving_yuan)))
        row = self.table(sheet, row, (), sums, MONEY, bold=True)
        if other:
            part = other.saving_yuan / other.cost_yuan if other.cost_yuan else 0.0
            share = (f"=IF(B{row - 1}=0,0,B{row}/B{row - 1})", part)
            row = self.table(sheet, row, (), [(text["share"], share)], "0.00%")
        elif self.case.storage:
            row = self.table(sheet, row, (), [(self.page["no_comparison"],)], MONEY)
        if again := self._energy_cost(length):
            row = self.table(sheet, row + 1, (), [(text["recomputed_energy"], again)], MONEY)
        attrs = self.solution.attrs
        both = [(text[key], float(attrs[f"{key}_yuan"])) for key in ("objective", "bound")]
        row = self.table(sheet, row + 1, (text["proof"], self.page["yuan"]), both, MONEY)
        gap = (f"=MAX(0,B{row - 1}-B{row})/MAX(1,ABS(B{row - 1}))", float(attrs["gap"]))
        row = self.table(sheet, row, (), [(text["gap"], gap)], "0.00E+00")
        row = self.table(sheet, row, (), [(text["how"], proof_sentence(self.solution, self.words))], MONEY)
        cycles = [
            (f"{text['cycles']}, {device_label(n, self.words)}", value)
            for n, value in self.facts.full_cycles.items()
        ]
        self.table(sheet, row + 1, (), cycles, "0.00")

    def _energies(self, length: str, carrier: str) -> list[Row]:
        """Energy [MWh], highest and lowest power [MW] of a carrier's columns; set points by direction."""
        rows: list[Row] = []
        for number, column in enumerate(self.columns):
            if column.carrier != carrier:
                continue
            cells, mw = self.where(number), column.numbers
            most, least = (f"=MAX({cells})", float(mw.max())), (f"=MIN({cells})", float(mw.min()))
            for label, sign in energy_parts(column, self.words):
                if sign > 0:
                    out = (f'=SUMIF({cells},">0")*{length}', float(mw.clip(min=0).sum()) * self.hours)
                    rows.append((label, out, (f"=MAX(0,{cells})", max(0.0, most[1]))))
                elif sign < 0:
                    back = (f'=-SUMIF({cells},"<0")*{length}', float((-mw).clip(min=0).sum()) * self.hours)
                    rows.append((label, back, (f"=-MIN(0,{cells})", max(0.0, -least[1]))))
                else:
                    total = (f"=SUM({cells})*{length}", float(mw.sum()) * self.hours)
                    rows.append((label, total, most, least))
        return rows

    def _energy_cost(self, length: str) -> tuple[str, float] | None:
        """Energy bought less sold [yuan], as a formula over the plan and as its value."""
        number_of = {column.key: number for number, column in enumerate(self.columns)}
        formula, total = "", 0.0
        for name in self.case.devices:
            for sign, price, power in ((1, "purchase", "import"), (-1, "sale", "export")):
                pair = (f"{name}.{price}_price_yuan_per_mwh", f"{name}.{power}_mw")
                if all(key in number_of for key in pair):
                    a, b = (number_of[key] for key in pair)
                    formula += f"{'+' if sign > 0 else '-'}SUMPRODUCT({self.where(a)},{self.where(b)})"
                    total += sign * float(np.dot(self.columns[a].numbers, self.columns[b].numbers))
        factor = KW_PER_MW / self.scale.per_mw
        cell = f"=({formula.lstrip('+')})*{length}*{factor:g}", total * self.hours * factor
        return cell if formula else None


def _number_or_text(text: str) -> float | str:
    """A price as a number, or its range as text."""
    try:
        return float(text)
    except ValueError:
        return text
