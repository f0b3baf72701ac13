"""What energy costs on a bus: the price of its connection, or of the one that it reaches."""

from dataclasses import replace

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.network.link import Link
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.finance.payments import price_yuan_per_mwh
from tests.support.flexible_parks import add
from tests.support.small_parks import SmallPark


def test_a_bus_behind_a_cable_has_the_price_of_the_meter() -> None:
    """What is drawn at 35 kV is paid for at 220 kV; a bus that reaches no meter has no price."""
    park = SmallPark(2).grid([300.0, 500.0], bus="meter").load(1.0, bus="works")
    park.load(0.0, "heat_load", "heat")
    add(park, "cable", Link(bus="meter", to_bus="works", forward_limit_mw=9.0, backward_limit_mw=9.0))
    solution = to_dataset(park.solve().optimum, {})
    case = replace(load_case("gaoan"), devices=park.devices)
    for bus in ("meter", "works"):
        assert price_yuan_per_mwh(solution, case, bus) == pytest.approx([300.0, 500.0])
    assert price_yuan_per_mwh(solution, case, "heat") == pytest.approx([0.0, 0.0])
