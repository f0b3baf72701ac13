"""The peak that a month as a whole would hold: solved by hand, on one bus and on several."""

import pytest

from parkdispatch.models.device import Array
from parkdispatch.studies.demand_peak import monthly_peaks_mw
from tests.support.small_parks import Line, SmallPark

MW = 1e-6


def peaks_mw(park: SmallPark) -> dict[str, Array]:
    return monthly_peaks_mw(park.tiled(), park.devices)


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
