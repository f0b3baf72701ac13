"""Days of a small battery that rounds of repair did not prove, and random parks against plain HiGHS.

Of the first, a 2 MW/4 MWh battery beside a price in the valley below that of sale, 27 binaries took 85,231
rounds. The costs are those of HiGHS on the plain program.
"""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.solve import optimize
from tests.support.harnesses.random_parks import feasibility_yuan, ours, plain_highs, random_park, verdict
from tests.support.small_parks import SmallPark

VALLEY_END_H = 6


def small_day(load_mw: float = 0.0, sale: float = 414.3, buy: float | None = None) -> SmallPark:
    """A day in quarter-hours with that battery as it is by default [MW, yuan/MWh]."""
    park = SmallPark(96, 15, "2026-04-21")
    prices = np.where(park.times.hour < VALLEY_END_H, 200.0, 500.0) if buy is None else buy
    park.grid(prices, sale, import_limit=10, export_limit=10).load(load_mw)
    return park.add("battery", Battery(power_mw=2.0, energy_mwh=4.0))


@pytest.mark.parametrize(
    ("load_mw", "cost_yuan"), [(0.0, -1146.883840), (0.1, -238.283840), (0.5, 3924.370960)]
)
def test_a_battery_beside_a_valley_below_the_sale_price(load_mw: float, cost_yuan: float) -> None:
    assert small_day(load_mw).solve().cost == pytest.approx(cost_yuan, abs=1e-5)


@pytest.mark.parametrize(
    "day", [{"sale": 250.0}, {"load_mw": 0.02}, {"load_mw": 0.3, "sale": 250.0}], ids=str
)
def test_other_days_of_it_are_proven_and_equal_to_plain_highs(day: dict[str, Any]) -> None:
    park = small_day(**day)
    assert verdict(park, ours(park, 60.0), plain_highs(park, 60.0)) == "equal"


@pytest.mark.parametrize("money", [1e-6, 1e6])
def test_the_unit_of_money_changes_nothing(money: float) -> None:
    """Absolute tolerances of the solver lose prices of a millionth, and strain those of a million."""
    usual, other = small_day(0.1), small_day(0.1)
    for name in ("purchase_price_yuan_per_mwh", "sale_price_yuan_per_mwh"):
        other.series["grid", name] = other.series["grid", name] * money
    proofs = [optimize(park.devices, park.times, park.hours, park.series).proof for park in (usual, other)]
    for mine, theirs in zip(
        (proofs[0].objective_yuan, proofs[0].bound_yuan),
        (proofs[1].objective_yuan, proofs[1].bound_yuan),
        strict=True,
    ):
        assert theirs / money == pytest.approx(mine, rel=1e-7)


def test_random_parks_are_those_of_plain_highs() -> None:
    """The fast part of the harness: the first parks that HiGHS proves within a second or two."""
    quick = [3, 8, 20, 24, 25, 26, 29, 39, 43, 53]
    verdicts = Counter()
    for seed in quick:
        park = random_park(seed)
        verdicts[verdict(park, ours(park, 20.0), plain_highs(park, 20.0))] += 1
        assert feasibility_yuan(park) >= 0
    assert verdicts == {"equal": len(quick)}
