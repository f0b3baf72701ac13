"""Options of commands that know a ledger, and how it is opened."""

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.interfaces.commands.console import now
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.operations.ledger.ledger_store import Author, Ledger

LEDGER_VARIABLE = "PARKDISPATCH_LEDGER"
DEFAULT_LEDGER = "ledger.sqlite"  # in the current folder, as `runs/` is

LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        envvar=LEDGER_VARIABLE,
        show_envvar=False,
        help="Ledger: a SQLite file or a URL such as postgresql://user@host/park; default: the variable"
        f" {LEDGER_VARIABLE}, or else {DEFAULT_LEDGER} in the current folder.",
    ),
]
UsedLedger = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        envvar=LEDGER_VARIABLE,
        show_envvar=False,
        help="Ledger to take the day's state from and to record in; default: the variable"
        f" {LEDGER_VARIABLE}, or else none.",
    ),
]
ByOption = Annotated[
    str | None, typer.Option("--by", help="Who does it, as the ledger records; default: who is logged in.")
]
RecordOption = Annotated[
    bool, typer.Option(help="Record the plan in the ledger; without, it is only computed from what is there.")
]
MOMENTS = ("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def opened(address: str | None) -> "Ledger":
    """The ledger at an address, or at the default one. Raises InputError where the extra is missing."""
    from parkdispatch.operations.ledger.ledger_extra import require_ledger_extra

    require_ledger_extra()
    from parkdispatch.operations.ledger.ledger_store import Ledger

    return Ledger(address or DEFAULT_LEDGER)


def author(by: str | None) -> "Author":
    """Who is named, or is logged in, now. Raises InputError where neither is known."""
    from parkdispatch.operations.ledger.ledger_store import Author

    name = by
    if name is None:
        try:
            name = getpass.getuser()
        except (KeyError, OSError, ImportError):
            raise InputError("`--by` is missing: must be given, because no user is logged in") from None
    if not name.strip() or not name.isprintable():
        raise InputError("`--by`: must be a name in one line of printable characters")
    return Author(name.strip(), now())


def moment(option: str, text: str) -> datetime:
    """A local moment that was typed."""
    for pattern in MOMENTS:
        try:
            return datetime.strptime(text, pattern)
        except ValueError:
            continue
    raise InputError(f"`{option}` = {text}: must be a local moment such as 2026-07-15 18:30")
