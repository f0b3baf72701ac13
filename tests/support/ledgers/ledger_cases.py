"""A small park's ledger for tests: its case, files of its meters, a plan, and all that a ledger holds."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_tables
from parkdispatch.operations.ledger.measurements import import_file, record_value
from parkdispatch.operations.ledger.outages import record_outage
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan
from parkdispatch.operations.ledger.sites import add_site
from parkdispatch.operations.settlement.settlement_store import record_settlement
from parkdispatch.results.settlement.day_settlement import DayMoney, DayVolumes, Settlement
from tests.support.small_case import write_case

DAY = date(2026, 7, 15)
LI = Author("Li", datetime(2026, 7, 14, 7, 30, tzinfo=UTC))  # 15:30 at the site
WANG = Author("Wang", datetime(2026, 7, 14, 8, 0, tzinfo=UTC))


def small_park(folder: Path) -> Case:
    """The case of `small_case`, in a folder."""
    return load_case(str(write_case(folder)))


def new_ledger(address: str | Path, case: Case) -> Ledger:
    """A ledger with the site of the case."""
    ledger = Ledger(str(address))
    ledger.make(LI, "0")
    add_site(ledger, case, LI)
    return ledger


def meter_file(
    path: Path, values: Sequence[float], first: str = "2026-07-15 00:00", name: str = "load"
) -> Path:
    """A file of quarter-hours [MW]."""
    times = pd.date_range(first, periods=len(values), freq="15min")
    rows = [f"{time:%Y-%m-%d %H:%M},{value!r}" for time, value in zip(times, values, strict=True)]
    path.write_text("\n".join([f"time,{name} [MW]", *rows]) + "\n", encoding="utf-8")
    return path


def fake_plan(case: Case, cost_yuan: float = 1000.0, day: date = DAY) -> xr.Dataset:
    """A solution as `add_plan` reads it: load, PV and the battery's energy of a day."""
    times = pd.date_range(day, periods=96, freq="15min")
    kinds = {
        ("load", "demand_mw"): ("series", 100.0),
        ("pv", "available_mw"): ("series", 1 / 3),
        ("battery_1", "energy_mwh"): ("variable", 12.5),
    }
    quantities = {
        f"{device}.{key}": (
            "time",
            np.full(len(times), value),
            {"units": "MW", "kind": kind, "device": device, "key": key},
        )
        for (device, key), (kind, value) in kinds.items()
    }
    attributes = {"objective_yuan": cost_yuan, "bound_yuan": cost_yuan, "gap": 0.0, "hours": 0.25}
    return xr.Dataset(quantities, coords={"time": times}, attrs=attributes)


def fake_settlement() -> Settlement:
    """A settled day that has lost a third of a yuan to its load."""
    lost, volumes = DayMoney(energy=1 / 3), DayVolumes(1.0, 0.0, 1.0, 0.0, 1.0)
    return Settlement(
        site="small",
        title="Small park",
        day=DAY,
        planned=DayMoney(),
        actual=lost,
        foresight=DayMoney(),
        losses={"load": lost},
        planned_volumes=volumes,
        actual_volumes=volumes,
        foresight_volumes=volumes,
        gap=0.0,
        solves=1,
    )


def held(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, numbers to the bit."""
    return {
        name: [
            tuple(value.hex() if isinstance(value, float) else value for value in row)
            for row in table.astype(object).itertuples(index=False, name=None)
        ]
        for name, table in ledger_tables(ledger).items()
    }


def writes(case: Case, folder: Path) -> list[tuple[str, Callable[[Ledger], object]]]:
    """Every way in which a ledger is written, one after the other."""
    load = meter_file(folder / "measured.csv", [100.0 + n / 3 for n in range(96)])
    late = meter_file(folder / "late.csv", [90.0 + n / 7 for n in range(8)], "2026-07-15 22:00")
    outage = RecordedOutage("battery_1", datetime(2026, 7, 15, 18), datetime(2026, 7, 15, 20), 0.5)
    return [
        ("make", lambda ledger: ledger.make(LI, "0")),
        ("site", lambda ledger: add_site(ledger, case, LI)),
        ("import", lambda ledger: import_file(ledger, case, load, ["load"], LI)),
        ("correct", lambda ledger: import_file(ledger, case, late, ["load"], WANG)),
        ("record", lambda ledger: record_value(ledger, case, "soc", 0.4, pd.Timestamp(DAY), LI)),
        ("outage", lambda ledger: record_outage(ledger, case, outage, LI)),
        ("plan", lambda ledger: add_plan(ledger, case, fake_plan(case), LI, {"soc": {"battery_1": 0.4}})),
        ("send", lambda ledger: send_plan(ledger, case, DAY, 1, WANG)),
        ("settle", lambda ledger: record_settlement(ledger, case, fake_settlement(), "0" * 64, LI)),
    ]
