"""The small case by the hour, for a whole year, with an investment of three years."""

from functools import cache
from pathlib import Path

import pandas as pd

from parkdispatch.inputs.case import Case
from tests.support.small_case import Damage, add, load_mw, pv_mw, replaced, swap, write_case

MONEY = """
[finance]
investment_yuan = 20_000_000.0
operation_years = 3

[finance.depreciation]
all = { share = 1.0, years = 3 }

[finance.loan]
years = 3
"""
HOURS = pd.date_range("2026-01-01", "2027-01-01", freq="h", inclusive="left")


@cache
def year_table() -> str:
    """A CSV of load and sun at each hour of the year."""
    rows = [f"{time:%Y-%m-%d %H:%M},{load_mw(time.hour):.3f},{pv_mw(time.hour):.3f}" for time in HOURS]
    return "\n".join(["time,load [MW],pv [MW]", *rows]) + "\n"


def year_case(folder: Path, *damages: Damage, money: str = MONEY) -> Path:
    """The small case by the hour, for a whole year, with an investment of three years."""
    text = (
        swap("minutes = 15", "minutes = 60"),
        swap('{ file = "load.csv" }', '{ file = "load.csv", column = "load" }'),
        replaced("load.csv", year_table()),
        replaced("pv.csv", year_table()),
        add(money),
    )
    return write_case(folder, *text, *damages)


def three_days(case: Case) -> pd.DatetimeIndex:
    """Three days as if they were the year: the few dispatches of a study take seconds."""
    return pd.date_range(f"{case.calendar.year}-07-15", periods=72, freq="h")
