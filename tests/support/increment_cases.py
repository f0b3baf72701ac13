"""A park by the hour to which a second battery may be added, small enough to be worked by hand.

Both batteries are the plain one of `cases.lifetime_cases`: a fifth lost on discharging, a twentieth of health
lost with each full cycle and a tenth with each year. A day fills them in the valley at 0.29 yuan/kWh and
gives 80 % of that at the peak of 0.77, so a MWh of rated energy earns 0.8 x 770 - 290 = 326 yuan a day.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.finance.investment import Finance, OperationMaintenance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.sizing.increment_value import Worth
from parkdispatch.results.sizing.sizing_results import NEVER, Choice
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.response_cases import case, two_weeks
from tests.support.small_case import Damage, swap, write_case

COMPUTED = swap('"load.demand_mw" = { file = "load.csv" }\n', "")  # the load of a whole year
DAY_YUAN_PER_MWH = 326.0
AUXILIARY_YUAN_PER_MW = 25_440.0  # of rated power, in two days: a hundredth of it, at all hours
SIZING: Mapping[str, Any] = {
    "device": "battery_2",
    "power_mw": {"min": 0.0, "max": 20.0, "step": 10.0},
    "duration_hours": {"min": 1.0, "max": 2.0, "step": 1.0},
    "price": {"yuan_per_kwh": 1.0},
}
TEN = Choice("ten", "10 MW / 20 MWh", "", 10.0, 20.0, 20_000.0)
NOTHING = Choice(NEVER, "build nothing", "", 0.0, 0.0, 0.0)


def money(years: int, **changes: Any) -> Finance:
    """An investment that is kept up for nothing, so that two days of earnings are not too few."""
    unpaid = OperationMaintenance(yuan_per_kw_year=0.0, yuan_per_kwh_discharged=0.0)
    return finance(years, operation_maintenance=unpaid, **changes)


def park(
    folder: Path, *damages: Damage, years: int = 3, sizing: Mapping[str, Any] | None = None, **battery: Any
) -> Prepared:
    """Two days as if they were the year, without sun; `sizing` and `battery` add to what is above."""
    case = load_case(str(write_case(folder, *HOURLY, *damages)))
    plain = Battery.model_validate({**PLAIN, **battery})
    devices = {**case.devices, "battery_1": plain, "battery_2": plain}
    del devices["pv"]
    asked = Sizing.model_validate({**SIZING, **(sizing or {})})
    sized = replace(case.with_devices(devices), finance=money(years), sizing=asked)
    return prepare(sized, pd.date_range("2026-07-15", periods=48, freq="h"))


def with_case(prepared: Prepared, case: Case) -> Prepared:
    return Prepared(case, prepared.times, prepared.hours, prepared.series)


def standing(prepared: Prepared) -> ExistingPark:
    return ExistingPark(prepared, SolveContext())


def worth(prepared: Prepared, *choices: Choice, **how: Any) -> tuple[Worth, ...]:
    return IncrementDispatch(standing(prepared)).worth(choices, **how)


def called(years: int = 2, **contract: Any) -> Prepared:
    """The two weeks of `response_cases` with a second battery like the first, which may be added."""
    prepared = two_weeks(case(), **contract)
    plain = prepared.case.devices["battery_1"].model_copy(
        update={"fade_per_full_cycle": 0.0, "fade_per_year": 0.1}
    )
    devices = {**prepared.case.devices, "battery_1": plain, "battery_2": plain}
    asked = Sizing.model_validate(
        {
            "device": "battery_2",
            "power_mw": {"min": 0, "max": 20, "step": 10},
            "duration_hours": {"min": 1, "max": 2, "step": 1},
            "price": {"yuan_per_kwh": 1.0},
        }
    )
    return with_case(
        prepared, replace(prepared.case.with_devices(devices), finance=money(years), sizing=asked)
    )


def whole_year(folder: Path) -> Case:
    """The same park over a year of hours, its load computed; no sun, no demand charge, two sizes."""
    case = load_case(str(write_case(folder, HOURLY[0], ENERGY_ONLY, COMPUTED)))
    plain = Battery.model_validate({**PLAIN, "fade_per_full_cycle": 2e-4, "fade_per_year": 0.02})
    devices = {n: d for n, d in case.devices.items() if n != "pv"} | {"battery_1": plain, "battery_2": plain}
    two_sizes = {
        "power_mw": {"min": 0.0, "max": 10.0, "step": 10.0},
        "duration_hours": {"min": 1.0, "max": 2.0, "step": 2.0},
        "last_commissioning_year": 1,
    }
    asked = Sizing.model_validate(
        {
            **SIZING,
            **two_sizes,
            "offer": [{"name": "x", "power_mw": 10.0, "energy_mwh": 20.0, "yuan_per_wh": 1.0}],
        }
    )
    return replace(
        case.with_devices(devices),
        finance=finance(2),
        sizing=asked.model_copy(update={"standing": {"device.battery_1.state_of_health": 0.9}}),
    )
