"""Headings, tables and amounts of money, as every command prints them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.wording.reading_sentences import reading_sentences
from parkdispatch.results.wording.sentences import failed_sentences, implausible_sentences
from parkdispatch.results.wording.words import load_words

COST_WORDS = {
    "purchase": "energy bought",
    "sale": "energy sold",
    "demand": "demand charge of the month",
    "demand_excess": "demand above the contract",
    "wear": "battery wear",
    "capital": "capital",
}

SCREEN_COLUMNS = 80


def failed_lines(failed: Sequence[FailedTask], asked: Mapping[str, int], base_year: int) -> Iterator[str]:
    """What failed, how much of it, and the first message of each part."""
    yield from failed_sentences(failed, asked, base_year, load_words(SCREEN_LANG.get()))
    for part in dict.fromkeys(task.part for task in failed):
        first = next(task for task in failed if task.part == part)
        yield f"The first message: {first.error}"


def money(yuan: float) -> str:
    """An amount in yuan; from 100,000 yuan on also in 万元 (10^4 yuan)."""
    text = f"{yuan:z,.0f} yuan"
    return f"{text} ({yuan / YUAN_PER_WAN:z,.2f} 万元)" if abs(yuan) >= 10 * YUAN_PER_WAN else text


def heading(text: str, case: Case) -> Text:
    """The title line of a command's output, with the variant of the case."""
    title = Text(text, style="bold")
    if case.variant:
        title.append(f"  (variant {case.variant})")
    return title


def plain_table(title: str, *columns: str) -> Table:
    """A table with a left-aligned first column and right-aligned columns of numbers."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for position, column in enumerate(columns):
        is_number = position > 0
        # on a narrow screen words are broken, and numbers last of all
        table.add_column(
            column,
            justify="right" if is_number else "left",
            no_wrap=is_number and " " not in column,
            overflow="fold",
        )
    return table


def dense_table(title: str, *columns: str) -> Table:
    """A table with narrow gaps between its columns, to fit eighty columns of the screen."""
    table = plain_table(title, *columns)
    table.padding = (0, 1, 0, 0)
    return table


def tables_within(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> Iterator[Table]:
    """Dense tables of the same rows, as many as it takes for each to fit so many columns of the screen.

    The first column is in each of them, the others in order; the last row, a sum, is bold. The title is that
    of the first table.
    """
    screen = Console(width=10 * width)

    def fits(columns: Sequence[int]) -> bool:
        return screen.measure(_of_columns("", heads, rows, columns)).maximum <= width

    shown: list[int] = []
    for column in range(1, len(heads)):
        if shown and not fits([*shown, column]):
            yield _of_columns(title, heads, rows, shown)
            title, shown = "", []
        shown.append(column)
    yield _of_columns(title, heads, rows, shown)


def _of_columns(
    title: str, heads: Sequence[str], rows: Sequence[Sequence[str]], columns: Sequence[int]
) -> Table:
    """A dense table of the first column and these."""
    table = dense_table(title, *(heads[column] for column in (0, *columns)))
    for row in rows:
        style = "bold" if row is rows[-1] else None
        table.add_row(*(row[column] for column in (0, *columns)), style=style)
    return table


def saving_table(title: str, rows: Sequence[tuple[str, float]]) -> Table:
    """Lines of a saving; the last is their sum."""
    table = plain_table(title, "", "yuan", "万元")
    for number, (name, yuan) in enumerate(rows, start=1):
        style = "bold" if number == len(rows) else None
        table.add_row(name, f"{yuan:z,.0f}", f"{yuan / YUAN_PER_WAN:z,.2f}", style=style)
    return table


def print_readings(console: Console, case: Case, words: Mapping[str, Any]) -> None:
    """What was understood of the series files, a line each."""
    for line in reading_sentences(case, words):
        console.print(Text(line, style="dim"), soft_wrap=True)


def print_implausible(console: Console, solution: xr.Dataset, case: Case) -> None:
    """What can hardly be in the given series, loudly."""
    for line in implausible_sentences(solution, case, load_words(SCREEN_LANG.get(), devices=case.devices)):
        console.print(Text(f"WARNING: {line}", style="bold red"), soft_wrap=True)


def as_sentence(phrase: str, words: Mapping[str, Any]) -> str:
    """A phrase as a sentence of its own."""
    return f"{phrase[:1].upper()}{phrase[1:]}{'。' if words['lang'] == 'zh' else '.'}"
