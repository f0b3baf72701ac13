"""The peak that a month as a whole would hold: solved by hand, on one bus and on several."""

from dataclasses import replace
from datetime import date

import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times
from parkdispatch.models.device import Array
from parkdispatch.models.network.link import Link
from parkdispatch.studies.day_plan import prepare_day
from parkdispatch.studies.demand_peak import monthly_peaks_mw, planned_whole
from parkdispatch.studies.dispatch import dispatch_case
from parkdispatch.studies.solve_options import SolveContext
from tests.support.small_parks import Line, SmallPark

MW = 1e-6


def peaks_mw(park: SmallPark) -> dict[str, Array]:
    year = park.tiled()
    return monthly_peaks_mw(year, park.devices, planned_whole(year, park.devices))


@pytest.mark.parametrize("bus", ["ac", "mill"])
def test_storage_behind_a_line_holds_the_peak_too(bus: str) -> None:
    """Load of 0 and 10 MW, storage without loss: 5 MW, on whichever bus it stands. Without it: 10."""
    park = SmallPark(2).grid(1, demand=100).add("line", Line(to="mill")).load([0, 10], bus="mill")
    assert peaks_mw(park)["grid"] == pytest.approx([10], abs=MW)
    assert peaks_mw(park.battery(bus=bus))["grid"] == pytest.approx([5], abs=MW)


def test_storage_that_no_line_reaches_does_not() -> None:
    park = SmallPark(2).grid(1, demand=100).load([0, 10]).source(5, bus="mill").battery(bus="mill")
    assert peaks_mw(park)["grid"] == pytest.approx([10], abs=MW)


def test_a_peak_that_is_dear_to_shave_is_not_expected_to_be_shaved() -> None:
    """Each MWh of wear costs 200, a MW of peak 100: the month keeps its 10, which the storage could halve."""
    park = SmallPark(2).grid(1, demand=100).load([0, 10])
    assert peaks_mw(park.battery(wear_yuan_per_mwh=200.0))["grid"] == pytest.approx([10], abs=MW)
    assert peaks_mw(park.battery(wear_yuan_per_mwh=20.0))["grid"] == pytest.approx([5], abs=MW)


def test_every_connection_and_month_has_its_own() -> None:
    """Two connections on buses of their own, over the end of a month."""
    park = SmallPark(4, start="2026-07-31 22:00").grid(1, demand=100).load([0, 10, 0, 8]).battery()
    park.grid(1, demand=50, name="second", bus="mill").load([3, 2, 4, 1], name="mill", bus="mill")
    assert peaks_mw(park)["grid"] == pytest.approx([5, 4], abs=MW)
    assert peaks_mw(park)["second"] == pytest.approx([3, 4], abs=MW)


def test_none_where_no_dispatch_is_feasible() -> None:
    assert peaks_mw(SmallPark(2).grid(1, demand=100, import_limit=5).load([0, 10])) == {}
    assert peaks_mw(SmallPark(2).grid(1).load([0, 10])) == {}  # and none where nobody pays for it


def test_a_park_behind_a_cable_is_planned_as_the_park_itself() -> None:
    """From the connection's own bus, on which nothing is, a day saved 45,456 yuan where 878,295 could be."""
    case = load_case("gaoan")
    case = replace(case, calendar=case.calendar.model_copy(update={"minutes": 60}))
    inside = {n: d if n == "grid" else d.model_copy(update={"bus": "mill"}) for n, d in case.devices.items()}
    cable = Link(to_bus="mill", forward_limit_mw=400.0, backward_limit_mw=400.0)
    behind = case.with_devices({**inside, "cable": cable})

    def planned(park: Case) -> tuple[float, float, float]:
        day = prepare_day(park, park, day_times(park, date(2026, 7, 15)), peak_is_given=False)
        other = dispatch_case(day.prepared, SolveContext(), 0.0).summary.without_storage
        assert other is not None
        return day.expected_peaks_mw["grid"], day.before["grid"].without_storage_mw, other.saving_yuan

    assert planned(behind) == pytest.approx(planned(case), rel=1e-9)
    assert planned(behind)[0] == pytest.approx(173.55, abs=0.01)
