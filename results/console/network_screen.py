"""What `plan` and `year` print of the AC power flow."""

import xarray as xr
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.network.ac_check import AcCheck
from parkdispatch.results.network.network_tables import (
    NetworkTable,
    network_note,
    network_sentences,
    network_tables,
    network_title,
)
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.wording.words import load_words

UNBROKEN = 16  # letters of a cell that are never broken


def show_network(console: Console, case: Case, solution: xr.Dataset, check: AcCheck) -> None:
    """Print voltages, loadings, losses, and what is beyond its limits."""
    scale = scale_of(solution)
    words = load_words(SCREEN_LANG.get(), scale=scale, devices=case.devices)
    console.print(Text(network_title(check, words), style="bold"))
    console.print(Text(network_note(check, words)), soft_wrap=True)
    for content in network_tables(check, words, scale):
        console.print(fitted_table(content))
    for sentence in network_sentences(check, words):
        style = "bold red" if check.findings else "bold"
        console.print(Text(f"{sentence[:1].upper()}{sentence[1:]}", style=style), soft_wrap=True)


def fitted_table(content: NetworkTable) -> Table:
    """The table on a screen: where it is narrow, long texts are broken, never a number or a stamp."""
    table = dense_table("", *content.heads)
    for number in content.texts:
        table.columns[number].justify = "left"
    widths = [max(map(cell_len, cells), default=0) for cells in zip(*content.shown, strict=True)]
    for column, width in zip(table.columns, widths, strict=False):
        column.no_wrap = False
        if width <= UNBROKEN:
            column.min_width = width
    for row in content.shown:
        table.add_row(*map(Text, row))
    return table
