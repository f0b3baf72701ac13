"""What is in a store of scenarios, and changes of it behind its back."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from parkdispatch.results.io.scenario_store import RECORDS


def stored_numbers(folder: Path) -> list[int]:
    """The numbers of the scenarios in a store; none before there is one."""
    if not (folder / RECORDS).exists():
        return []
    with closing(sqlite3.connect(folder / RECORDS)) as connection:
        has_table = connection.execute("select 1 from sqlite_master where name = 'scenario'").fetchall()
        rows = connection.execute("select number from scenario order by number") if has_table else ()
        return [number for (number,) in rows]


def change(folder: Path, statement: str, *values: Any) -> None:
    """Change the file of a store."""
    with closing(sqlite3.connect(folder / RECORDS)) as connection, connection:
        connection.execute(statement, values)
