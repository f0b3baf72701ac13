"""What `size` prints: the decision, the choices, what a little more is worth, and the proof. Rounded here."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from parkdispatch.results.audit import PROVEN_GAP
from parkdispatch.results.console.screen_parts import heading, money, plain_table
from parkdispatch.results.html.page import load_words
from parkdispatch.results.sizing.decision import largest_gap, size_text
from parkdispatch.results.sizing.decision_words import paragraph
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Best, SizeStudy
from parkdispatch.results.views import sizing_tables as tables

SHOWN = {  # of the table of offers, and what stands over it
    "o_name": "",
    "o_price": "yuan\n/Wh",
    "o_cost": "cost\n万元",
    "o_npv": "NPV\n万元",
    "o_irr": "IRR",
    "o_payback": "pay-\nback",
    "o_break_even": "breaks\neven at",
}


def show_size_study(console: Console, study: SizeStudy) -> None:
    """The decision and what it rests on, in eighty columns; the rest is in the files."""
    case, words = study.case, load_words("en", "size")
    title = f"{case.title or case.name}: the size of {study.sizing.device.replace('_', ' ')}"
    console.print(heading(title, case), soft_wrap=True)
    console.print(Panel(paragraph(study, words), box=box.SQUARE, padding=(0, 1)))
    if study.offers:
        console.print(_offers(study))
    if any(one.marginal for one in study.offers):
        console.print(_marginal(study))
    if study.risk is not None:
        rows = tables.risk_table(study, words)["rows"]
        heads = ("", "loses", "mean", "CVaR", "worst", "regret")
        console.print(_table("Of the scenarios, built now, 万元", rows, heads))
    for line in _notes(study):
        console.print(Text(line), soft_wrap=True)


def _table(title: str, rows: list[list[str]], heads: tuple[str, ...]) -> Table:
    """A table that fits eighty columns: what is named first may take several lines."""
    table = plain_table(title, *heads)
    table.padding = (0, 1, 0, 0)
    for row in rows:
        table.add_row(*row)
    return table


def _offers(study: SizeStudy) -> Table:
    """The choices by name, and what they return."""
    words = load_words("en", "size")
    found = tables.offers_table(study, words)
    places = {head: at for at, head in enumerate(found["heads"])}
    kept = {head: places[words["size"][key]] for key, head in SHOWN.items() if words["size"][key] in places}
    return _table("Built now", [[row[at] for at in kept.values()] for row in found["rows"]], tuple(kept))


def _marginal(study: SizeStudy) -> Table:
    """What one more MW and MWh is worth a year, by duals and between differences."""
    found = tables.marginal_table(study, load_words("en", "size"))
    assert found
    rows = [[f"{row[0]}: {row[1]}", row[2], f"{row[3]} to {row[4]}", row[5], row[7]] for row in found["rows"]]
    heads = ("", "worth", "by difference", "costs", "breaks even\nyuan/kWh")
    return _table("One more, 万元 a year", rows, heads)


def _notes(study: SizeStudy) -> Iterator[str]:
    if study.best is not None:
        yield _best(study.best)
    if study.surface is not None:
        count = study.surface["npv_yuan"].size
        yield f"Surface: {count} sizes, in report.html and surface.csv."
    gap = largest_gap(study)
    if gap is not None:
        proven = "each proven optimal" if gap <= PROVEN_GAP else "not all proven optimal"
        yield f"Years dispatched with and without the increment, {proven}, the largest gap {gap:.1e}."


def _best(best: Best) -> str:
    size = "nothing" if best.is_nothing else size_text(best.power_mw, best.energy_mwh)
    proven = "proven" if best.gap <= PROVEN_SIZE_GAP else "not proven"
    return (
        f"Co-optimised: {size}, {proven} to {money(best.cost_yuan - best.bound_yuan)} a year (gap"
        f" {best.gap:.1e}); the first year costs"
        f" {money(best.cost_yuan)}, of it {money(best.cost_yuan - best.dispatch_yuan)} annuity, and"
        f" {money(best.without_yuan)} without it. {best.evaluated} sizes dispatched, {best.boxes} parts of"
        " the range shown to be no better."
    )
