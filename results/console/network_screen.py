"""What `plan` and `year` print of the AC power flow."""

import xarray as xr
from rich.console import Console
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.results.console.screen_language import SCREEN_LANG
from parkdispatch.results.console.screen_parts import dense_table
from parkdispatch.results.network.ac_check import AcCheck
from parkdispatch.results.network.network_tables import (
    network_note,
    network_sentences,
    network_tables,
    network_title,
)
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.wording.words import load_words


def show_network(console: Console, case: Case, solution: xr.Dataset, check: AcCheck) -> None:
    """Print voltages, loadings, losses, and what is beyond its limits."""
    scale = scale_of(solution)
    words = load_words(SCREEN_LANG.get(), scale=scale, devices=case.devices)
    console.print(Text(network_title(check, words), style="bold"))
    console.print(Text(network_note(check, words)), soft_wrap=True)
    for content in network_tables(check, words, scale):
        table = dense_table("", *content.heads)
        for column in content.texts:
            table.columns[column].justify = "left"
        for row in content.shown:
            table.add_row(*map(Text, row))
        console.print(table)
    for sentence in network_sentences(check, words):
        style = "bold red" if check.findings else "bold"
        console.print(Text(f"{sentence[:1].upper()}{sentence[1:]}", style=style), soft_wrap=True)
