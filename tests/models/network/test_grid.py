"""The grid connection: limits, prices, the month's peak, and what is refused."""

import tomllib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import Array, Seen
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.network.transformers import Transformers
from tests.support.parks.jiangxi_grid import grid, park
from tests.support.paths import ROOT

GAOAN = ROOT / "inputs" / "parks" / "gaoan"


class FakeInterval:
    """One interval of a chain, all in one month, with numbers for series."""

    def __init__(self, chain: "Chain", number: int, block: Any) -> None:
        self.chain, self.number, self.block = chain, number, block
        self.hours = chain.hours

    def series(self, name: str) -> float:
        return float(self.chain.series[name][self.number])

    def previous(self, var: Any, initial: Any) -> Any:
        if self.number == 0:
            return initial
        return self.chain.model.interval[self.number - 1].component(var.local_name)

    def shared(self, name: str, per: str, lower: Any = 0.0, upper: Any = None, costs: Any = None) -> Any:
        if name not in self.chain.shared:
            decision = pyo.Var(bounds=(lower, upper))
            self.chain.model.add_component(name, decision)
            self.chain.shared[name] = (decision, per, costs)
        return self.chain.shared[name][0]

    def either_or(self, a: Any, b: Any) -> None:
        assert a.upper is not None
        assert b.upper is not None
        self.chain.pairs.append((a.local_name, b.local_name))


class Chain:
    """A grid alone, over some intervals, with every import fixed; `peak()` is the least feasible peak."""

    def __init__(
        self, device: Grid, times: pd.DatetimeIndex, hours: float, bought: Array, sold: Array
    ) -> None:
        self.hours, self.series = hours, device.series(park(times, hours))
        self.shared: dict[str, Any] = {}
        self.pairs: list[tuple[str, str]] = []
        self.model = pyo.ConcreteModel()
        self.model.interval = pyo.Block(range(len(times)))
        self.terms = []
        for number in range(len(times)):
            block = self.model.interval[number]
            self.terms.append(device.interval(block, FakeInterval(self, number, block)))  # type: ignore[arg-type]
            block.import_mw.set_value(bought[number])
            block.export_mw.set_value(sold[number])

    def costs(self) -> Mapping[str, float]:
        return {label: sum(pyo.value(t.costs[label]) for t in self.terms) for label in self.terms[0].costs}

    def peak(self) -> float:
        """Lower bound on the peak, from its own bound and from every row, solved one after the other."""
        peak, _, _ = self.shared["peak_mw"]
        least = float(pyo.value(peak.lower))
        for number in self.model.interval:
            block = self.model.interval[number]
            if block.component("quarter_energy") is not None:
                block.quarter_mwh.set_value(0)  # body is quarter_mwh - right-hand side
                residual = pyo.value(block.quarter_energy.body - block.quarter_energy.upper)
                block.quarter_mwh.set_value(-residual)
            row = block.import_within_peak
            peak.set_value(0)
            at_zero = pyo.value(row.body - row.upper)
            peak.set_value(1)
            slope = pyo.value(row.body - row.upper) - at_zero
            assert slope < 0
            least = max(least, float(-at_zero / slope))
        return least


def day(count: int = 2, step: str = "15min", start: str = "2026-03-02 08:00") -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq=step)


# --- by hand


def test_limits_from_transformers() -> None:
    # import 2 x 120 x 0.95 = 228; export, one out, 120 x 0.95 x 0.8 = 91.2; without n-1 it would be 182.4
    given_ = Transformers(count=2, rating_mva=120)
    device = Grid(voltage_kv_level="110kV", transformers=given_)
    assert device.limits_mw == pytest.approx((228.0, 91.2))


def test_secure_import_and_three_transformers() -> None:
    given_ = Transformers(count=3, rating_mva=120, import_units_out=1, back_feed_share=1, power_factor=1)
    assert (given_.import_limit_mw, given_.export_limit_mw) == (240, 240)


def test_gaoan_grid() -> None:
    text = (GAOAN / "case.toml").read_text("utf-8")
    device = Grid.model_validate(tomllib.loads(text)["device"]["grid"])
    assert device.limits_mw == pytest.approx((228.0, 91.2))
    assert device.sale_price_yuan_per_kwh == 0.4143


def test_costs_of_a_quarter_hour() -> None:
    # flat, 110 kV: 10 MW x 0.25 h x 606.7 yuan/MWh = 1516.7; 4 MW sold: 414.3; without the hours, 4 x as much
    chain = Chain(grid(), day(1), 0.25, np.array([10.0]), np.array([4.0]))
    assert chain.costs() == pytest.approx({"purchase": 10 * 0.25 * 606.69786, "sale": -414.3}, rel=1e-7)
    assert pyo.value(chain.terms[0].injection["ac"]) == 6.0  # bought less sold, into the bus
    assert chain.pairs == [("import_mw", "export_mw")]


def test_bounds_are_the_limits() -> None:
    block = Chain(grid(), day(1), 0.25, np.zeros(1), np.zeros(1)).model.interval[0]
    assert (block.import_mw.bounds, block.export_mw.bounds) == ((0, 100), (0, 50))


def test_peak_is_the_highest_import_at_the_demand_price() -> None:
    chain = Chain(grid(), day(3), 0.25, np.array([10.0, 30.0, 20.0]), np.zeros(3))
    assert chain.peak() == 30.0
    _, per, costs = chain.shared["peak_mw"]
    assert per == "month"
    assert costs == {"demand": pytest.approx(39_100.0)}  # 39.1 yuan/kW; forgetting kW per MW gives 39.1


def test_peak_so_far_is_a_floor() -> None:
    # what was drawn before the horizon is paid anyway; without the floor staying below it would seem to save
    assert Chain(grid(peak_so_far_mw=42), day(1), 0.25, np.array([10.0]), np.zeros(1)).peak() == 42.0


def test_peak_so_far_counts_in_the_first_month_only() -> None:
    floor = grid(peak_so_far_mw=42).series(park(day(4, start="2026-03-31 23:30")))["peak_floor_mw"]
    assert list(floor) == [42, 42, 0, 0]


def test_single_part_has_no_peak() -> None:
    chain = Chain(grid(scheme="single_part"), day(1), 0.25, np.array([10.0]), np.zeros(1))
    assert chain.shared == {}
    # 0.6067 - 0.1085 + 0.1316 yuan/kWh
    assert chain.costs()["purchase"] == pytest.approx(10 * 0.25 * 629.79786, rel=1e-7)


def test_five_minutes_are_averaged_to_a_quarter_hour() -> None:
    # 60, 0, 0 | 0, 30, 30 average 20 and 20; charged by the highest 5 minutes it would be 60
    bought = np.array([60.0, 0, 0, 0, 30, 30])
    assert Chain(grid(), day(6, "5min"), 1 / 12, bought, np.zeros(6)).peak() == pytest.approx(20.0)


def test_hourly_prices_are_means() -> None:
    hourly = grid().series(park(day(24, "1h", "2026-03-02"), 1.0))["purchase_price_yuan_per_mwh"]
    quarters = grid().series(park(day(96, start="2026-03-02")))["purchase_price_yuan_per_mwh"]
    np.testing.assert_allclose(hourly, quarters.reshape(24, 4).mean(axis=1))


def test_every_series_keeps_its_declared_range() -> None:
    device = grid(peak_so_far_mw=3)
    series = device.series(park(day(96)))
    assert series.keys() == device.needed_series.keys()
    for name, spec in device.needed_series.items():
        assert series[name].shape == (96,)
        assert ((series[name] >= spec.lower) & (series[name] <= spec.upper)).all()


# --- properties


@settings(max_examples=25)
@given(
    bought=st.lists(st.floats(0, 100), min_size=6, max_size=6),
    step=st.sampled_from([5, 15, 60]),
    floor=st.floats(0, 120),
)
def test_peak_agrees_with_the_self_check(bought: list[float], step: int, floor: float) -> None:
    device, times, power = grid(peak_so_far_mw=floor), day(6, f"{step}min"), np.array(bought)
    chain = Chain(device, times, step / 60, power, np.zeros(6))
    assert device.self_check(
        seen(device, times, step / 60, power, np.zeros(6), chain.peak())
    ) == pytest.approx(dict.fromkeys(CHECKS, 0.0), abs=1e-9)


# --- self-check

CHECKS = (
    "import_limit_mw",
    "export_limit_mw",
    "import_and_export_mw",
    "injection_mw",
    "import_within_peak_mw",
    "peak_is_highest_mw",
)


def seen(
    device: Grid, times: pd.DatetimeIndex, hours: float, bought: Array, sold: Array, peak_mw: float | Array
) -> Seen:
    return Seen(
        times=times,
        hours=hours,
        values={**device.series(park(times, hours)), "import_mw": bought, "export_mw": sold},
        shared={"peak_mw": np.broadcast_to(peak_mw, bought.shape)},
        injection={"ac": bought - sold},
    )


@pytest.mark.parametrize(
    ("bought", "sold", "peak", "check", "residual"),
    [
        ([103.0, 0], [0, 0], 103.0, "import_limit_mw", 3.0),
        ([-2.0, 0], [0, 0], 0.0, "import_limit_mw", 2.0),
        ([0.0, 0], [0, 57], 0.0, "export_limit_mw", 7.0),
        ([5.0, 0], [3, 0], 5.0, "import_and_export_mw", 3.0),
        ([5.0, 9], [0, 0], 6.0, "import_within_peak_mw", 3.0),
        ([5.0, 9], [0, 0], 11.0, "peak_is_highest_mw", 2.0),
    ],
)
def test_self_check_names_the_broken_rule(
    bought: list[float], sold: list[float], peak: float, check: str, residual: float
) -> None:
    device = grid()
    residuals = device.self_check(seen(device, day(), 0.25, np.array(bought), np.array(sold), peak))
    assert residuals == pytest.approx(dict.fromkeys(CHECKS, 0.0) | {check: residual})


def test_self_check_of_injection_and_of_two_months() -> None:
    device = grid(peak_so_far_mw=20)
    times = day(4, start="2026-03-31 23:30")
    bought = np.array([5.0, 9.0, 7.0, 3.0])
    good = seen(device, times, 0.25, bought, np.zeros(4), np.array([20.0, 20, 7, 7]))
    assert max(device.self_check(good).values()) == 0
    shifted = Seen(good.times, good.hours, good.values, good.shared, {"ac": bought + 1})
    assert device.self_check(shifted)["injection_mw"] == 1


def test_free_demand_leaves_the_peak_open() -> None:
    device = grid()
    spare = seen(device, day(), 0.25, np.array([5.0, 9.0]), np.zeros(2), 30.0)
    spare = Seen(
        spare.times,
        spare.hours,
        {**spare.values, "demand_price_yuan_per_mw_month": np.zeros(2)},
        spare.shared,
        spare.injection,
    )
    assert max(device.self_check(spare).values()) == 0
