"""Co-optimised size, surface and offers say the same where they overlap: the built-in park by the hour.

May, with its surpluses and its peak, stands for the year; all that is paid by the year is a twelfth of the
case's. How a whole year comes in is shown in `test_sizes` and by the command.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.finance.investment import OperationMaintenance
from parkdispatch.models.finance.sizing_section import GridRange, Offer, Price
from parkdispatch.results.finance.annuity import Annuity, capital_annuity
from parkdispatch.results.sizing.sizing_results import Best, Marginal, Offered
from parkdispatch.studies.sizing import existing_park
from parkdispatch.studies.sizing.co_optimization import co_optimized_size, marginal
from parkdispatch.studies.sizing.offers import evaluate_offers
from parkdispatch.studies.sizing.surface_dispatch import size_surface
from parkdispatch.studies.solve_options import SolveContext

SAME = 1e-8  # relative to the year's cost: what is proven to this cannot differ by more
GAP = 5e-6  # of the co-optimised size; the test takes a quarter of a minute less for it
ON_THE_GRID, FOUND = "on the grid", "co-optimised"
YEAR_SHARE = 1 / 12
STATION_YUAN_PER_KW = 150.0  # of every price, and not paid by the increment
# at today's price nothing of a size worth testing is best
CHEAP = Price(yuan_per_kw=STATION_YUAN_PER_KW, yuan_per_kwh=1500.0 * YEAR_SHARE)


@dataclass(frozen=True)
class Three:
    """One park asked in three ways."""

    best: Best
    surface: xr.Dataset
    offers: dict[str, Offered]
    yearly: Annuity
    marginal: Marginal  # at the co-optimised size


def one_month(case: Case) -> pd.DatetimeIndex:
    """The times that stand for the case's year."""
    return pd.date_range("2026-05-01", "2026-06-01", freq=f"{case.calendar.minutes}min", inclusive="left")


@pytest.fixture(scope="module")
def three() -> Three:
    """Once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(existing_park, "year_times", one_month)
        return asked_in_three_ways()


def asked_in_three_ways() -> Three:
    case = load_case("gaoan")
    assert case.sizing is not None
    assert case.finance is not None
    power, hours = GridRange(min=0.0, max=20.0, step=5.0), GridRange(min=2.0, max=4.0, step=1.0)
    asked = case.sizing.model_copy(
        update={
            "power_mw": power,
            "duration_hours": hours,
            "price": CHEAP,
            "shared_station_yuan_per_kw": STATION_YUAN_PER_KW,
        }
    )
    upkeep = OperationMaintenance(yuan_per_kw_year=30.0 * YEAR_SHARE)
    case = replace(case, finance=case.finance.model_copy(update={"operation_maintenance": upkeep}))
    assert case.finance is not None
    hourly = case.calendar.model_copy(update={"minutes": 60})
    case = replace(case, calendar=hourly, contracts=Contracts(), sizing=asked)
    best = co_optimized_size(case, SolveContext(), GAP)
    offers = tuple(  # their prices hold the station
        Offer(name=name, power_mw=mw, energy_mwh=mwh, investment_yuan=CHEAP.investment_yuan(mw, mwh))
        for name, mw, mwh in ((ON_THE_GRID, 10.0, 30.0), (FOUND, best.power_mw, best.energy_mwh))
    )
    case = replace(case, sizing=asked.model_copy(update={"offer": offers}))
    evaluated = evaluate_offers(case, SolveContext())
    return Three(
        best,
        size_surface(case, evaluated, SolveContext()),
        {offered.choice.name: offered for offered in evaluated},
        capital_annuity(case.finance, asked),
        marginal(case, best.power_mw, best.energy_mwh, SolveContext()),
    )


def test_an_offer_costs_and_is_worth_what_its_size_does_on_the_surface(three: Three) -> None:
    """Cost is unique, a dispatch is not: of equals one may make more cycles, which later years feel."""
    offer, point = three.offers[ON_THE_GRID], three.surface.sel(power_mw=10.0, duration_hours=3.0)
    assert offer.cash is not None
    assert offer.lifetime is not None
    assert float(point["dispatch_yuan"]) == pytest.approx(offer.figures["dispatch_yuan"], rel=SAME)
    returns, tied = offer.cash.returns["project_after_tax"], 1e-4
    assert float(point["npv_yuan"]) == pytest.approx(returns.npv_yuan, abs=10 * tied * 45e6 * YEAR_SHARE)
    assert float(point["irr"]) == pytest.approx(returns.irr.value, abs=3 * tied)
    year = offer.lifetime.years[0]
    saving_yuan = year.bill_without_yuan - year.bill_yuan
    assert float(point["saving_first_yuan"]) == pytest.approx(saving_yuan, rel=tied)
    for name in ("peak_cut_mw", "self_use", "co2_cut_t"):
        assert float(point[name]) == pytest.approx(offer.figures[name], rel=1e-3), name


def test_the_co_optimised_dispatch_is_that_of_an_offer_of_its_size(three: Three) -> None:
    best, offer = three.best, three.offers[FOUND]
    assert 5.0 < best.power_mw < 20.0
    assert 2.0 < best.energy_mwh / best.power_mw < 4.0  # inside, where prices are balanced
    assert best.dispatch_yuan == pytest.approx(offer.figures["dispatch_yuan"], rel=SAME)
    annual = three.yearly.yuan(best.power_mw, best.energy_mwh)
    assert best.cost_yuan == pytest.approx(best.dispatch_yuan + annual, rel=SAME)


def test_no_size_of_the_surface_is_below_the_bound(three: Three) -> None:
    """All are dearer than what is proven; the best of them is the co-optimised one's neighbour, and close."""
    best, net = three.best, three.surface["annual_net_yuan"].to_numpy()
    most_yuan, proven_yuan = best.without_yuan - best.cost_yuan, best.without_yuan - best.bound_yuan
    assert net.max() <= proven_yuan + SAME * best.cost_yuan
    assert net.max() <= most_yuan + best.gap * best.cost_yuan
    assert net.max() == pytest.approx(most_yuan, rel=0.03)
    best_size = np.unravel_index(net.argmax(), net.shape)
    assert float(three.surface["power_mw"][best_size[0]]) == pytest.approx(best.power_mw, abs=5.0)
    assert float(three.surface["duration_hours"][best_size[1]]) == pytest.approx(
        best.energy_mwh / best.power_mw, abs=1.0
    )


def test_one_more_is_worth_its_price_at_the_co_optimised_size(three: Three) -> None:
    """Between one less and one more the value passes the price, but for what the gap leaves open."""
    marginal, best = three.marginal, three.best
    open_yuan = 2.0 * best.gap * best.cost_yuan  # a MWh off the best of all, no size is dearer by more
    for price, differences in (
        (marginal.annuity_yuan_per_mwh, marginal.difference_mwh_yuan),
        (marginal.annuity_yuan_per_mw, marginal.difference_mw_yuan),
    ):
        assert differences is not None
        less, more = differences
        assert more - open_yuan <= price <= less + open_yuan
    assert (marginal.annuity_yuan_per_mw, marginal.annuity_yuan_per_mwh) == (
        three.yearly.yuan_per_mw,
        three.yearly.yuan_per_mwh,
    )


def test_the_surface_has_the_marginal_values_of_its_sizes(three: Three) -> None:
    """What three MWh more were worth lies between what one more is worth at both ends: the cost is convex."""
    points = [three.surface.sel(power_mw=10.0, duration_hours=hours) for hours in (2.0, 3.0, 4.0)]
    for less, more in pairwise(points):
        gained = float(less["dispatch_yuan"] - more["dispatch_yuan"]) / 10.0
        assert float(more["value_of_mwh_yuan"]) <= gained <= float(less["value_of_mwh_yuan"])
