"""Sizes of several kinds chosen together, taken into `study`: worth what the dispatch of the year said."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.case_writer import written_case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.variations.reference_park import without_investment
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.investment import (
    AssetClass,
    Finance,
    Loan,
    OperationMaintenance,
    ValueAddedTax,
)
from parkdispatch.results.chosen_sizes import chosen_sizes
from parkdispatch.results.finance.annuity import annuity_share
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.sizing.sized_case import case_of_sizes, require_sizes_to_write
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY
from tests.support.cases.year_case import year_case
from tests.support.small_case import add, replaced, series, swap, write_case
from tests.support.typed_commands import Run

TWO_DAYS = pd.date_range("2026-07-15", periods=48, freq="h")
KINDS = """
[device.wind]
kind = "wind"
rated_mw = 10.0
annual_energy_mwh = 20000.0
degradation_per_year = 0.0
scale = { min = 0.0, max = 3.0, cost_yuan_per_unit = 60000.0 }

[device.boiler]
kind = "boiler"
heat_bus = "heat"
rated_heat_mw = 30.0
efficiency = 0.8
fuel_price_yuan_per_mwh = 400.0

[device.heat_pump]
kind = "heat_pump"
heat_bus = "heat"
cop = 3.0
rated_heat_mw = { min = 0.0, max = 20.0, cost_yuan_per_unit = 900.0 }

[device.tank]
kind = "heat_store"
bus = "heat"
energy_mwh = { min = 0.0, max = 100.0, cost_yuan_per_unit = 5.0 }
charge_limit_mw = 10.0

[device.process]
kind = "load"
bus = "heat"
carrier = "heat"

[series."process.demand_mw"]
file = "heat.csv"
"""
# a battery whose losses are all that it costs to run
PLAIN = """eta_charge = 1.0
eta_discharge = 0.8
auxiliary_share = 0.0
fade_per_full_cycle = 0.0
fade_per_year = 0.0
"""
BATTERY = "power_mw = 20.0\nenergy_mwh = 40.0"
SIZED = (
    "power_mw = { min = 0.0, max = 20.0, cost_yuan_per_unit = 20.0 }\n"
    "energy_mwh = { min = 0.0, max = 40.0, cost_yuan_per_unit = 100.0 }"
)


def untaxed(years: int) -> Finance:
    """An investment without taxes, loan, upkeep and residual value: NPV is savings less capital."""
    return Finance.model_validate(
        {
            "investment_yuan": 1.0, "operation_years": years, "working_capital_share": 0.0,
            "insurance_share": 0.0, "vat": ValueAddedTax(rate=0.0, surcharge_share=0.0),
            "operation_maintenance": OperationMaintenance(
                yuan_per_kw_year=0.0, yuan_per_kwh_discharged=0.0
            ),
            "depreciation": {"all": AssetClass(share=1.0, years=years, residual_share=0.0)},
            "income_tax": {"rate": 0.0}, "loan": Loan(share=0.0, years=years),
        }
    )  # fmt: skip


def park(folder: Path, **changes: Any) -> Case:
    """The small case by the hour: wind, battery, heat pump and tank to be sized; a boiler that stands."""
    text = (
        swap(BATTERY, SIZED),
        swap("eta_charge = 0.94", PLAIN),
        replaced("heat.csv", series("time,heat [MW]", lambda _: 10.0, minutes=60)),
        add(KINDS),
    )
    case = load_case(str(write_case(folder, *HOURLY, ENERGY_ONLY, *text)))
    devices = {name: device for name, device in case.devices.items() if name != "pv"}
    return replace(case.with_devices(devices), finance=untaxed(4), **changes)


def sized(prepared: Prepared) -> tuple[Case, float]:
    """The case of the sizes that two days choose, as if they were the year, and the year's cost [yuan]."""
    solution, _ = audited_solution(prepared, solve_prepared(prepared, SolveContext()))
    assert {size.device for size in chosen_sizes(solution, prepared.case)} == {
        "wind", "battery_1", "heat_pump", "tank",
    }  # fmt: skip
    return case_of_sizes(prepared.case, solution), float(solution.attrs["objective_yuan"])


def test_study_values_exactly_the_sizes_that_were_chosen(tmp_path: Path) -> None:
    """The year saves the cost without any of them less the cost with them, capital included, four times.

    Discounted with the capital paid at once, that is the NPV: the capital of a year is the annuity of it.
    """
    prepared = prepare(park(tmp_path), TWO_DAYS)
    chosen, cost_yuan = sized(prepared)
    assert chosen.finance is not None
    none = prepare(without_investment(chosen), TWO_DAYS)
    assert set(none.case.devices) == {"grid", "load", "boiler", "process"}
    without_yuan = solve_prepared(none, SolveContext()).proof.objective_yuan
    assert without_yuan > cost_yuan
    lifetime = dispatch_years(prepare(chosen, TWO_DAYS), SolveContext())
    cash = cash_flow(chosen.finance, lifetime.operation())
    assert (cash.operation.revenue_yuan["running_costs"] > 0).all()  # gas that the heat pump saves
    recovery = annuity_share(chosen.finance)
    npv_at_end_of_construction = cash.returns["project_after_tax"].npv_yuan * (
        1 + chosen.finance.discount_rate
    )
    assert npv_at_end_of_construction * recovery == pytest.approx(without_yuan - cost_yuan, rel=1e-6)


def test_the_written_case_is_the_chosen_one(tmp_path: Path) -> None:
    prepared = prepare(park(tmp_path), TWO_DAYS)
    chosen, _ = sized(prepared)
    path = tmp_path / "chosen.toml"
    path.write_text(written_case(chosen, "sizes"), encoding="utf-8")
    read = load_case(str(path))
    assert read.devices == chosen.devices
    assert read.finance is not None
    assert read.finance.instead == chosen.finance.instead if chosen.finance else False
    assert not any(device.undecided_sizes for device in read.devices.values())


def test_a_size_of_nothing_is_left_out(tmp_path: Path) -> None:
    """Wind that costs too much is not built, and not in the park of the study."""
    case = park(tmp_path)
    dear = case.devices["wind"].model_validate(
        {**case.devices["wind"].model_dump(exclude_unset=True),
         "scale": {"min": 0.0, "max": 3.0, "cost_yuan_per_unit": 1e9}}
    )  # fmt: skip
    prepared = prepare(case.with_devices({**case.devices, "wind": dear}), TWO_DAYS)
    chosen, _ = sized(prepared)
    assert "wind" not in chosen.devices
    assert chosen.finance is not None
    assert not any(path.startswith("device.wind") for path in chosen.finance.instead)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    case = park(tmp_path)
    with pytest.raises(InputError, match="sizes are paid over its years"):
        require_sizes_to_write(replace(case, finance=None))
    plain = case.with_devices({name: case.devices[name] for name in ("grid", "load")})
    with pytest.raises(InputError, match="leaves no size to the optimizer"):
        require_sizes_to_write(plain)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('"device.pv.rated_mw" = 0.5', "`finance.instead`: `device.pv.rated_mw`: no such field"),
        ('"tariff.spread" = 0.5', "`finance.instead`: 'tariff.spread': must begin with device"),
    ],
)
def test_an_instead_that_is_none_is_refused(line: str, said: str, tmp_path: Path) -> None:
    money = f"\n[finance]\ninvestment_yuan = 1e6\n[finance.instead]\n{line}\n"
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(tmp_path, *HOURLY, add(money))))
    assert said in "\n".join(caught.value.problems)


def test_year_says_what_it_cannot_write(typed: Run, tmp_path: Path) -> None:
    path = year_case(tmp_path)
    code, _, err = typed("year", path, "--write-case", tmp_path / "chosen.toml")
    assert code == 2
    assert "the case leaves no size to the optimizer" in " ".join(err.split())
