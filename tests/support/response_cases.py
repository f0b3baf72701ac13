"""Two weeks of hours in which a battery may answer calls for demand response, to be worked by hand.

From 18:00 to 19:00 a kilowatt-hour costs 0.85 yuan, in the evening around it 0.77, at night 0.29. The battery
gives 15.04 MWh at 18:00 each day. Events lie in the hours around: 17:00 of the 9th needs most.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.finance.contracts import Contracts
from tests.support.small_case import CASE, TARIFF

TIMES = pd.date_range("2026-07-01", periods=24 * 14, freq="h")
FULL_MWH = 20.0 * 0.8 * 0.94  # what the battery gives when full
WORKING = (1, 2, 3, 6, 7, 8, 9, 10, 13, 14)


@cache
def case() -> Case:
    """One connection, a load, a battery of 20 MW and 20 MWh; sharp from 18:00 to 19:00 inside the peak."""
    devices = (
        CASE.partition("[device.pv]")[0] + "[device.battery_1]" + CASE.partition("[device.battery_1]")[2]
    )
    text = devices.partition("[series]")[0].replace("minutes = 15", "minutes = 60")
    text = text.replace('scheme = "two_part"', 'scheme = "single_part"')
    text = text.replace("energy_mwh = 40.0", "energy_mwh = 20.0\nauxiliary_share = 0.0")
    peak = 'period = "peak"\nhours = ["17:00-22:00"]'
    sharp = 'period = "peak"\nhours = ["17:00-18:00", "19:00-22:00"]\n\n[[day]]\n'
    sharp += 'months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]\nperiod = "sharp"\nhours = ["18:00-19:00"]'
    assert TARIFF.count(peak) == 1
    tariff = TARIFF.replace(peak, sharp).replace("peak = 1.6", "peak = 1.6\nsharp = 1.8")
    with TemporaryDirectory() as folder:
        (Path(folder) / "case.toml").write_text(text, encoding="utf-8")
        (Path(folder) / "own.toml").write_text(tariff, encoding="utf-8")
        return load_case(str(Path(folder) / "case.toml"))


def with_contract(base: Case, **changes: Any) -> Case:
    given = {
        "kind": "metered", "hours": 1.0, "periods": ["peak"], "events_per_year": 1, "baseline_days": 2,
        "events_per_week": 7,
    }  # fmt: skip
    contracts = Contracts.model_validate({"demand_response": given | changes})
    return replace(base, contracts=contracts)


def two_weeks(base: Case, load_mw: Any = None, **changes: Any) -> Prepared:
    """The case with that contract and load; 1 MW more at 17:00 of the 9th makes it the day to be called."""
    prepared = prepare(with_contract(base, **changes), TIMES)
    if load_mw is None:
        load_mw = np.full(len(TIMES), 100.0)
        load_mw[24 * 8 + 17] = 101.0
    return Prepared(prepared.case, TIMES, 1.0, {**prepared.series, ("load", "demand_mw"): load_mw})
