"""`parkdispatch cache`: where results are kept from one command to the next, and how to remove them."""

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import out_console, say
from parkdispatch.models.errors import InputError

cache = typer.Typer(
    no_args_is_help=True,
    help="Where weather, PV and month's peaks are kept between commands; removes them.",
)


@cache.command("where")
def where() -> None:
    """Print the folder, how many files it holds, and their size."""
    from parkdispatch.inputs.cache.cache_folder import VARIABLE, cache_folder, entries

    folder = cache_folder()
    if folder is None:
        out_console.print(say(f"nothing is kept: {VARIABLE} is off"))
        return
    try:
        paths = entries(folder)
        size_mb = sum(path.stat().st_size for path in paths) / 1e6
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror or error}") from error
    out_console.print(Text(say(f"{folder}: {len(paths)} files, {size_mb:.1f} MB")), soft_wrap=True)


@cache.command("clear")
def clear() -> None:
    """Remove what is kept; the next command computes it anew."""
    from parkdispatch.inputs.cache.cache_folder import VARIABLE, cache_folder
    from parkdispatch.inputs.cache.cache_folder import clear as remove_entries

    folder = cache_folder()
    if folder is None:
        out_console.print(say(f"nothing is kept: {VARIABLE} is off"))
        return
    try:
        removed = remove_entries(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot be cleared: {error.strerror or error}") from error
    out_console.print(Text(say(f"{folder}: {removed} files removed")), soft_wrap=True)
