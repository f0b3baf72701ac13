"""Print published against computed figures by view, fitting ranges, the tornado, and a calibration."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.schema.calibrated import Calibrated
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.reproduction.comparison import VIEWS, RowInWords, path_words, shown, shown_deviation
from parkdispatch.results.reproduction.fitting import Fit, Target, Width
from parkdispatch.results.views.reproduction_tables import irreproducible_lines, tornado_note, width_cells
from parkdispatch.results.views.tornado_view import tornado_view
from parkdispatch.results.wording.words import load_words

SIGNIFICANT_DIGITS = 4  # of a calibrated value
TORNADO_WIDTHS = (11, 9, 7, 7, 8)  # of the columns, so that eighty letters leave room for names
VERDICT_STYLES = dict.fromkeys(("does_not_follow", "not_reproduced", "far"), "red")


def show_reproduction(
    console: Console,
    rows: Sequence[RowInWords],
    widths: Sequence[Width],
    tornado: Tornado | None,
    plan: Published,
    lang: str,
    failed: Sequence[str] = (),
) -> None:
    """Print a table per view, the basis of each row below its figures, and the sentences on what failed."""
    words = load_words(lang, "reproduce")["reproduce"]
    title = plan.title_zh if lang == "zh" else plan.title
    console.print(Text(f"{words['title']}: {title}", style="bold"), soft_wrap=True)
    for view in VIEWS:
        if of_view := [row for row in rows if row.row.view == view]:
            console.print(_figures(of_view, words))
    if cannot := irreproducible_lines(rows):
        console.print(Text(str(words["cannot"]), style="bold"))
        for line in cannot:
            console.print(Text(f"- {line}"), soft_wrap=True)
        console.print()
    if widths:
        console.print(_widths(widths, words))
    if tornado:
        console.print(_tornado(tornado, words, lang))
    for line in failed:
        console.print(Text(line), soft_wrap=True)


def _figures(rows: Sequence[RowInWords], words: Mapping[str, Any]) -> Table:
    """Published and computed figures of one view."""
    table = Table(
        title=rows[0].view, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column(str(words["figure"]), ratio=1, overflow="fold")
    for head in ("published", "computed", "deviation"):
        table.add_column(str(words[head]), justify="right", no_wrap=True)
    for row_in_words in rows:
        row = row_in_words.row
        unit = "" if row.unit in ("share", "pieces", "times") else f", {row_in_words.unit}"
        name = Text.assemble(f"{row_in_words.figure}{unit}\n", (f"  {row_in_words.rests_on}", "dim"))
        computed = str(words["never"]) if row.computed is None else shown(row.computed, row.unit)
        table.add_row(
            name,
            shown(row.published, row.unit),
            Text(computed, style=VERDICT_STYLES.get(row.verdict, "")),
            shown_deviation(row),
        )
    return table


def _widths(widths: Sequence[Width], words: Mapping[str, Any]) -> Table:
    """Value, standard range and fitting range of each calibrated parameter."""
    title = str(words["set_screen"]).format(sets=widths[0].sets)
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for position, head in enumerate(words["set_heads"][:-1]):
        table.add_column(str(head), justify="right" if position else "left")
    for width in widths:
        table.add_row(path_words(width.parameter.path, words), *width_cells(width))
    return table


def _tornado(tornado: Tornado, words: Mapping[str, Any], lang: str) -> Group:
    """Each input at its low and high value, in order of its effect on NPV."""
    view = tornado_view(tornado, lang)
    table = Table(
        expand=True,
        title=str(words["tornado"]),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        pad_edge=False,
    )
    name, base, *heads = words["tornado_heads"]
    table.add_column(f"{name} ({base})", ratio=1, overflow="fold")
    for head, width in zip(heads, TORNADO_WIDTHS, strict=True):
        table.add_column(str(head), justify="right", width=width, overflow="fold")
    for bar in view.bars:
        for end in bar.ends:
            first = f"{bar.name} ({bar.base})" if end is bar.ends[0] else ""
            table.add_row(first, end.value, end.npv_change, end.irr, end.equity_irr, end.payback)
    return Group(table, Text(tornado_note(view, words), style="dim"))


def show_search(
    console: Console, fit: Fit, parameters: Sequence[Calibrated], targets: Sequence[Target], lang: str
) -> None:
    """Print calibrated values as lines for the case file, and the deviation from each target."""
    words = load_words(lang, "reproduce")["reproduce"]
    console.print(Text(str(words["search_done"]), style="bold"))
    for target, miss in zip(targets, fit.misses, strict=True):
        console.print(Text(f"  {target.key}: {miss * target.within:+.1e}"))
    console.print(Text(str(words["search_write"]), style="bold"))
    for parameter in parameters:
        console.print(
            Text(f"  {parameter.path} = {fit.values[parameter.path]:.{SIGNIFICANT_DIGITS}g}"), soft_wrap=True
        )
