"""The files of `ledger export`: a table each."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd


def table_writer(table: pd.DataFrame) -> Callable[[Path], object]:
    """A function that writes a table as CSV, numbers to the last bit."""

    def write(path: Path) -> None:
        # with a mark: without it Excel on a Chinese Windows reads UTF-8 as GBK
        table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")

    return write
