"""Print a sizing study: decision, choices, marginal values, risk and proof. Rounding is done here."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import dense_table, failed_lines, heading, money
from parkdispatch.results.sizing.decision import size_text
from parkdispatch.results.sizing.decision_words import paragraph
from parkdispatch.results.sizing.doubt_words import doubt_lines
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Best, SizeStudy
from parkdispatch.results.sizing.step_words import step_table
from parkdispatch.results.sizing.undecided import largest_gap
from parkdispatch.results.views import sizing_tables as tables
from parkdispatch.results.wording.sentences import count_text
from parkdispatch.results.wording.words import load_words

OFFER_HEADS = {  # columns of the table of offers that are printed, with their heads
    "o_name": "",
    "o_price": "yuan\n/Wh",
    "o_cost": "cost\n万元",
    "o_npv": "NPV\n万元",
    "o_irr": "IRR",
    "o_payback": "pay-\nback",
    "o_break_even": "break-\neven",
}


def show_size_study(console: Console, study: SizeStudy) -> None:
    """Print the decision and its main tables in eighty columns; details are in the files."""
    case, words = study.case, load_words(SCREEN_LANG.get(), "size")
    title = f"{case.titled(SCREEN_LANG.get())}: the size of {study.sizing.device.replace('_', ' ')}"
    console.print(heading(title, case), soft_wrap=True)
    console.print(Panel(paragraph(study, words), box=box.SQUARE, padding=(0, 1)))
    if study.offers:
        console.print(_offers(study))
    if steps := step_table(study, words):
        step_heads = ("", "built", "in", "station", "incre-\nment", "invest-\nment", "NPV\nof all", "added")
        console.print(_table("All at once, or in the case's steps, 万元", steps["rows"], step_heads))
    if any(offered.marginal for offered in study.offers):
        console.print(_marginal(study))
    if study.risk is not None:
        rows = tables.risk_table(study, words)["rows"]
        heads = ("", "P(loss)", "mean", "CVaR", "worst", "regret")
        scenarios = tables.scenarios_text(study, words)
        console.print(_table(f"NPV over {scenarios} scenarios, built now, 万元", rows, heads))
        for line in doubt_lines(study.sizing, words):
            console.print(Text(line), soft_wrap=True)
    for line in (*_notes(study), *failed_lines(study.failed, study.asked, case.calendar.year)):
        console.print(Text(line), soft_wrap=True)


def _table(title: str, rows: list[list[str]], heads: tuple[str, ...]) -> Table:
    """A table that fits eighty columns; the first column wraps."""
    table = dense_table(title, *heads)
    for row in rows:
        table.add_row(*row)
    return table


def _offers(study: SizeStudy) -> Table:
    """The choices with their returns."""
    words = load_words(SCREEN_LANG.get(), "size")
    table = tables.offers_table(study, words)
    columns = {head: column for column, head in enumerate(table["heads"])}
    printed = {
        head: columns[words["size"][key]]
        for key, head in OFFER_HEADS.items()
        if words["size"][key] in columns
    }
    rows = [[row[column] for column in printed.values()] for row in table["rows"]]
    return _table("Built now", rows, tuple(printed))


def _marginal(study: SizeStudy) -> Table:
    """Marginal value of one more MW and MWh a year, by duals and by finite differences."""
    table = tables.marginal_table(study, load_words(SCREEN_LANG.get(), "size"))
    assert table
    rows = [[f"{row[0]}: {row[1]}", row[2], f"{row[3]} to {row[4]}", row[5], row[7]] for row in table["rows"]]
    heads = ("", "dual", "by difference", "annuity", "break-even\nyuan/kWh")
    return _table("Marginal value, 万元 a year", rows, heads)


def _notes(study: SizeStudy) -> Iterator[str]:
    """Sentences on the co-optimised size, the surface and the proof of the dispatched years."""
    if study.best is not None:
        yield _co_optimised(study.best)
    if study.surface is not None:
        npv = study.surface["npv_yuan"]
        count = count_text(int(npv.notnull().sum()), npv.size, load_words(SCREEN_LANG.get()))
        yield f"Surface: {count} sizes, in report.html and surface.csv."
    gap = largest_gap(study)
    if gap is not None:
        proven = "each proven optimal" if gap <= PROVEN_GAP else "not all proven optimal"
        yield f"Years dispatched with and without the increment, {proven}, largest gap {gap:.1e}."


def _co_optimised(best: Best) -> str:
    size = "nothing" if best.is_nothing else size_text(best.power_mw, best.energy_mwh)
    proven = "proven optimal" if best.gap <= PROVEN_SIZE_GAP else "not proven optimal"
    return (
        f"Co-optimised: {size}, {proven} to within {money(best.cost_yuan - best.bound_yuan)} a year (gap"
        f" {best.gap:.1e}); the first year costs {money(best.cost_yuan)}, of which"
        f" {money(best.cost_yuan - best.dispatch_yuan)} are the annuity of the investment, and"
        f" {money(best.without_yuan)} without the increment. {best.evaluated} sizes dispatched,"
        f" {best.boxes} regions of the size range excluded by bounds."
    )
