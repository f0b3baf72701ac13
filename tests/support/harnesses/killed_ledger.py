"""Kill each way of writing a ledger at each thing it says to the database, write again, and look at the rows.

`python -m tests.support.harnesses.killed_ledger --kills 1000` does it with a SQLite ledger, and with a server
where `--server` is given; so many kills of each write at most. A child process is ended by SIGKILL before and
after its n-th statement, before and after it commits. Then the ledger must hold what was there before, or all
that was to be written; and after the same write again, to the bit what it holds without a kill.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.pool import Pool

from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_store import Ledger
from tests.support.harnesses.killed_child import counted_in_child, is_killed_in_child
from tests.support.ledgers.ledger_cases import held, small_park, writes
from tests.support.ledgers.postgres import make_database, running_server

Write = Callable[[Ledger], object]
Rows = Mapping[str, object]


def kill_everywhere(folder: Path, place: "Place", kills: int, only: Sequence[str] = ()) -> Mapping[str, int]:
    """Counts of kills, and of ledgers that were neither as before nor complete, or wrong after all.

    `only` names the writes that are killed; all of them unless given.
    """
    case = small_park(folder / "park")
    counts: Counter[str] = Counter()
    base = place.ledger("base")
    for name, write in writes(case, folder):
        before, killed = rows_of(base), not only or name in only
        steps = _said(write, place.copied("base", f"{name}_counted")) if killed else 0
        copies = {
            step: place.copied("base", f"{name}_{step}")
            for step in sorted(
                {1 + kill * steps // kills for kill in range(kills)} if kills < steps else range(1, steps + 1)
            )
        }
        write(base)
        after = rows_of(base)
        for step, ledger in copies.items():
            counts["killed"] += _killed(write, ledger, step)
            counts["half"] += rows_of(ledger) not in (before, after)
            write(ledger)
            counts["wrong"] += rows_of(ledger) != after
        print(f"{name}: {len(copies)} kills at {steps} steps")
    return counts


class Place:
    """SQLite ledgers in a folder, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ledger(self, name: str) -> Ledger:
        """The ledger of that name, whether it is there or not."""
        return Ledger(str(self.folder / f"{name}.sqlite"))

    def copied(self, old: str, new: str) -> Ledger:
        """A copy under another name; nothing of what is not there."""
        with suppress(FileNotFoundError):
            shutil.copy(self.folder / f"{old}.sqlite", self.folder / f"{new}.sqlite")
        return self.ledger(new)


class ServerPlace(Place):
    """Ledgers in databases of a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.copied("template1", "base")

    def ledger(self, name: str) -> Ledger:
        """The ledger in the database of that name."""
        return Ledger(self.url.replace("/postgres?", f"/{name}?"))

    def copied(self, old: str, new: str) -> Ledger:
        """A copy of a database."""
        return Ledger(make_database(self.url, new, old))


def rows_of(ledger: Ledger) -> Rows:
    """All rows; nothing of what is no ledger yet."""
    try:
        return held(ledger)
    except InputError:
        return {}


def _said(write: Write, ledger: Ledger) -> int:
    """How many things a write says to the database."""

    def said() -> int:
        count = _count(sys.maxsize)
        write(ledger)
        return count[0]

    return counted_in_child(said)


def _killed(write: Write, ledger: Ledger, last: int) -> bool:
    """Write in a child process that is ended at that step; whether it was."""

    def until_last() -> None:
        _count(last)
        write(ledger)

    return is_killed_in_child(until_last)


def _count(last: int) -> list[int]:
    """Count what this process says from now on, and end it at the last."""
    count = [0]

    def said(*_: object, **__: object) -> None:
        count[0] += 1
        if count[0] >= last:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(sa.Engine, name, said)
    event.listen(Pool, "checkin", said)  # what was committed is committed
    return count


def main() -> None:
    """Kill and print the counts; the exit code is 1 where anything was lost, doubled or left half."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--server", nargs="?", const="own", help="a server of its own, or the one at a URL")
    parser.add_argument("--only", default="", help="names of writes, such as import,plan")
    words = parser.parse_args()
    only = [name for name in words.only.split(",") if name]
    with tempfile.TemporaryDirectory() as folder:
        if words.server:
            server = running_server() if words.server == "own" else nullcontext(words.server)
            with server as url:
                counts = kill_everywhere(Path(folder), ServerPlace(url), words.kills, only)
        else:
            counts = kill_everywhere(Path(folder), Place(Path(folder)), words.kills, only)
    print(", ".join(f"{counts[name]} {name}" for name in ("killed", "half", "wrong")))
    sys.exit(counts["half"] + counts["wrong"] > 0)


if __name__ == "__main__":
    main()
