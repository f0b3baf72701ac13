"""What an increment is worth: solved by hand, and held against the lives of the parks with it and without."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.sizing.increment_value import ResponseIncome
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.sizing import existing_park
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts
from tests.support.cases.lifetime_cases import ENERGY_ONLY
from tests.support.increment_cases import (
    AUXILIARY_YUAN_PER_MW,
    DAY_YUAN_PER_MWH,
    NOTHING,
    TEN,
    called,
    money,
    park,
    standing,
    with_case,
    worth,
)
from tests.support.response_cases import FULL_MWH
from tests.support.small_case import swap

SHARES = np.array([1.0, 0.8, 0.62])  # 2 cycles: 1 - 0.05 x 2 - 0.1; 1.6 cycles: 0.8 - 0.08 - 0.1


# --- solved by hand


def test_three_years_by_hand(tmp_path: Path) -> None:
    """20 MWh earn 326 yuan each a day, for two days, in proportion to health; cooling is paid beside.

    Were the phase that stands counted in, three times as much would be told; were it taken out of both
    parks, nothing here would change, but the bills would: with it less without it is all there is.
    """
    never, ten = worth(park(tmp_path, ENERGY_ONLY), NOTHING, TEN, years=[2])
    assert ten.state_of_health == pytest.approx(SHARES)
    assert ten.full_cycles == pytest.approx(2 * SHARES)
    earned = 20.0 * 2 * DAY_YUAN_PER_MWH * SHARES
    assert ten.operation.revenue_yuan["arbitrage"] == pytest.approx(earned)
    assert ten.operation.revenue_yuan["demand"] == pytest.approx(np.zeros(3), abs=1e-6)
    assert ten.operation.discharged_mwh == pytest.approx(20.0 * 2 * 0.8 * SHARES)
    assert ten.operation.auxiliary_yuan == pytest.approx(np.full(3, 0.1 * AUXILIARY_YUAN_PER_MW))
    assert ten.operation.power_mw == 10.0
    assert ten.saving_yuan == pytest.approx(earned - 0.1 * AUXILIARY_YUAN_PER_MW)
    assert ten.dispatched == (1, 2, 3)
    assert ten.gap <= 1e-8
    assert ten.response == "none"
    assert ten.dispatch_without_yuan - ten.dispatch_yuan == pytest.approx(ten.saving_yuan[0])
    assert ten.bound_yuan <= ten.dispatch_yuan + 1e-6
    # 40 MWh charged, 32 given, and 0.1 MW for 48 hours, all drawn from the grid
    assert ten.co2_cut_t == pytest.approx(-0.5836 * (8.0 + 4.8))
    assert np.isnan(ten.self_use)
    assert ten.cash is not None
    assert ten.cash.finance.investment_yuan == ten.investment_yuan == 20_000.0
    by_hand = cash_flow(money(3, investment_yuan=20_000.0), ten.operation)
    assert ten.npv_yuan == by_hand.returns["project_after_tax"].npv_yuan
    # of nothing
    assert never.npv_yuan == never.investment_yuan == never.saving_yuan.sum() == 0.0
    assert never.cash is None
    assert never.dispatch_yuan == ten.dispatch_without_yuan
    assert (never.peak_cut_mw, never.co2_cut_t) == (0.0, 0.0)


def test_the_peak_is_cut_by_what_is_left_of_its_five_hours(tmp_path: Path) -> None:
    """Wear keeps both from trading. 32 MWh of the first hold a top of five hours, half of it more of both.

    The top with so many MWh is (sum of the hours above it less these MWh) / hours, and cooling on top.
    """
    prepared = park(tmp_path, wear_yuan_per_mwh=400.0, energy_mwh=20.0, years=1)
    (ten,) = worth(prepared, replace(TEN, power_mw=20.0))
    load = np.sort(prepared.series["load", "demand_mw"][:24])[::-1]

    def held(mwh: float) -> float:
        return next(
            level
            for n in range(1, 24)
            if (level := (load[:n].sum() - mwh) / n) >= load[n] and level <= load[n - 1]
        )

    cut = held(16.0) - held(32.0) - 0.2
    assert cut > 1.0
    assert ten.peak_cut_mw == pytest.approx(cut)
    assert ten.operation.revenue_yuan["demand"] == pytest.approx([cut * 1000 * 39.1])


@pytest.mark.parametrize(
    ("path", "rate", "yuan_per_mwh"),
    [
        ("purchase_price", 0.1, 0.8 * (440 * 1.6 + 130) - (440 * 0.4 + 130)),
        ("spread", 0.1, 0.8 * (400 * 1.66 + 130) - (400 * 0.34 + 130)),
        ("load", 0.02, DAY_YUAN_PER_MWH),
    ],
)
def test_a_year_later_by_hand(path: str, rate: float, yuan_per_mwh: float, tmp_path: Path) -> None:
    """10 % more of the bought energy's price, or of each period's distance from it; or 2 % more load.

    What stands has lost a fifth by then, the increment is new; it costs 0.9 of what it did and fades by half.
    """
    paths = {path: rate, "battery_price": -0.1, "battery_fade": -0.5}
    prepared = park(tmp_path, ENERGY_ONLY, sizing={"paths": paths})
    now, later = (worth(prepared, TEN, commissioned=year)[0] for year in (0, 1))
    assert now.operation.revenue_yuan["arbitrage"][0] == pytest.approx(40.0 * DAY_YUAN_PER_MWH)
    assert later.operation.revenue_yuan["arbitrage"][0] == pytest.approx(40.0 * yuan_per_mwh)
    assert later.investment_yuan == pytest.approx(18_000.0)
    assert later.state_of_health == pytest.approx([1.0, 0.9, 0.805])  # 1.8 cycles: 0.9 - 0.045 - 0.05
    there = standing(prepared)
    assert there.cycles == {"battery_1": pytest.approx(2.0)}
    assert [there.health(year)["battery_1"] for year in range(3)] == pytest.approx(SHARES)
    grown = there.year(1).prepared.series["load", "demand_mw"] / prepared.series["load", "demand_mw"]
    assert grown == pytest.approx(np.full(48, 1.02 if path == "load" else 1.0))


def test_worn_out_cells_stay_at_a_hundredth(tmp_path: Path) -> None:
    """Half is lost each year beside 0.1 a cycle: 1 - 0.1 - 0.5 = 0.4, then nothing would be left."""
    prepared = park(tmp_path, ENERGY_ONLY, years=4, fade_per_year=0.7)
    (ten,) = worth(prepared, TEN, years=range(1, 5))
    assert ten.state_of_health == pytest.approx([1.0, 0.2, 0.01, 0.01])
    assert ten.operation.revenue_yuan["arbitrage"][3] == pytest.approx(0.01 * 40 * DAY_YUAN_PER_MWH)
    assert standing(prepared).health(29)["battery_1"] == 0.01


# --- held against other ways to know it


def test_phase_one_and_the_increment_together_are_worth_both(tmp_path: Path) -> None:
    """By the bills of three parks, peak and all: none - one - both."""
    prepared = park(tmp_path, years=2, fade_per_full_cycle=0.0, fade_per_year=0.0)
    battery = prepared.case.devices["battery_2"].model_copy(update={"power_mw": 10.0, "energy_mwh": 20.0})
    both = prepared.case.with_devices({**prepared.case.devices, "battery_2": battery})
    value = both.with_devices({n: d for n, d in both.devices.items() if n != "battery_2"})
    whole, first = (dispatch_years(prepared.of(park_), SolveContext()).years[0] for park_ in (both, value))
    (ten,) = worth(prepared, TEN)
    assert first.net_saving_yuan + ten.saving_yuan[0] == pytest.approx(whole.net_saving_yuan)
    assert ten.saving_yuan[0] == pytest.approx(first.bill_yuan - whole.bill_yuan)
    assert ten.lifetime is not None
    assert ten.lifetime.years[0].saved_yuan["demand"] > 0


def test_years_asked_for_are_dispatched(tmp_path: Path) -> None:
    prepared = park(tmp_path)  # the demand charge makes years no straight line
    (quick,), (every,) = worth(prepared, TEN), worth(prepared, TEN, years=[2])
    assert (quick.dispatched, every.dispatched) == ((1, 3), (1, 2, 3))
    assert quick.saving_yuan[0] == pytest.approx(every.saving_yuan[0])
    assert quick.saving_yuan[1] == pytest.approx(quick.saving_yuan[[0, 2]].mean())
    assert quick.saving_yuan[1] != pytest.approx(every.saving_yuan[1], rel=1e-6)
    with pytest.raises(InputError, match="year 4: must be of the operation, 1 to 3"):
        worth(prepared, TEN, years=[4])


def test_a_reference_case_gives_the_years_their_shape(tmp_path: Path) -> None:
    """As it is, nothing changes. With prices 10 % up and twice the fade, what each year earns is known."""
    prepared = park(tmp_path, ENERGY_ONLY)
    reference = {value.choice.key: value for value in worth(prepared, NOTHING, TEN, years=[2])}
    same = worth(prepared, NOTHING, TEN, reference=reference)
    assert [value.choice.key for value in same] == ["never", "ten"]
    assert same[1].dispatched == (2,)
    assert same[1].npv_yuan == pytest.approx(reference["ten"].npv_yuan)
    for name, yuan in reference["ten"].operation.revenue_yuan.items():
        assert same[1].operation.revenue_yuan[name] == pytest.approx(yuan, abs=1e-6)
    assert same[1].saving_yuan == pytest.approx(reference["ten"].saving_yuan)

    tariff = prepared.case.tariff.model_copy(update={"purchase_price_yuan_per_kwh": (0.44,) * 12})
    fast = {
        name: device.model_copy(update={"fade_per_full_cycle": 0.1})
        if isinstance(device, Battery)
        else device
        for name, device in prepared.case.devices.items()
    }
    dear = replace(prepared.case.with_devices(fast), tariff=tariff)
    (other,) = worth(prepare(dear, prepared.times), TEN, reference=reference)
    health = np.array([1.0, 0.7, 0.46])  # 1 - 0.2 - 0.1; 1.4 cycles: 0.7 - 0.14 - 0.1
    assert other.state_of_health == pytest.approx(health)
    each = 0.8 * (440 * 1.6 + 130) - (440 * 0.4 + 130)
    assert other.operation.revenue_yuan["arbitrage"] == pytest.approx(40.0 * each * health)
    assert other.operation.discharged_mwh == pytest.approx(32.0 * health)


# --- contracts


TWENTY = Choice("twenty", "20 MW / 20 MWh", "", 20.0, 20.0, 20_000.0)


def test_what_the_increment_adds_to_the_response() -> None:
    """Alone, what stands gives 15.04 - 1 MW to the event; with as much again, 15.04 MWh more at 80 yuan each.

    Were the whole response counted, 14.04 MWh x 4,000 yuan more would be told.
    """
    (value,) = worth(called(), TWENTY)
    share = np.array([1.0, 0.9])
    assert value.response == "answered"
    assert value.response_revenue_yuan == pytest.approx(4000.0 * FULL_MWH * share, abs=0.1)
    assert value.response_cost_yuan == pytest.approx(80.0 * FULL_MWH * share, abs=0.1)
    assert value.operation.revenue_yuan[DEMAND_RESPONSE] == pytest.approx(3920.0 * FULL_MWH * share, abs=0.2)
    # the bill is that of the dispatch without calls: 14 days of 15.04 MWh
    (quiet,) = worth(with_case(called(), replace(called().case, contracts=Contracts())), TWENTY)
    assert value.saving_yuan == pytest.approx(quiet.saving_yuan)
    assert quiet.response == "none"
    assert list(quiet.operation.revenue_yuan) == ["arbitrage", "demand"]


def test_income_between_nothing_and_what_is_known() -> None:
    """Half the energy earns half; no more than its power gives in an hour, and beyond in proportion."""
    (value,) = worth(called(), TWENTY)
    assert value.lifetime is not None
    income = ResponseIncome.of("battery_2", [value.lifetime])
    assert income is not None
    net = 3920.0 * FULL_MWH
    for power, energy, share in (
        (10.0, 10.0, 0.5),
        (20.0, 20.0, 1.0),
        (2.0, 20.0, 2 / FULL_MWH),
        (60.0, 60.0, 3),
    ):
        (partial,) = worth(called(), Choice("x", "", "", power, energy, 1.0), income=income)
        assert partial.response == "interpolated"
        assert partial.operation.revenue_yuan[DEMAND_RESPONSE][0] == pytest.approx(share * net, abs=0.5)
    assert ResponseIncome.of("battery_2", []) is None


def test_income_scaled_from_a_reference_follows_price_events_and_health() -> None:
    reference = {value.choice.key: value for value in worth(called(), TWENTY)}
    (half,) = worth(called(price_yuan_per_kwh=2.0), TWENTY, reference=reference)
    share = np.array([1.0, 0.9])
    assert half.response == "scaled"
    assert half.operation.revenue_yuan[DEMAND_RESPONSE] == pytest.approx(1920.0 * FULL_MWH * share, abs=0.2)
    (none,) = worth(called(price_yuan_per_kwh=0.0), TWENTY, reference=reference)
    assert none.operation.revenue_yuan[DEMAND_RESPONSE] == pytest.approx([0.0, 0.0])
    (never_called,) = worth(called(events_per_year=0), TWENTY, reference=reference)
    assert never_called.operation.revenue_yuan[DEMAND_RESPONSE] == pytest.approx([0.0, 0.0])


def test_stated_income_is_in_proportion_to_the_energy() -> None:
    """3 events of 10 MWh at 4,000 yuan for the 20 MWh of the case: half of that for 10 MWh."""
    stated = {"kind": "stated", "energy_mwh_per_event": 10.0, "events_per_year": 3, "fades": True}
    prepared = called()
    agreed = Contracts.model_validate(
        {"demand_response": stated, "absorption": {"kind": "stated", "energy_mwh_per_year": 100.0}}
    )
    prepared = with_case(prepared, replace(prepared.case, contracts=agreed))
    (value,) = worth(prepared, Choice("x", "", "", 10.0, 10.0, 1.0))
    assert value.operation.revenue_yuan[DEMAND_RESPONSE] == pytest.approx([60_000.0, 54_000.0])
    assert value.operation.revenue_yuan["absorption"] == pytest.approx([20_715.0, 20_715.0])
    assert value.response == "none"


# --- refused


def test_all_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    prepared = park(tmp_path)
    with pytest.raises(InputError) as caught:
        standing(with_case(prepared, replace(prepared.case, sizing=None, finance=None)))
    assert [line.split(" ")[0] for line in caught.value.problems] == ["`sizing`", "`finance`"]


def test_a_park_that_needs_the_increment_is_named(tmp_path: Path) -> None:
    prepared = park(tmp_path, swap("import_limit_mw = 150.0", "import_limit_mw = 110.0"))
    with pytest.raises(InfeasibleError) as infeasible:
        worth(prepared, TEN)
    for said in (
        "the park is infeasible without `sizing.device` = 'battery_2', 0 years after the case's, so no saving"
        " can be stated: ",
        "MWh missing in 6 intervals",
    ):
        assert said in str(infeasible.value)


def test_a_year_that_is_infeasible_without_the_increment_is_solved_once_for_all_sizes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 10 % more load a year the connection is too small in the third; every size says so."""
    growth = {"paths": {"load": 0.1}}
    prepared = park(tmp_path, swap("import_limit_mw = 150.0", "import_limit_mw = 135.0"), sizing=growth)
    existing, solved = standing(prepared), list[object]()
    solve = existing_park.solve_prepared

    def counted(*arguments: Any) -> Any:
        solved.append(arguments)
        return solve(*arguments)

    monkeypatch.setattr(existing_park, "solve_prepared", counted)
    attempts = Attempts()
    dearer = replace(TEN, key="dear", name="dear", investment_yuan=1e6)
    assert IncrementDispatch(existing).attempted(attempts, "offers", [TEN, dearer]) == (None, None)
    assert len(solved) == 2  # the first year and the third
    assert [task.reason for task in attempts.failed] == ["infeasible", "infeasible"]
    assert "infeasible without `sizing.device` = 'battery_2', 2 years" in attempts.failed[1].error
