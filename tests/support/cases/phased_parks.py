"""Two days without sun as if they were a year, with a battery for each phase, to be worked by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.finance.investment import OperationMaintenance
from parkdispatch.models.finance.phases import BuildPhases
from parkdispatch.models.stores.battery import Battery
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.small_case import write_case

UNKEPT = OperationMaintenance(yuan_per_kw_year=0.0, yuan_per_kwh_discharged=0.0)


def phased(*years: int, **more: Any) -> BuildPhases:
    """A phase of one battery in each of these years."""
    phases = [
        {"name": f"phase_{n}", "devices": [f"battery_{n}"], "commissioned": year}
        for n, year in enumerate(years, 1)
    ]
    return BuildPhases.model_validate({"phase": phases, **more})


def park(folder: Path, phases: BuildPhases | None, years: int = 3, **money: Any) -> Prepared:
    """Two days without sun as if they were a year, with a battery for each phase."""
    case = load_case(str(write_case(folder, *HOURLY, ENERGY_ONLY)))
    devices = {name: device for name, device in case.devices.items() if name not in ("pv", "battery_1")}
    count = 1 if phases is None else len(phases.phase)
    for number in range(1, count + 1):
        size = (
            {"power_mw": 20.0, "energy_mwh": 40.0} if number == 1 else {"power_mw": 5.0, "energy_mwh": 10.0}
        )
        devices[f"battery_{number}"] = Battery.model_validate({**PLAIN, **size})
    invested = finance(years, operation_maintenance=UNKEPT, **money)
    case = replace(case.with_devices(devices), finance=invested, phases=phases)
    return prepare(case, pd.date_range("2026-07-15", periods=48, freq="h"))
