"""`parkdispatch init`: write a new case to edit."""

import shlex
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console, say
from parkdispatch.interfaces.commands.options import Language, language


def init(
    folder: Annotated[Path, typer.Argument(help="New or empty folder for the case.")],
    lang: Language = None,
) -> None:
    """Write a commented case file with a year of load and PV series to edit."""
    language(lang)
    from parkdispatch.inputs.starter import write_starter

    for path in write_starter(folder):
        out_console.print(Text(say(f"wrote {path}")), soft_wrap=True)
    command = shlex.join(["parkdispatch", "check", str(folder / "case.toml")])
    out_console.print(Text(say(f"Edit these files, then run: {command}")), soft_wrap=True)
