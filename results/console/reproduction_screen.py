"""What `parkdispatch reproduce` prints: the table by view, what does not follow, how wide the fits are."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.schema.calibrated import Calibrated
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.html.page import load_words
from parkdispatch.results.reproduction.comparison import VIEWS, RowInWords, path_words, shown, shown_deviation
from parkdispatch.results.reproduction.fitting import Fit, Target, Width
from parkdispatch.results.views.tornado_view import TornadoView
from parkdispatch.results.views.tornado_view import view as tornado_view

SIGNIFICANT = 4  # digits of a searched value that are worth writing down
WIDTHS = (11, 9, 7, 7, 8)  # of the columns of a tornado, so that 80 letters leave room for names
STYLES = dict.fromkeys(("does_not_follow", "not_reproduced", "far"), "red")


def show_reproduction(
    console: Console,
    told: Sequence[RowInWords],
    widths: Sequence[Width],
    tornado: Tornado | None,
    plan: Published,
    lang: str,
) -> None:
    """One table, view by view; each row's assumptions stand below its figures."""
    words = load_words(lang, "reproduce")["reproduce"]
    title = plan.title_zh if lang == "zh" else plan.title
    console.print(Text(f"{words['title']}: {title}", style="bold"), soft_wrap=True)
    for view in VIEWS:
        if rows := [one for one in told if one.row.view == view]:
            console.print(_table(rows, words))
    if cannot := cannot_lines(told):
        console.print(Text(str(words["cannot"]), style="bold"))
        for line in cannot:
            console.print(Text(f"- {line}"), soft_wrap=True)
        console.print()
    if widths:
        console.print(_widths(widths, words))
    if tornado:
        console.print(_tornado(tornado, words, lang))


def _table(rows: Sequence[RowInWords], words: Mapping[str, Any]) -> Table:
    table = Table(
        title=rows[0].view, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column(str(words["figure"]), ratio=1, overflow="fold")
    for head in ("published", "computed", "deviation"):
        table.add_column(str(words[head]), justify="right", no_wrap=True)
    for one in rows:
        row = one.row
        unit = "" if row.unit in ("share", "pieces", "times") else f", {one.unit}"
        name = Text.assemble(f"{one.figure}{unit}\n", (f"  {one.rests_on}", "dim"))
        computed = str(words["never"]) if row.computed is None else shown(row.computed, row.unit)
        table.add_row(
            name,
            shown(row.published, row.unit),
            Text(computed, style=STYLES.get(row.verdict, "")),
            shown_deviation(row),
        )
    return table


def _widths(widths: Sequence[Width], words: Mapping[str, Any]) -> Table:
    title = str(words["set_screen"]).format(sets=widths[0].sets)
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for number, head in enumerate(words["set_heads"][:-1]):
        table.add_column(str(head), justify="right" if number else "left")
    for one in widths:
        table.add_row(path_words(one.parameter.path, words), *width_cells(one))
    return table


def _tornado(tornado: Tornado, words: Mapping[str, Any], lang: str) -> Group:
    """Each doubted input at its ends, the one that moves the NPV most first."""
    seen = tornado_view(tornado, lang)
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
    for head, width in zip(heads, WIDTHS, strict=True):
        table.add_column(str(head), justify="right", width=width, overflow="fold")
    for bar in seen.bars:
        for end in bar.ends:
            first = f"{bar.name} ({bar.base})" if end is bar.ends[0] else ""
            table.add_row(first, end.value, end.npv_change, end.irr, end.equity_irr, end.payback)
    return Group(table, Text(tornado_note(seen, words), style="dim"))


def tornado_note(shown: TornadoView, words: Mapping[str, Any]) -> str:
    """What the bars are about, in a sentence."""
    return str(words["tornado_note"]).format(npv=shown.base_npv, irr=shown.base_irr, years=shown.years)


def cannot_lines(told: Sequence[RowInWords]) -> list[str]:
    """What cannot be reproduced, each sentence once."""
    return list(dict.fromkeys(one.cannot for one in told if one.cannot))


def width_cells(one: Width) -> list[str]:
    """Value, standard range, and what fits, as people read them."""
    unit, parameter = one.parameter.unit, one.parameter
    return [shown(x, unit) for x in (one.value, parameter.low, parameter.high, one.least, one.most)]


def show_search(
    console: Console, found: Fit, parameters: Sequence[Calibrated], targets: Sequence[Target], lang: str
) -> None:
    """What a search found, as lines to write into the case, and how far each target is then missed."""
    words = load_words(lang, "reproduce")["reproduce"]
    console.print(Text(str(words["search_done"]), style="bold"))
    for target, miss in zip(targets, found.misses, strict=True):
        console.print(Text(f"  {target.key}: {miss * target.within:+.1e}"))
    console.print(Text(str(words["search_write"]), style="bold"))
    for one in parameters:
        console.print(Text(f"  {one.path} = {found.values[one.path]:.{SIGNIFICANT}g}"), soft_wrap=True)
