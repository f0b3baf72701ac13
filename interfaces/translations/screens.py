"""Screens of results in another language: their sentences and tables, by the English ones that they say."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from parkdispatch.interfaces.translations.catalogue import translated

SECTION = "results"


def localized(printed: Any, lang: str) -> Any:
    """What is printed, with its sentences and the titles, headers and cells of its tables in a language.

    Text in several styles comes from the words of pages, which are in the language already.
    """
    if isinstance(printed, str):
        return translated(printed, lang, SECTION)
    if isinstance(printed, Text):
        return _text(printed, lang)
    if isinstance(printed, Group):
        return Group(*(localized(part, lang) for part in printed.renderables))
    if isinstance(printed, Table):
        return _table(printed, lang)
    return printed


def _text(text: Text, lang: str) -> Text:
    said = translated(text.plain, lang, SECTION)
    if said == text.plain or any(span.start for span in text.spans if span.end < len(text.plain)):
        return text
    return Text(said, style=text.style)


def _table(table: Table, lang: str) -> Table:
    table.title = None if table.title is None else localized(table.title, lang)
    for column in table.columns:
        column.header = localized(column.header, lang)
        column.footer = localized(column.footer, lang)
        column._cells = [localized(cell, lang) for cell in column._cells]
    return table
