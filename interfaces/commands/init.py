"""`parkdispatch init`: write a new case to edit."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console


def init(folder: Annotated[Path, typer.Argument(help="New or empty folder for the case.")]) -> None:
    """Write a commented case file with a year of load and PV series to edit."""
    from parkdispatch.inputs.starter import write_starter

    for path in write_starter(folder):
        out_console.print(Text(f"wrote {path}"), soft_wrap=True)
    command = shlex.join(["parkdispatch", "check", str(folder / "case.toml")])
    out_console.print(Text(f"Edit these files, then run: {command}"), soft_wrap=True)
