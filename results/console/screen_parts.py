"""What all that is printed has in common: headings, tables, money."""

from rich import box
from rich.table import Table
from rich.text import Text

from parkdispatch.inputs.case import Case
from parkdispatch.results.units import YUAN_PER_WAN


def money(yuan: float) -> str:
    """Yuan with separators, and in 万元 where that is shorter to read."""
    text = f"{yuan:,.0f} yuan"
    return f"{text} ({yuan / YUAN_PER_WAN:,.2f} 万元)" if abs(yuan) >= 10 * YUAN_PER_WAN else text


def heading(text: str, case: Case) -> Text:
    """The first line of what a command prints."""
    title = Text(text, style="bold")
    if case.variant:
        title.append(f"  (variant {case.variant})")
    return title


def plain_table(title: str, *columns: str) -> Table:
    """A table whose first column is to the left and whose others, numbers, are to the right."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    return table
