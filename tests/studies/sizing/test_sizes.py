"""Offers and their break-even price, the surface of sizes, and when to build: by hand and by one another."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.sizing.commissioning_year import best_when, first_that_pays
from parkdispatch.results.sizing.increment_value import Worth, increment_finance
from parkdispatch.results.sizing.size_surface import frontier
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.sizing.commissioning_runs import commissioning_npv, commissioning_npv_of_park
from parkdispatch.studies.sizing.offers import choices_of, evaluate_offers, offer_of_worth
from parkdispatch.studies.sizing.surface_dispatch import size_surface, size_surface_of_park
from parkdispatch.studies.solve_options import SolveContext
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
    whole_year,
    with_case,
    worth,
)
from tests.support.response_cases import FULL_MWH
from tests.support.small_case import swap

OFFERS = (
    {"name": "dear", "power_mw": 10.0, "energy_mwh": 20.0, "investment_yuan": 100_000.0},
    {
        "name": "parts",
        "name_zh": "模块",
        "power_mw": 20.0,
        "energy_mwh": 40.0,
        "yuan_per_wh": 8e-4,
        "modules": 2,
    },
)
SIZING = {
    "offer": OFFERS,
    "price_multiple": 0.5,
    "last_commissioning_year": 2,
    "price": {"yuan_per_kwh": 1.0, "yuan_per_kw": 0.2},
}


@cache
def year() -> Prepared:
    """Two days as if they were the year; nothing fades, and nothing is paid for demand."""
    with TemporaryDirectory() as folder:
        return park(Path(folder), ENERGY_ONLY, sizing=SIZING, fade_per_full_cycle=0.0, fade_per_year=0.0)


def asked(**changes: Any) -> Prepared:
    """The same with other things asked."""
    sizing = Sizing.model_validate(sizing_of(year().case).model_dump() | changes)
    return with_case(year(), replace(year().case, sizing=sizing))


def npv_of(cash: CashFlow) -> float:
    return cash.returns["project_after_tax"].npv_yuan


def money_of(prepared: Prepared) -> Finance:
    assert prepared.case.finance is not None
    return prepared.case.finance


def sizing_of(case: Case) -> Sizing:
    assert case.sizing is not None
    return case.sizing


# --- offers


def test_choices_are_never_and_every_whole_number_of_modules() -> None:
    choices = choices_of(sizing_of(year().case))
    assert [choice.key for choice in choices] == ["never", "offer_1", "offer_2_1_of_2", "offer_2"]
    assert [(choice.power_mw, choice.energy_mwh) for choice in choices] == [
        (0, 0),
        (10, 20),
        (10, 20),
        (20, 40),
    ]
    assert [choice.investment_yuan for choice in choices] == pytest.approx(
        [0.0, 50_000.0, 8_000.0, 16_000.0]
    )  # at half the price
    assert [choice.yuan_per_wh for choice in choices] == [
        None,
        pytest.approx(2.5e-3),
        pytest.approx(4e-4),
        pytest.approx(4e-4),
    ]
    assert choices[2].name == "parts, 1 of 2 modules"
    assert choices[2].name_zh == "模块，2 个模块中的 1 个"


@cache
def known() -> dict[str, Any]:
    values = worth(year(), *choices_of(sizing_of(year().case)))
    return {value.choice.key: offer_of_worth(value) for value in values}


def test_at_the_break_even_price_nothing_is_earned() -> None:
    offers = known()
    assert offers["never"].cash is offers["never"].break_even_yuan_per_wh is offers["never"].lifetime is None
    dear, part = offers["offer_1"], offers["offer_2_1_of_2"]
    price = dear.break_even_yuan_per_wh
    assert price == pytest.approx(part.break_even_yuan_per_wh)  # the same size, whatever it is sold for
    assert 4e-4 < price < 2.5e-3
    assert npv_of(dear.cash) < 0 < npv_of(part.cash)
    at_price = cash_flow(increment_finance(money_of(year()), price * 20e6), dear.cash.operation)
    assert npv_of(at_price) == pytest.approx(0.0, abs=0.1)
    assert at_price.finance.investment_yuan > 20_000.0


def test_no_price_breaks_even_where_the_storage_only_costs(tmp_path: Path) -> None:
    """Without a price that changes over the day it draws its cooling, and that is all."""
    flat = swap("peak = 1.6", "peak = 1.0", "own.toml"), swap("valley = 0.4", "valley = 1.0", "own.toml")
    (value,) = worth(park(tmp_path, ENERGY_ONLY, *flat), TEN)
    assert value.operation.revenue_yuan["arbitrage"] == pytest.approx(np.zeros(3), abs=1e-3)
    assert value.saving_yuan == pytest.approx(np.full(3, -0.1 * 48 * 530.0))
    assert offer_of_worth(value).break_even_yuan_per_wh is None


def test_a_replacement_costs_in_proportion_to_the_investment() -> None:
    new = Replacement(year=2, cost_yuan=10_000.0, depreciation_years=1)
    scaled = increment_finance(money(3, replacement=new), 25_000.0)  # of 50,000
    assert scaled.replacement.cost_yuan == 5_000.0
    aged = with_case(year(), replace(year().case, finance=money(3, replacement=new)))
    battery = aged.case.devices["battery_2"].model_copy(update={"fade_per_year": 0.1})
    aged = with_case(aged, aged.case.with_devices({**aged.case.devices, "battery_2": battery}))
    (ten,) = worth(aged, TEN)
    assert ten.state_of_health == pytest.approx([1.0, 0.9, 1.0])
    assert ten.dispatched == (1, 2, 3)


# --- the surface


@cache
def sizes() -> xr.Dataset:
    return size_surface_of_park(standing(year()), tuple(known().values()))


def test_each_point_is_worth_what_that_size_is() -> None:
    surface = sizes()
    assert dict(surface.sizes) == {"power_mw": 3, "duration_hours": 2}
    assert surface["power_mw"].to_numpy().tolist() == [0.0, 10.0, 20.0]
    for power, hours in ((10.0, 2.0), (20.0, 1.0)):
        investment = 0.5 * 1e3 * (1.0 * power * hours + 0.2 * power)
        (value,) = worth(year(), Choice("x", "", "", power, power * hours, investment))
        point = surface.sel(power_mw=power, duration_hours=hours)
        assert value.cash is not None
        returns = value.cash.returns["project_after_tax"]
        assert float(point["npv_yuan"]) == pytest.approx(returns.npv_yuan)
        assert float(point["irr"]) == pytest.approx(returns.irr.value)
        assert float(point["payback_years"]) == pytest.approx(returns.static_payback.from_construction_years)
        assert float(point["investment_yuan"]) == pytest.approx(investment)
        assert float(point["energy_mwh"]) == power * hours
        assert float(point["dispatch_yuan"]) == pytest.approx(value.dispatch_yuan)
        assert float(point["bound_yuan"]) == pytest.approx(value.dispatch_yuan)
        # by hand: each MWh earns 326 yuan a day, cooling costs 25,440 a MW
        saving = power * hours * 2 * DAY_YUAN_PER_MWH - 0.01 * power * AUXILIARY_YUAN_PER_MW
        assert float(point["saving_first_yuan"]) == pytest.approx(saving)
        assert float(point["saving_last_yuan"]) == pytest.approx(saving)
        # one MWh more earns that too; one MW more is only cooled, as five hours of charging are enough
        assert float(point["value_of_mwh_yuan"]) == pytest.approx(2 * DAY_YUAN_PER_MWH)
        assert float(point["value_of_mw_yuan"]) == pytest.approx(-0.01 * AUXILIARY_YUAN_PER_MW)
        share = 0.06 / (1 - 1.06**-3) + money_of(year()).insurance_share
        assert float(point["annual_net_yuan"]) == pytest.approx(saving - share * investment)
        assert float(point["co2_cut_t"]) < 0
        assert float(point["gap"]) <= 1e-8


def test_nothing_built_is_worth_nothing() -> None:
    none = sizes().sel(power_mw=0.0)
    for name in (
        "npv_yuan",
        "investment_yuan",
        "saving_first_yuan",
        "peak_cut_mw",
        "co2_cut_t",
        "energy_mwh",
    ):
        assert none[name].to_numpy().tolist() == [0.0, 0.0], name
    assert np.isnan(none["irr"]).all()
    assert sizes().attrs == {"response": "none"}


def test_the_surface_is_the_same_again_to_the_bit() -> None:
    xr.testing.assert_identical(sizes(), size_surface_of_park(standing(year()), tuple(known().values())))


TWENTY = Choice("x", "", "", 20.0, 20.0, 20_000.0)


@cache
def called_worth() -> tuple[Prepared, Worth]:
    """The park that is called for demand response, and what 20 MW and 20 MWh are worth there."""
    prepared = called()
    (worth_of_twenty,) = worth(prepared, TWENTY)
    return prepared, worth_of_twenty


@pytest.mark.parametrize("offers", [True, False])
def test_a_response_is_interpolated_and_said_to_be(offers: bool) -> None:
    """14 MW and more are what an event pays; offers, or else the largest size, say how much a MWh earns."""
    prepared, dispatched = called_worth()
    surface = size_surface_of_park(standing(prepared), (offer_of_worth(dispatched),) if offers else ())
    said = "interpolated between the offers" if offers else "in proportion to the largest size"
    assert surface.attrs["response"] == said
    point = surface.sel(power_mw=20.0, duration_hours=1.0)
    paid_yuan = dispatched.operation.revenue_yuan["demand_response"][0]
    assert paid_yuan == pytest.approx(3920.0 * FULL_MWH, abs=0.2)
    finance_at = increment_finance(money_of(prepared), float(point["investment_yuan"]))
    at_its_price = cash_flow(finance_at, dispatched.operation)
    # the largest size of the grid, 20 MW for 2 h, gives more than an event takes
    assert float(point["npv_yuan"]) == pytest.approx(npv_of(at_its_price), rel=1e-4 if offers else 0.3)


def test_the_frontier_by_hand() -> None:
    """20 for 5 beats 10 for 5, and 15 for 6; nothing for nothing stays, and so do two that are the same."""
    npv = np.array([[0.0, 0.0], [10.0, 20.0], [15.0, 30.0]])
    cost = np.array([[0.0, 0.0], [5.0, 5.0], [6.0, 7.0]])
    assert frontier(npv, cost).tolist() == [[True, True], [False, True], [False, True]]


@pytest.mark.slow
def test_a_whole_case(tmp_path: Path) -> None:
    """Read, prepared, with what stands at the age that `standing` says: the offer and the point agree."""
    case = whole_year(tmp_path)
    (offer,) = (
        offered for offered in evaluate_offers(case, SolveContext()) if offered.choice.key == "offer_1"
    )
    surface = size_surface(case, (offer,), SolveContext())
    point = surface.sel(power_mw=10.0, duration_hours=2.0)
    assert offer.lifetime is not None
    assert offer.lifetime.case.devices["battery_1"].state_of_health == 0.9  # type: ignore[attr-defined]
    years = offer.lifetime.years
    assert float(point["saving_first_yuan"]) == pytest.approx(years[0].bill_without_yuan - years[0].bill_yuan)
    assert years[0].saved_yuan["arbitrage"] == pytest.approx(365 * 20 * DAY_YUAN_PER_MWH)
    assert years[1].state_of_health["battery_1"] == pytest.approx(0.9 - 2e-4 * 365 * 0.9 - 0.02)
    npv_by_year = commissioning_npv(case, [offer.choice], SolveContext())
    assert offer.cash is not None
    assert float(npv_by_year["npv_yuan"][0, 0]) == pytest.approx(npv_of(offer.cash))


# --- when


def test_at_once_it_is_worth_what_it_is_worth() -> None:
    """No path moves and nothing ages: all years are alike but for the discount."""
    by_year = commissioning_npv_of_park(standing(year()), choices_of(sizing_of(year().case)), (), None)
    assert by_year["choice"].to_numpy().tolist() == ["offer_1", "offer_2_1_of_2", "offer_2"]
    assert by_year["year"].to_numpy().tolist() == [0, 1, 2]
    for key in ("offer_1", "offer_2"):
        npv = npv_of(known()[key].cash)
        assert by_year["npv_then_yuan"].sel(choice=key).to_numpy() == pytest.approx(np.full(3, npv), abs=0.01)
        assert by_year["npv_yuan"].sel(choice=key).to_numpy() == pytest.approx(
            npv / 1.06 ** np.arange(3), abs=0.01
        )
    best = best_when(by_year)
    assert (
        (best.key, best.year) == ("offer_2", 0) == (by_year.attrs["best_choice"], by_year.attrs["best_year"])
    )
    assert best.npv_yuan == best.npv_now_yuan == by_year["npv_yuan"].max()
    assert first_that_pays(by_year, "offer_1") is None
    assert first_that_pays(by_year, "offer_2") == 0


def test_a_price_that_falls_is_waited_for() -> None:
    """At 50,000, 12,500 and 3,125 yuan for an operation that stays as it is: the NPV of each, discounted."""
    prepared = asked(paths={"battery_price": -0.75})
    dear = next(choice for choice in choices_of(sizing_of(prepared.case)) if choice.key == "offer_1")
    by_year = commissioning_npv_of_park(standing(prepared), [NOTHING, dear], (), [1])
    assert by_year["dispatched"].to_numpy().tolist() == [True, True, True]
    operation = known()["offer_1"].cash.operation
    prices = [50_000.0, 12_500.0, 3_125.0]
    by_hand = [npv_of(cash_flow(increment_finance(money_of(prepared), yuan), operation)) for yuan in prices]
    assert by_year["npv_then_yuan"].to_numpy()[0] == pytest.approx(by_hand, abs=0.01)
    assert by_year["npv_yuan"].to_numpy()[0] == pytest.approx(by_hand / 1.06 ** np.arange(3), abs=0.01)
    assert by_year["investment_yuan"].to_numpy()[0] == pytest.approx(prices)
    best = best_when(by_year)
    assert (best.key, best.year) == ("offer_1", 2)
    assert best.npv_now_yuan < 0 < best.npv_yuan
    assert first_that_pays(by_year, "offer_1") == 1


def test_years_between_lie_on_the_line() -> None:
    """Energy's price rises by a tenth a year: of 1, 1.1 and 1.21 the line has 1.105 in the middle.

    A MWh earns 0.8 x (640 p + 130) - (160 p + 130) yuan: 352 p - 26.
    """
    prepared = asked(paths={"purchase_price": 0.1})
    few, every = (commissioning_npv_of_park(standing(prepared), [TEN], (), only) for only in ([], [1]))
    assert few["dispatched"].to_numpy().tolist() == [True, False, True]
    cooling = 48 * 0.1 * 130 + 0.1 * 400 * 2 * (5 * 1.6 + 5 * 0.4 + 14) * np.array([1, 1.1, 1.21])
    by_hand = 40 * (352 * np.array([1, 1.1, 1.21]) - 26) - cooling
    assert every["saving_first_yuan"].to_numpy()[0] == pytest.approx(by_hand)
    line = [by_hand[0], (by_hand[0] + by_hand[2]) / 2, by_hand[2]]
    assert few["saving_first_yuan"].to_numpy()[0] == pytest.approx(line)


def test_what_when_is_asked_must_be_there() -> None:
    with pytest.raises(InputError, match="commissioning year 3: must be 0 to 2"):
        commissioning_npv_of_park(standing(year()), [TEN], (), [3])
    with pytest.raises(InputError, match=r"`sizing\.offer`: must have one"):
        commissioning_npv_of_park(standing(year()), [NOTHING], (), None)


def test_nothing_that_pays_is_never_built() -> None:
    npv_of = commissioning_npv_of_park(standing(year()), [Choice("dear", "", "", 10.0, 20.0, 1e9)], (), None)
    best = best_when(npv_of)
    assert (best.key, best.year, best.npv_yuan) == ("never", 0, 0.0)
