"""Prices and load that change by year: each year's dispatch and bill solved by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.variations.sensitivity_ends import sensitivity_cases
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.sensitivity import Sensitivity
from parkdispatch.models.finance.yearly_changes import ParkYearlyChanges
from parkdispatch.models.markets.green_certificates import GreenCertificates
from parkdispatch.models.markets.mechanism_price import MechanismPrice
from parkdispatch.models.markets.spot_market import SpotMarket
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.io.digests import case_digests
from parkdispatch.results.solution import cost_yuan
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.wording.yearly_words import yearly_sentence
from parkdispatch.studies.lifetime.base_years import prepared_year
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.lifetime_cases import ENERGY_ONLY, HOURLY, PLAIN, finance
from tests.support.response_cases import case as response_case
from tests.support.response_cases import two_weeks
from tests.support.small_case import Damage, add, replaced, series, write_case

UNWORN = {"fade_per_full_cycle": 0.0, "fade_per_year": 0.0, "auxiliary_share": 0.0}


def park(
    folder: Path, given: dict[str, Any], *damages: Damage, sun: bool = False, **battery: Any
) -> Prepared:
    """Two days of the small case by the hour with a battery that does not wear, in three years."""
    case = load_case(str(write_case(folder, *HOURLY, *damages)))
    devices = {**case.devices, "battery_1": Battery.model_validate({**PLAIN, **UNWORN, **battery})}
    if not sun:
        del devices["pv"]
    changes = ParkYearlyChanges.model_validate(given)
    case = replace(case.with_devices(devices), finance=finance(3), yearly_changes=changes)
    return prepare(case, pd.date_range("2026-07-15", periods=48, freq="h"))


def savings(prepared: Prepared, stream: str = "arbitrage") -> list[float]:
    return [year.saved_yuan[stream] for year in dispatch_years(prepared, SolveContext()).years]


def test_purchased_energy_and_spread_by_hand(tmp_path: Path) -> None:
    """32 MWh sold at the peak, 40 bought in the valley, on two days; 0.13 yuan/kWh of wires do not change.

    Purchased energy is 0.4 yuan/kWh, 0.44, 0.462: the peak of 1.6 times it is 0.77, 0.834, 0.8692 with the
    wires, the valley of 0.4 times 0.29, 0.306, 0.3148. Were the wires escalated too, year 2 would save 14,344
    a day; were the list's first change applied in year 1, 14,448.
    """
    prepared = park(tmp_path, {"purchase_price": [0.1, 0.05]}, ENERGY_ONLY)
    by_hand = [2000 * (32 * peak - 40 * valley) for peak, valley in
               ((0.77, 0.29), (0.834, 0.306), (0.8692, 0.3148))]  # fmt: skip
    assert savings(prepared) == pytest.approx(by_hand)
    assert by_hand == pytest.approx([26_080, 28_896, 30_444.8])


def test_a_wider_spread_by_hand(tmp_path: Path) -> None:
    """Half as much again: 1.6 of the flat price becomes 1.9, 0.4 becomes 0.1; a year later 2.35 and 0."""
    peaks, valleys = (0.77, 0.89, 1.07), (0.29, 0.17, 0.13)
    by_hand = [2000 * (32 * peak - 40 * valley) for peak, valley in zip(peaks, valleys, strict=True)]
    assert savings(park(tmp_path, {"spread": 0.5}, ENERGY_ONLY)) == pytest.approx(by_hand)


def test_a_growing_load_is_billed_as_it_grows(tmp_path: Path) -> None:
    """The battery is too small to feel it; the bill without it grows with the load, 1, 1.1, 1.21."""
    years = dispatch_years(park(tmp_path, {"load": 0.1}, ENERGY_ONLY), SolveContext()).years
    first = years[0].bill_without_yuan
    assert [year.bill_without_yuan for year in years] == pytest.approx([first, 1.1 * first, 1.21 * first])
    assert [year.saved_yuan["arbitrage"] for year in years] == pytest.approx([26_080] * 3)


def test_the_demand_price_by_hand(tmp_path: Path) -> None:
    """Wear keeps the battery from trading: what it saves is kilowatts, at 39.1 yuan, 43.01, 47.311."""
    saved = savings(park(tmp_path, {"demand_price": 0.1}, wear_yuan_per_mwh=400.0, energy_mwh=20.0), "demand")
    assert saved[0] > 0
    assert saved == pytest.approx([saved[0], 1.1 * saved[0], 1.21 * saved[0]])


def test_the_price_of_surplus_sold(tmp_path: Path) -> None:
    """A load of 30 MW leaves half the sun over; half the sale price halves what is paid for it."""
    little = replaced("load.csv", series("time,load [MW]", lambda _: 30.0, minutes=60))
    prepared = park(tmp_path, {"sale_price": -0.5}, ENERGY_ONLY, little, sun=True)
    years = dispatch_years(prepared, SolveContext()).years
    per_mwh = [year.sold_without_yuan / year.exported_without_mwh for year in years]
    assert years[0].exported_without_mwh > 0
    assert per_mwh == pytest.approx([300.0, 150.0, 75.0])


def test_prices_from_a_file_change_as_those_of_the_tariff_do(tmp_path: Path) -> None:
    """All of a price from a file changes: peak 0.77, 0.847; a spread has no meaning there."""
    hours = series("time,price [yuan/MWh]", price_yuan_per_mwh, minutes=60)
    own = (ENERGY_ONLY, add('[series."grid.purchase_price_yuan_per_mwh"]\nfile = "price.csv"\n'))

    def write_prices(folder: Path) -> None:
        (folder / "price.csv").write_text(hours, encoding="utf-8")

    prepared = park(tmp_path, {"purchase_price": 0.1}, *own, write_prices)
    assert savings(prepared) == pytest.approx([26_080, 28_688, 31_556.8])
    spread = add("[yearly_changes]\nspread = 0.02\n")
    path = write_case(tmp_path / "bad", *HOURLY, *own, spread)
    (tmp_path / "bad" / "price.csv").write_text(hours, encoding="utf-8")
    with pytest.raises(InputError, match=r"`yearly_changes.spread` = 0.02: must be 0, because the prices of"):
        load_case(str(path))


def price_yuan_per_mwh(hour: float) -> float:
    return 770.0 if 17 <= hour < 22 else 290.0 if 1 <= hour < 6 else 530.0


def test_without_changes_nothing_changes(tmp_path: Path) -> None:
    """To the last bit, of years and of the prepared series."""
    plain, zero = park(tmp_path / "a", {}), park(tmp_path / "b", {"load": 0.0, "spread": [0.0, 0.0]})
    assert dispatch_years(plain, SolveContext()).years == dispatch_years(zero, SolveContext()).years
    assert list(zero.case.yearly_changes.given) == []


# --- as inputs


def case_with(folder: Path, text: str) -> Case:
    return load_case(str(write_case(folder, *HOURLY, add(text))))


def test_errors_name_each_field(tmp_path: Path) -> None:
    wrong = "[yearly_changes]\nload = 3\nspread = []\nsale_price = [0.1, -1]\nprice = 0.1\n"
    with pytest.raises(InputError) as caught:
        case_with(tmp_path, wrong)
    told = "\n".join(caught.value.problems)
    for field in ("load[0]", "spread", "sale_price[1]", "price"):
        assert f"`yearly_changes.{field}`" in told


def test_kept_years_are_of_the_same_changes(tmp_path: Path) -> None:
    digests = [
        case_digests(case_with(tmp_path / name, f"[yearly_changes]\nload = {load}\n"))["yearly_changes"]
        for name, load in (("a", 0.01), ("b", 0.02), ("c", 0.01))
    ]
    assert digests[0] == digests[2] != digests[1]


def test_a_sensitivity_of_a_change(tmp_path: Path) -> None:
    case = case_with(tmp_path, "[yearly_changes]\nload = [0.01, 0.02]\n")
    ends = sensitivity_cases(
        case, Sensitivity(name="growth", fields=("yearly_changes.load",), low=0.0, times_high=2.0)
    )
    assert [end.case.yearly_changes.load for end in ends] == [(0.0, 0.0), (0.02, 0.04)]


def test_a_sentence_says_the_changes_and_what_they_make(tmp_path: Path) -> None:
    changes = ParkYearlyChanges.model_validate({"load": [0.1, 0.05], "sale_price": -0.5})
    said = yearly_sentence(changes, 4, load_words("en"))
    assert "price of surplus sold -50.0% a year (0.125)" in said
    assert "load +10.0%, then +5.0% a year (1.213)" in said
    assert "负荷每年 +10.0%，此后 +5.0%（1.213）" in yearly_sentence(changes, 4, load_words("zh"))
    assert yearly_sentence(ParkYearlyChanges(), 4, load_words("en")) == ""


def test_a_case_without_finance_is_warned(tmp_path: Path) -> None:
    assert any("`yearly_changes`: cannot matter" in line for line in
               case_with(tmp_path, "[yearly_changes]\nload = 0.01\n").warnings)  # fmt: skip


# --- prices of contracts, fuels and markets


STATED = {
    "demand_response": {
        "kind": "stated", "events_per_year": 10, "price_yuan_per_kwh": 4.0, "energy_mwh_per_event": 2.0,
    },
    "absorption": {"kind": "stated", "energy_mwh_per_year": 5.0, "price_yuan_per_kwh": 0.4},
    "capacity_lease": {"price_yuan_per_kw_year": 100.0, "share": 0.5},
    "capacity_price": {"price_yuan_per_kw_year": 20.0},
}  # fmt: skip


def test_contracts_by_hand(tmp_path: Path) -> None:
    """80,000 of response, 2,000 of absorption, 1,000,000 of lease, 400,000 of capacity; then a tenth more.

    A fifth more in the third year. Arbitrage, 26,080, is not of a contract.
    """
    prepared = park(tmp_path, {"contract_price": [0.1, 0.2]}, ENERGY_ONLY)
    case = replace(prepared.case, contracts=Contracts.model_validate(STATED))
    years = dispatch_years(prepared.of(case), SolveContext()).years
    for number, factor in enumerate((1.0, 1.1, 1.32)):
        assert years[number].contract_yuan == pytest.approx(
            {
                "demand_response": 80_000 * factor,
                "absorption": 2_000 * factor,
                "capacity_lease": 1_000_000 * factor,
                "capacity_price": 400_000 * factor,
            }
        )
        assert years[number].saved_yuan["arbitrage"] == pytest.approx(26_080)


def test_metered_response_is_paid_at_the_price_of_its_year() -> None:
    """Two weeks of events: a year later the same response is paid half as much again."""
    prepared = two_weeks(response_case())
    changes = ParkYearlyChanges.model_validate({"contract_price": 0.5})
    case = replace(prepared.case, finance=finance(2), yearly_changes=changes)
    unworn = {name: battery.model_copy(update=UNWORN) for name, battery in case.batteries.items()}
    case = case.with_devices({**case.devices, **unworn})
    first, second = dispatch_years(prepared.of(case), SolveContext()).years
    assert first.contract_yuan["demand_response"] > 0
    paid = {event.settled.event: event.settled for event in second.events if event.bid}
    for event in first.events:
        if event.bid:
            now, then = event.settled, paid[event.settled.event]
            assert then.yuan / then.paid_mwh == pytest.approx(1.5 * now.yuan / now.paid_mwh)


def test_fuel_by_hand(tmp_path: Path) -> None:
    """10 MW of heat at all hours from gas at 0.8 of its energy: 600 MWh in two days; 200, 210, 231 yuan."""
    boiler = '[device.boiler]\nkind = "boiler"\nheat_bus = "heat"\nrated_heat_mw = 20.0\nefficiency = 0.8\n'
    heat = '[device.process]\nkind = "load"\nbus = "heat"\ncarrier = "heat"\n'
    heat += '[series."process.demand_mw"]\nfile = "heat.csv"\n'
    priced = f"{boiler}fuel_price_yuan_per_mwh = 200.0\n{heat}"
    filed = f'{boiler}{heat}[series."boiler.fuel_price_yuan_per_mwh"]\nfile = "gas.csv"\n'
    for name, text in (("declared", priced), ("file", filed)):
        folder = tmp_path / name
        prepared = park(folder, {"fuel_price": [0.05, 0.1]}, ENERGY_ONLY, add(text), write_gas)
        for year, price in ((1, 200.0), (2, 210.0), (3, 231.0)):
            older = prepared_year(prepared, {"battery_1": 1.0}, year)
            solution, _ = audited_solution(older, solve_prepared(older, SolveContext()))
            assert older.series["boiler", "fuel_price_yuan_per_mwh"] == pytest.approx(price)
            assert cost_of(solution, "boiler") == pytest.approx(600.0 * price)


def write_gas(folder: Path) -> None:
    heat = series("time,heat [MW]", lambda _: 10.0, minutes=60)
    (folder / "heat.csv").write_text(heat, encoding="utf-8")
    gas = series("time,price [yuan/MWh]", lambda _: 200.0, minutes=60)
    (folder / "gas.csv").write_text(gas, encoding="utf-8")


def cost_of(solution: Any, device: str) -> float:
    """All costs of a device in a solution [yuan]."""
    return sum(yuan for name, yuan in cost_yuan(solution).items() if name.device == device)


def test_markets_by_hand(tmp_path: Path) -> None:
    """5 MW of regulation held at all hours at 10 yuan/MW/h: 2,400 yuan in two days, doubled each year.

    A certificate of 5 yuan/MWh and a spot price of 300 double too; the mechanism price of 0.38 does not.
    """
    battery = {"services": {"regulation_price_yuan_per_mw_h": 10.0, "mileage_price_yuan_per_mw": 2.0}}
    prepared = park(tmp_path, {"market_price": 1.0}, ENERGY_ONLY, **battery)
    devices = {
        **prepared.case.devices,
        "certificates": GreenCertificates(),
        "mechanism": MechanismPrice.example(),
        "spot": SpotMarket.example(),
    }
    third = prepared_year(prepare(prepared.case.with_devices(devices), prepared.times), {"battery_1": 1.0}, 3)
    services = third.case.batteries["battery_1"].services
    assert services is not None
    assert (services.regulation_price_yuan_per_mw_h, services.mileage_price_yuan_per_mw) == (40.0, 8.0)
    assert third.series["battery_1", "regulation_price_yuan_per_mwh"] == pytest.approx(
        4.0 * prepare(prepared.case, prepared.times).series["battery_1", "regulation_price_yuan_per_mwh"]
    )
    assert getattr(third.case.devices["certificates"], "price_yuan_per_mwh") == 20.0  # noqa: B009
    assert getattr(third.case.devices["mechanism"], "price_yuan_per_kwh") == 0.38  # noqa: B009
    assert third.series["mechanism", "market_price_yuan_per_mwh"] == pytest.approx(1_200.0)
    assert third.series["spot", "day_ahead_price_yuan_per_mwh"] == pytest.approx(1_200.0)
    assert third.series["spot", "real_time_price_yuan_per_mwh"] == pytest.approx(1_280.0)


def test_what_services_earn_follows_their_price(tmp_path: Path) -> None:
    """A battery whose wear keeps it from trading holds regulation: its income doubles with the price."""
    battery = {
        "services": {"regulation_price_yuan_per_mw_h": 10.0, "regulation_energy_share": 0.0},
        "wear_yuan_per_mwh": 1_000.0,
        "initial_soc": 0.5,
    }
    prepared = park(tmp_path, {"market_price": [1.0, 0.5]}, ENERGY_ONLY, **battery)
    earned = [year.contract_yuan["regulation"] for year in dispatch_years(prepared, SolveContext()).years]
    assert earned[0] > 0
    assert earned == pytest.approx([earned[0], 2.0 * earned[0], 3.0 * earned[0]])
