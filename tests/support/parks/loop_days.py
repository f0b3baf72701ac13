"""Days at two prices for closed loops; prices in yuan/MWh, power in MW."""

from dataclasses import replace

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared
from tests.support.small_parks import SmallPark


def two_days(load_mw: list[float]) -> Prepared:
    """Two days of hours: at 10 in the first half of each, at 50 in the second."""
    built = SmallPark(48, 60, "2026-07-15 00:00").grid(([10.0] * 12 + [50.0] * 12) * 2)
    built.load(load_mw).battery(energy_mwh=5.0)
    case = replace(load_case("gaoan"), devices=dict(built.devices))
    return Prepared(case, built.horizon.times, 1.0, built.series)
