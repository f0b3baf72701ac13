"""The years of a storage: solved by hand, dispatched anew as it ages, as a solve from scratch has them."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.models.capacity import Sized
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.finance import payments
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.finance.lifetime import Lifetime, OperationYear
from parkdispatch.results.io.second_process import usable_processes
from parkdispatch.results.solution import cost_yuan, values
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, dispatch_years
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.small_case import Damage, swap, write_case


def small(folder: Path, money: Finance, *damages: Damage, **battery: Any) -> Prepared:
    """Two days of the small case by the hour, as if they were its year, with a plain battery."""
    case = load_case(str(write_case(folder, *HOURLY, *damages)))
    devices = {**case.devices, "battery_1": Battery.model_validate({**PLAIN, **battery})}
    case = replace(case.with_devices(devices), finance=money)
    return prepare(case, pd.date_range("2026-07-15", periods=48, freq="h"))


def without_sun(prepared: Prepared) -> Prepared:
    """The same park without its PV."""
    return prepared.of(
        prepared.case.with_devices({n: d for n, d in prepared.case.devices.items() if n != "pv"})
    )


def lived(prepared: Prepared, only: list[int] | None = None) -> Lifetime:
    return dispatch_years(prepared, SolveContext(), only)


def health(lifetime: Lifetime, name: str = "battery_1") -> list[float]:
    return [year.state_of_health[name] for year in lifetime.years]


# --- solved by hand


def test_three_years_by_hand(tmp_path: Path) -> None:
    """Each day fills the 40 MWh in the valley at 0.29 yuan/kWh and gives 80 % of them at the peak of 0.77.

    Any other hour is flat, 0.53: 32 MWh x 0.77 - 40 x 0.29 = 13.04 thousand yuan a day; by way of a flat hour
    two cycles would bring 8.8. Two days are 2 full cycles: 1 - 0.05 x 2 - 0.1 = 0.8 is left, which turns over
    1.6 cycles: 0.8 - 0.08 - 0.1 = 0.62. Cooling draws 0.2 MW: 0.2 x 2 x (5 x 0.77 + 5 x 0.29 + 14 x 0.53).
    Were a later year scaled and not dispatched with less energy, nothing here would change; were the fade of
    cycles counted in what is delivered, 0.84 would be left.
    """
    lifetime = lived(without_sun(small(tmp_path, finance(3), ENERGY_ONLY)))
    shares = [1.0, 0.8, 0.62]
    assert [year.year for year in lifetime.years] == [1, 2, 3]
    assert health(lifetime) == pytest.approx(shares)
    for year, share in zip(lifetime.years, shares, strict=True):
        assert year.dispatched
        assert year.full_cycles["battery_1"] == pytest.approx(2 * share)
        assert year.charged_mwh == pytest.approx(80 * share)
        assert year.discharged_mwh == pytest.approx(64 * share)
        assert year.saved_yuan["arbitrage"] == pytest.approx(26_080 * share)
        assert year.saved_yuan["demand"] == pytest.approx(0, abs=1e-6)
        assert year.auxiliary_mwh == pytest.approx(9.6)
        assert year.auxiliary_yuan == pytest.approx(5_088)
        assert year.bill_without_yuan - year.bill_yuan == pytest.approx(26_080 * share - 5_088)
        assert year.curtailed_mwh == year.curtailed_without_mwh == 0
        assert year.gap <= 1e-8


def test_two_batteries_fade_each_by_its_own_use(tmp_path: Path) -> None:
    """The second is half as large and does not mind cycles: 1 - 0.1 a year, and is used as fully."""
    prepared = without_sun(small(tmp_path, finance(3), ENERGY_ONLY))
    other = {**PLAIN, "energy_mwh": 20.0, "power_mw": 5.0, "fade_per_full_cycle": 0.0}
    devices = {**prepared.case.devices, "battery_2": Battery.model_validate(other)}
    lifetime = lived(
        Prepared(prepared.case.with_devices(devices), prepared.times, prepared.hours, prepared.series)
    )
    assert health(lifetime) == pytest.approx([1.0, 0.8, 0.62])
    assert health(lifetime, "battery_2") == pytest.approx([1.0, 0.9, 0.8])
    assert lifetime.years[1].discharged_mwh == pytest.approx(64 * 0.8 + 32 * 0.9)
    assert lifetime.operation().power_mw == 25.0


def test_new_cells_after_a_replacement(tmp_path: Path) -> None:
    """A used battery begins at 0.9 and turns over 1.8 cycles: 0.9 - 0.09 - 0.1; replaced, it is new."""
    money = finance(4, replacement=Replacement(year=2, cost_yuan=10_000.0, depreciation_years=2))
    lifetime = lived(without_sun(small(tmp_path, money, ENERGY_ONLY, state_of_health=0.9)))
    assert health(lifetime) == pytest.approx([0.9, 0.71, 1.0, 0.8])
    unpaid = finance(4, replacement=Replacement(year=2, cost_yuan=0.0))
    assert health(lived(without_sun(small(tmp_path, unpaid, ENERGY_ONLY, state_of_health=0.9)))) == (
        pytest.approx([0.9, 0.71, 0.539, 0.3851])
    )


def test_demand_saved_is_the_basic_charge_saved(tmp_path: Path) -> None:
    """Wear keeps it from trading. The load's five highest hours are 120, 2 x 118.98 and 2 x 115.98 MW:

    16 MWh of 20 MW hold a top of (120 + 2 x 118.978 + 2 x 115.981 - 16) / 5 = 114.78 MW were all five above
    it; the cells give 32 MWh x 0.5 a day. The bill's 39.1 yuan/kW of the difference is what is told.
    """
    prepared = without_sun(small(tmp_path, finance(1), wear_yuan_per_mwh=400.0, energy_mwh=20.0))
    (year,) = lived(prepared).years
    load = prepared.series["load", "demand_mw"][:24]
    top = np.sort(load)[::-1][:5]
    held = (top.sum() - 16.0) / 5 + 0.2  # and what cooling draws
    assert np.sort(load)[::-1][5] < held - 0.2
    assert year.saved_yuan["demand"] == pytest.approx((load.max() - held) * 1000 * 39.1)


# --- the second computation


def test_streams_that_miss_the_bill_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = small(tmp_path, finance(2))
    lived(prepared)
    right: Callable[..., float] = payments.energy_yuan

    def wrong(solution: Any, grid: str) -> float:
        bought = float(np.abs(values(solution, "load.injection_ac_mw")).sum())
        return right(solution, grid) + (1e-2 * bought if "battery_1.charge_mw" in solution else 0.0)

    monkeypatch.setattr(payments, "energy_yuan", wrong)
    with pytest.raises(SolverError, match=r"^year 1 of operation: the streams save \d+\.\d+ yuan, the bills"):
        lived(prepared)


def test_the_power_factor_and_the_basic_charge() -> None:
    """Two days are no month of full use: the demand stream is what the optimizer's demand cost differs by.

    At a power factor of 0.85 the bill adds 2.5 % to all but funds and sales, demand too.
    """
    prepared = gaoan(finance(1), days=2)
    grid = prepared.case.devices["grid"].model_copy(update={"power_factor": 0.85})
    case = prepared.case.with_devices({**prepared.case.devices, "grid": grid})
    prepared = prepare(case, prepared.times)
    (year,) = lived(prepared).years
    with_it, _ = audited_solution(prepared, solve_prepared(prepared, SolveContext()))
    bare = prepared.of(case.without_storage())
    without, _ = audited_solution(bare, solve_prepared(bare, SolveContext()))
    named = [cost_yuan(solution)["grid.demand_yuan"] for solution in (without, with_it)]
    assert year.saved_yuan["demand"] == pytest.approx(named[0] - named[1])
    assert year.saved_yuan["demand"] > 0
    billed = year.bill_without_yuan - year.bill_yuan
    assert year.net_saving_yuan == pytest.approx(billed, rel=1e-9)


def test_prices_of_ones_own_have_no_bill(tmp_path: Path) -> None:
    """The tariff's prices as a file: no bill is made, the named costs stand for it, and nothing changes."""
    prepared = small(tmp_path, finance(2))
    price = ("grid", "purchase_price_yuan_per_mwh")
    rows = [f"{time:%Y-%m-%d %H:%M},{yuan:.6f}" for time, yuan in zip(
        prepared.times, prepared.series[price], strict=True)]  # fmt: skip
    (tmp_path / "price.csv").write_text("\n".join(["time,price [yuan/MWh]", *rows, ""]), encoding="utf-8")
    price_file = SeriesFile(file=str(tmp_path / "price.csv"))
    priced = replace(prepared.case, series={**prepared.case.series, price: price_file})
    for mine, billed in zip(lived(prepare(priced, prepared.times)).years, lived(prepared).years, strict=True):
        assert mine.saved_yuan == pytest.approx(billed.saved_yuan)
        assert mine.bill_yuan == pytest.approx(billed.bill_yuan)
        assert mine.saved_yuan["demand"] > 0


# --- years that are not dispatched


@pytest.mark.slow
def test_interpolated_years_are_marked_and_straight(tmp_path: Path) -> None:
    """Of eight years the first two, the fifth and the last are dispatched, the others lie between them."""
    slow = {"fade_per_full_cycle": 0.01, "fade_per_year": 0.01}
    prepared = small(tmp_path, finance(8), **slow)
    quick, full = lived(prepared, only=[5]), lived(prepared)
    assert [year.year for year in quick.years if year.dispatched] == [1, 2, 5, 8]
    assert [year.year for year in quick.years] == list(range(1, 9))
    second, third, fifth = (quick.years[n] for n in (1, 2, 4))
    for name in ("discharged_mwh", "bill_yuan", "bill_without_yuan", "auxiliary_yuan", "curtailed_mwh"):
        assert getattr(third, name) == pytest.approx((2 * getattr(second, name) + getattr(fifth, name)) / 3)
    for stream in ("arbitrage", "demand"):
        straight = (2 * second.saved_yuan[stream] + fifth.saved_yuan[stream]) / 3
        assert third.saved_yuan[stream] == pytest.approx(straight)
    assert third.net_saving_yuan == pytest.approx(third.bill_without_yuan - third.bill_yuan)
    # as far as two dispatched years reach, the fade is theirs; from there on cycles are guessed
    assert health(quick)[:3] == health(full)[:3]
    assert health(quick) == pytest.approx(health(full), abs=1e-3)
    assert health(quick) == sorted(health(quick), reverse=True)
    for estimated, dispatched in zip(quick.years, full.years, strict=True):
        assert estimated.net_saving_yuan == pytest.approx(dispatched.net_saving_yuan, rel=1e-2)
    assert quick.largest_gap <= 1e-8
    assert lived(prepared, only=list(range(1, 9))).years == full.years


def test_nothing_is_interpolated_across_a_replacement(tmp_path: Path) -> None:
    money = finance(8, replacement=Replacement(year=5, cost_yuan=10_000.0, depreciation_years=3))
    prepared = small(tmp_path, money, fade_per_full_cycle=0.01, fade_per_year=0.01)
    lifetime = lived(prepared, only=[])
    assert [year.year for year in lifetime.years if year.dispatched] == [1, 2, 5, 6, 8]
    assert health(lifetime)[5] == 1.0
    assert health(lifetime)[6] == pytest.approx(health(lifetime)[1])  # new cells fade as new cells do
    assert lived(prepared_for(prepared, finance(1)), only=[]).years[0] == lifetime.years[0]


# --- each year is dispatched anew


def gaoan(money: Finance, days: int) -> Prepared:
    """A few days of the built-in case as if they were its year."""
    case = replace(load_case("gaoan"), finance=money)
    return prepare(case, pd.date_range("2026-07-01", periods=96 * days, freq="15min"))


def test_a_later_year_is_what_a_solve_from_scratch_of_the_aged_park_says() -> None:
    """Beginning where the year before ended changes nothing, and the PV is a year older too."""
    prepared = gaoan(finance(3), days=3)
    lifetime = lived(prepared)
    for year in lifetime.years:
        aged = by_hand(prepared.case, year, prepared)
        again, _ = audited_solution(aged, solve_prepared(aged, SolveContext()))
        bare = aged.of(aged.case.without_storage())
        without, _ = audited_solution(bare, solve_prepared(bare, SolveContext()))
        assert year.bill_yuan == pytest.approx(float(again.attrs["objective_yuan"]), rel=1e-9)
        assert year.bill_without_yuan == pytest.approx(float(without.attrs["objective_yuan"]), rel=1e-9)
    owned = [year.state_of_health for year in lifetime.years]
    assert all(health["battery_1"] == health["battery_2"] for health in owned)
    assert owned[0]["battery_1"] > owned[1]["battery_1"] > owned[2]["battery_1"]
    bills = [year.bill_without_yuan for year in lifetime.years]
    assert bills[0] < bills[1] < bills[2]  # less sun each year
    assert bills[1] - bills[0] > 2 * (bills[2] - bills[1])  # and most is lost in the first


def by_hand(case: Case, year: OperationYear, prepared: Prepared) -> Prepared:
    """The case as one would write it for that year."""
    changes: dict[str, dict[str, Any]] = {
        name: {"state_of_health": share} for name, share in year.state_of_health.items()
    }
    changes["pv"] = {"age_years": float(year.year - 1)}
    devices = {name: d.model_copy(update=changes.get(name, {})) for name, d in case.devices.items()}
    return prepare(case.with_devices(devices), prepared.times)


def test_sun_from_a_file_loses_what_the_modules_lose(tmp_path: Path) -> None:
    """2 % in the first year, 0.5 % in each after it; no price hangs on anything but the hour."""
    prepared = small(tmp_path, finance(3), ENERGY_ONLY)
    price = prepared.series["grid", "purchase_price_yuan_per_mwh"]
    load, sun = prepared.series["load", "demand_mw"], prepared.series["pv", "available_mw"]
    for year, left in zip(lived(prepared).years, (1.0, 0.98, 0.975), strict=True):
        net = load - left * sun
        assert net.min() > 0
        assert year.bill_without_yuan == pytest.approx(float(price @ net))


# --- into the cash flow


def test_the_operation_of_a_life(tmp_path: Path) -> None:
    lifetime = lived(without_sun(small(tmp_path, finance(3), ENERGY_ONLY)))
    operation = lifetime.operation()
    shares = np.array([1.0, 0.8, 0.62])
    assert list(operation.revenue_yuan) == ["arbitrage", "demand"]
    assert operation.revenue_yuan["arbitrage"] == pytest.approx(26_080 * shares)
    assert operation.discharged_mwh == pytest.approx(64 * shares)
    assert operation.auxiliary_yuan == pytest.approx(np.full(3, 5_088.0))
    assert operation.power_mw == 20.0
    more = lifetime.operation({"demand_response": np.full(3, 7_000.0)})
    assert list(more.revenue_yuan) == ["arbitrage", "demand", "demand_response"]
    cash = cash_flow(finance(3), more)
    assert cash.values["revenue"][1:] * 1.13 == pytest.approx(26_080 * shares + 7_000)
    with pytest.raises(ValueError, match="demand"):
        lifetime.operation({"demand": np.zeros(3)})


# --- refused


def test_all_that_keeps_a_case_from_a_life_is_said_at_once(tmp_path: Path) -> None:
    case = small(tmp_path, finance(3)).case
    sized = case.devices["battery_1"].model_copy(
        update={"energy_mwh": Sized(max=80.0, cost_yuan_per_unit=1.0)}
    )
    refused = partial(dispatch_lifetime, context=SolveContext())
    with pytest.raises(InputError) as caught:
        refused(replace(case.with_devices({**case.devices, "battery_1": sized}), finance=None))
    assert caught.value.problems == [
        "`finance` is missing: must be given, because it says how many years there are",
        "`device.battery_1.energy_mwh` = 0 to 80: must be a number, because the years of a storage are those"
        " of one that is built",
    ]
    with pytest.raises(InputError) as caught:
        refused(case.without_storage(), only=[0, 2, 4])
    assert caught.value.problems == [
        "year 0: must be of the operation, 1 to 3",
        "year 4: must be of the operation, 1 to 3",
        "`device`: must have a battery, because the years are those of the storage",
    ]


def test_a_battery_that_is_worn_out_is_named(tmp_path: Path) -> None:
    """2 cycles at 0.3 and 0.1 a year leave 0.3, 0.6 cycles more leave 0.02, and a third year needs more."""
    prepared = without_sun(small(tmp_path, finance(4), ENERGY_ONLY, fade_per_full_cycle=0.3))
    with pytest.raises(InputError) as caught:
        lived(prepared)
    assert caught.value.problems == [
        "`device.battery_1.fade_per_full_cycle` = 0.3, `fade_per_year` = 0.1: 0.04 full cycles in year 3 of 4"
        " leave nothing of it; must be less, or the battery be replaced before (`finance.replacement`)"
    ]
    # what is left after the last year matters to nobody
    assert health(lived(prepared_for(prepared, finance(3)))) == pytest.approx([1.0, 0.3, 0.02])


def prepared_for(prepared: Prepared, money: Finance) -> Prepared:
    return replace(prepared, case=replace(prepared.case, finance=money))


def test_a_park_that_needs_its_storage_has_no_saving(tmp_path: Path) -> None:
    limit = swap("import_limit_mw = 150.0", "import_limit_mw = 118.0")
    prepared = without_sun(small(tmp_path, finance(3), limit))
    for processes in (1, usable_processes()):
        reason = r"^year 1 of operation: the park is infeasible without its"
        with pytest.raises(InfeasibleError, match=reason):
            dispatch_years(prepared, SolveContext(processes=processes))


def test_a_year_in_which_an_aged_storage_no_longer_does_is_named(tmp_path: Path) -> None:
    """An hour of charging brings 18 MWh or more; in year two less than that is full, and full it must end."""
    stiff = {"min_charge_mw": 18.0, "final_soc": 0.9, "fade_per_year": 0.5}
    prepared = without_sun(small(tmp_path, finance(2), ENERGY_ONLY, **stiff))
    with pytest.raises(InfeasibleError, match=r"^year 2 of operation: "):
        lived(prepared)
