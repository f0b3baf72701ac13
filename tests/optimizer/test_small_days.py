"""Days of a small battery that rounds of repair did not prove, and random parks against plain HiGHS.

Of the first, a 2 MW/4 MWh battery beside a price in the valley below that of sale, 27 binaries took 85,231
rounds. The costs are those of HiGHS on the plain program.
"""

from collections import Counter

import numpy as np
import pytest

from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.decomposition.window_rounds import WindowRounds
from parkdispatch.optimizer.solve import Proof, optimize
from tests.support.harnesses.random_parks import feasibility_yuan, ours, plain_highs, random_park, verdict
from tests.support.small_parks import SmallPark

VALLEY_END_H = 6


def small_day(load_mw: float = 0.0, sale: float = 414.3, buy: float | None = None) -> SmallPark:
    """A day in quarter-hours with that battery as it is by default [MW, yuan/MWh]."""
    park = SmallPark(96, 15, "2026-04-21")
    prices = np.where(park.times.hour < VALLEY_END_H, 200.0, 500.0) if buy is None else buy
    park.grid(prices, sale, import_limit=10, export_limit=10).load(load_mw)
    return park.add("battery", Battery(power_mw=2.0, energy_mwh=4.0))


def proof_of(park: SmallPark) -> Proof:
    return optimize(park.devices, park.times, park.hours, park.series).proof


@pytest.mark.parametrize(
    ("day", "cost_yuan"),
    [
        ({"load_mw": 0.0}, -1146.883840),
        ({"load_mw": 0.5}, 3924.370960),
        ({"sale": 250.0}, -51.2),
        ({"load_mw": 0.3, "sale": 250.0}, 2329.8),
    ],
    ids=str,
)
def test_a_battery_beside_a_valley_below_the_sale_price(day: dict[str, float], cost_yuan: float) -> None:
    proof = proof_of(small_day(**day))
    assert proof.objective_yuan == pytest.approx(cost_yuan, abs=1e-5)
    assert proof.bound_yuan == pytest.approx(cost_yuan, abs=1e-3)


def test_a_day_of_negative_prices_is_proven(request: pytest.FixtureRequest) -> None:
    """Plain HiGHS needs ten seconds; with other tolerances and edge weights than its own, a minute."""
    if not request.config.getoption("--long"):
        pytest.skip("asked for by --long")
    park = small_day(buy=-1000.0)
    proof = optimize(park.devices, park.times, park.hours, park.series, threads=2, time_limit_s=60.0).proof
    assert proof.objective_yuan == pytest.approx(-35_883.297, abs=1e-3)
    assert proof.bound_yuan == pytest.approx(-35_883.297, abs=1e-3)


@pytest.mark.parametrize("money", [1e-6, 1e6])
def test_the_unit_of_money_changes_nothing(money: float) -> None:
    """Absolute tolerances of the solver lose prices of a millionth, and strain those of a million."""
    park = small_day(0.1)
    for name in ("purchase_price_yuan_per_mwh", "sale_price_yuan_per_mwh"):
        park.series["grid", name] = park.series["grid", name] * money
    proof = proof_of(park)
    assert proof.objective_yuan / money == pytest.approx(-238.283840, rel=1e-7)
    assert proof.bound_yuan / money == pytest.approx(-238.283840, rel=1e-7)


def test_where_most_intervals_violate_a_pair_no_round_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds took a sixth of the time of such a park, rounding what they left as much, and closed nothing."""
    monkeypatch.delattr(WindowRounds, "solve_all")
    park = random_park(2)
    assert verdict(park, ours(park, 20.0), plain_highs(park, 20.0)) == "equal"


def test_random_parks_are_those_of_plain_highs() -> None:
    """The fast part of the harness: the first parks that HiGHS proves within a second or two."""
    quick = [3, 8, 20, 24, 25, 26, 29, 39, 43, 53]
    verdicts = Counter()
    for seed in quick:
        park = random_park(seed)
        verdicts[verdict(park, ours(park, 20.0), plain_highs(park, 20.0))] += 1
        assert feasibility_yuan(park) >= 0
    assert verdicts == {"equal": len(quick)}
