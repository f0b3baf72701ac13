"""A small park's ledger as its pages find it: measured until 10:15 of a day, planned, sent, settled."""

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.interfaces.api.dispatch_api import plan
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.day_state import day_state
from parkdispatch.operations.ledger.forecast_bands import add_bands
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.measurements import import_file, record_value
from parkdispatch.operations.ledger.plan_basis import plan_basis
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan
from parkdispatch.operations.settlement.settlement_store import record_settlement
from parkdispatch.results.settlement.day_settlement import DayMoney
from tests.support.ledgers.ledger_cases import fake_settlement, new_ledger
from tests.support.small_case import load_mw, pv_mw, swap, write_case

TODAY, TOMORROW = date(2026, 7, 15), date(2026, 7, 16)
NOW = datetime(2026, 7, 15, 2, 20, tzinfo=UTC)  # 10:20 at the site
TITLE = "Small & <script>alert(1)</script> park"
PERSON = "Li <b>bold</b>"
EVENING = Author(PERSON, datetime(2026, 7, 14, 6, 5, tzinfo=UTC))  # 14:05 of the day before
METERED = 41  # quarter-hours of today: until 10:15


def desk_case(folder: Path) -> Case:
    """The case of the park, whose title must not reach a page as HTML."""
    return load_case(str(write_case(folder, swap('title = "Small park"', f'title = "{TITLE}"'))))


@cache
def filled_ledger() -> Path:
    """The ledger, made once; tests that write take a copy."""
    folder = Path(mkdtemp())
    case = desk_case(folder / "case")
    ledger = new_ledger(folder / "ledger.sqlite", case)
    measured = folder / "meters.csv"
    measured.write_text(meters(METERED), encoding="utf-8")
    columns = ["load=load", "pv=pv", "import=import", "battery:battery_1=battery"]
    import_file(ledger, case, measured, columns, EVENING)
    record_value(ledger, case, "soc", 0.3, pd.Timestamp("2026-07-15 10:15"), EVENING)
    for day, hour in ((TODAY, 6), (TOMORROW, 30)):
        add_planned(ledger, case, day, replace(EVENING, at=datetime(2026, 7, 14, tzinfo=UTC) + hour * HOUR))
    send_plan(ledger, case, TODAY, 1, EVENING)
    add_bands(ledger, case, {"load": bands(load_mw, 0.1), "pv": bands(pv_mw, 0.4)}, EVENING)
    losses = {"load": DayMoney(energy=1200.0), "following": DayMoney(energy=-300.0, peak=50.0)}
    lost = DayMoney(energy=900.0, peak=50.0)
    settled = replace(fake_settlement(), day=date(2026, 7, 14), losses=losses, actual=lost)
    record_settlement(ledger, case, settled, "0" * 64, EVENING)
    return folder


HOUR = pd.Timedelta(hours=1).to_pytimedelta()


def copied(folder: Path) -> Path:
    """A copy of the ledger and its case in a folder; returns the path of the ledger."""
    shutil.copytree(filled_ledger(), folder, dirs_exist_ok=True)
    return folder / "ledger.sqlite"


def desk(folder: Path, instant: datetime = NOW) -> DeskSite:
    """The park at an instant, with a ledger of its own."""
    return DeskSite(Ledger(str(copied(folder))), load_case(str(folder / "case" / "case.toml")), instant)


def add_planned(ledger: Ledger, case: Case, day: date, author: Author) -> int:
    """Plan a day against a peak so far of 110 MW and record it."""
    planned = plan(case, day=day, peak_so_far_mw=110.0)
    basis = plan_basis(planned.case, day_state(ledger, case, day))
    return add_plan(ledger, case, planned.dataset, author, basis)[0]


def meters(count: int) -> str:
    """Today's meters until a quarter-hour [MW]: a load 2 MW above its forecast, batteries at rest."""
    rows = ["time,load [MW],pv [MW],import [MW],battery [MW]"]
    for number in range(count):
        time = pd.Timestamp(TODAY) + number * pd.Timedelta(minutes=15)
        hour = number / 4
        load, sun = load_mw(hour) + 2.0, pv_mw(hour)
        rows.append(f"{time:%Y-%m-%d %H:%M},{load:.3f},{sun:.3f},{max(load - sun, 0.0):.3f},0.0")
    return "\n".join(rows) + "\n"


def bands(shape: "object", width: float) -> pd.DataFrame:
    """A forecast of tomorrow: a daily shape, and as much above it as below."""
    times = pd.date_range(TOMORROW, periods=96, freq="15min")
    middle = np.array([shape(number / 4) for number in range(96)])  # type: ignore[operator]
    return pd.DataFrame(
        {"p10": middle * (1 - width), "p50": middle, "p90": middle * (1 + width)}, index=times
    )
