"""The tiled arrays are the plain Pyomo model: column by column, row by row, entry by entry.

The model is read here with Pyomo's standard representation, by names, without the template compiler.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any, ClassVar, Literal

import numpy as np
import pyomo.environ as pyo
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.models.device import SeriesSpec
from parkdispatch.models.vocabulary import DailyWindow, Interval, Period, Terms, TimeSpan
from parkdispatch.optimizer.formulation.functionals import NotAffineError
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from tests.support.parks.reference_model import assert_tiled_is_reference, of_tiled
from tests.support.small_parks import Bare, Decisions, Everything, SmallPark

# so close to the end of a month that a horizon of any length may cross days, the month or neither
STARTS = ["2026-07-31 22:00", "2026-07-30 12:00", "2026-07-15 00:00", "2026-12-31 23:00", "2028-02-28 23:00"]


@st.composite
def parks(draw: st.DrawFn) -> SmallPark:
    """A park of any devices on a short horizon, with series of any sign."""
    minutes = draw(st.sampled_from([5, 15, 60]))
    count = draw(st.integers(1, 40))
    park = SmallPark(count, minutes, draw(st.sampled_from(STARTS)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def some(lower: float, upper: float) -> Any:
        return random.uniform(lower, upper, count) * (random.random(count) < 0.8)  # zeros, too

    share = st.sampled_from([0.0, 0.3, 0.5, 0.94, 1.0])
    size = st.one_of(
        st.sampled_from([0.0, 2.5, 40.0]),
        st.builds(
            lambda least, more, cost: {"min": least, "max": least + more, "cost_yuan_per_unit": cost},
            *[st.sampled_from([0.0, 1.0, 7.5])] * 3,
        ),
    )
    if draw(st.booleans()):
        two_part = draw(st.booleans())
        park.grid(
            some(-100, 900),
            some(-100, 500),
            import_limit=some(0, 30),
            export_limit=some(0, 30),
            demand=some(0, 5000) if two_part else None,
            peak_so_far=some(0, 20),
        )
    if draw(st.booleans()):
        park.load(some(0, 20))
    if draw(st.booleans()):
        park.pv(some(0, 20))
    if draw(st.booleans()):
        park.source(some(2, 9), some(-5, 5), some(0, 2), bus="dc")
    for number in range(draw(st.integers(0, 2))):
        power = draw(size)
        most = power["max"] if isinstance(power, dict) else power
        park.battery(
            f"battery_{number}",
            power_mw=power,
            min_charge_mw=draw(st.sampled_from([0.0, 0.4])) * most,
            min_discharge_mw=draw(st.sampled_from([0.0, 1.0])) * most,
            energy_mwh=draw(size),
            soc_min=0.1,
            soc_max=0.9,
            initial_soc=draw(st.sampled_from([0.1, 0.5])),
            final_soc=draw(st.sampled_from([None, 0.1, 0.9])),
            eta_charge=draw(st.sampled_from([0.5, 0.94, 1.0])),
            eta_discharge=draw(st.sampled_from([0.5, 0.94, 1.0])),
            self_discharge_per_hour=draw(share),
            auxiliary_share=draw(share),
            wear_yuan_per_mwh=draw(st.sampled_from([0.0, 20.0])),
            max_cycles_per_day=draw(st.sampled_from([None, 0.5, 2.0])),
            state_of_health=draw(st.sampled_from([1.0, 0.8])),
            charge_from_grid=draw(st.booleans()),
            discharge_to_grid=draw(st.booleans()),
        )
    words = draw(st.integers(0, 2)) if park.devices else 1
    for number in range(words):
        per = st.sampled_from(["day", "month", "horizon"])
        device = Everything(per=draw(per), other=draw(per))
        park.add(f"every_{number}", device, top=some(0.1, 3), price=some(-2, 2), limit=some(-1, 1))
    return park


@pytest.mark.slow
@settings(max_examples=12, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(parks())
def test_tiled_is_reference(park: SmallPark) -> None:
    assert_tiled_is_reference(park)


@pytest.mark.parametrize("count", [1, 2, 26, 50])
def test_every_word_across_days_and_months(count: int) -> None:
    """Not by chance: one park with every word, over one, two and three days and two months."""
    random = np.random.default_rng(count)
    park = SmallPark(count, 60, "2026-07-30 23:00").load(random.uniform(0, 9, count))
    park.grid(random.uniform(-9, 99, count), 5, demand=random.uniform(0, 99, count), peak_so_far=3)
    for number, (per, other) in enumerate([("day", "month"), ("month", "horizon"), ("horizon", "day")]):
        series = {name: random.uniform(0.1, 2, count) for name in ("top", "price", "limit")}
        park.add(f"every_{number}", Everything.model_validate({"per": per, "other": other}), **series)
    tiled = park.tiled()
    days, months = len(park.horizon.labels("day")), len(park.horizon.labels("month"))
    # each of the three has two decisions, in every period twice; the grid's peak is one a month
    decisions = 2 * (days + months + 1) + months
    assert tiled.shared_starts[-1] - tiled.shared_starts[0] == decisions
    assert_tiled_is_reference(park)


PERIODS = [
    *("day", "week", "month", "year", "horizon"),
    DailyWindow(time(8), time(12, 30)),
    DailyWindow(time(22), time(6)),
    DailyWindow(time(5), time(5)),
    TimeSpan(datetime(2026, 7, 31, 1), datetime(2026, 7, 31, 4)),
]


@pytest.mark.parametrize("count", [1, 3, 60])
@pytest.mark.parametrize("per", PERIODS, ids=str)
def test_decisions_memories_and_windows(count: int, per: Period) -> None:
    random = np.random.default_rng(count)
    park = SmallPark(count, 60, "2026-07-30 23:00").load(random.uniform(0, 9, count)).grid(5.0)
    park.grid(7.0, 5.0, export_limit=9, name="second", bus="other")
    park.add(
        "decisions", Decisions(per=per), top=random.uniform(0, 2, count), price=random.uniform(0, 9, count)
    )
    assert_tiled_is_reference(park)


def test_a_part_of_the_binaries() -> None:
    """Binaries asked for in some intervals only are those of the whole, and no others."""
    park = SmallPark(5).grid([1, 2, 3, 4, 5], 9, import_limit=[7, 6, 5, 4, 3], export_limit=8).load(2)
    park.add("every", Everything(), top=[1, 2, 1, 2, 1], price=1.5, limit=0).battery()
    tiled = park.tiled()
    every = np.ones((len(tiled.template.pairs), 5), dtype=bool)
    some = np.zeros_like(every)
    some[0, [0, 3]] = some[1, 4] = True  # none of the third
    whole, part = of_tiled(tiled, every), of_tiled(tiled, some)
    assert sum(binary for *_, binary in part.columns.values()) == 3
    assert len(part.rows) == len(tiled.program.row_lower) + 6
    for name, row in part.rows.items():
        assert row == whole.rows[name], name
    for name, column in part.columns.items():
        assert column == whole.columns[name], name


# --- promises a device may break


class Breaker(Bare):
    """A device that uses its series, or a variable, in another than an affine way."""

    how: Literal[
        "product", "square", "ratio", "inverse", "absolute", "logarithm", "bound", "shared cost", "initial",
        "variable squared", "variable over series"
    ]  # fmt: skip
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {n: SeriesSpec(title=n, unit="") for n in ("p", "q")}

    def interval(self, block: Any, interval: Interval) -> Terms:
        p, q = interval.series("p"), interval.series("q")
        block.v = pyo.Var(bounds=(0, p * q if self.how == "bound" else 1))
        v = block.v
        if self.how == "initial":
            block.c = pyo.Constraint(expr=v >= interval.previous(v, p * q) - 1)
        if self.how == "shared cost":
            interval.shared("s", "day", 0, 1, costs={"s": p * q})
        factor = {
            "product": lambda: p * q,
            "square": lambda: p * p,
            "ratio": lambda: p / q,
            "inverse": lambda: 3 / p,
            "absolute": lambda: abs(p),
            "logarithm": lambda: pyo.log(p),
            "variable squared": lambda: v,
            "variable over series": lambda: v / p,
        }
        return Terms({self.bus: v}, {"paid": v * factor.get(self.how, lambda: 1.0)()})


@pytest.mark.parametrize("how", Breaker.model_fields["how"].annotation.__args__)  # type: ignore[union-attr]
@pytest.mark.filterwarnings("ignore")
def test_broken_promise_is_refused(how: str) -> None:
    """The author of the device is told which one it is."""
    park = SmallPark(2).grid(1).load(1)
    devices = park.devices | {"breaker": Breaker.model_validate({"how": how})}
    with pytest.raises(NotAffineError, match="breaker"):
        compile_template(devices, 1.0)


def test_affine_is_accepted() -> None:
    """A sum of series, times a constant, times a variable is affine; a constant cost is, too."""
    assert compile_template({"every": Everything()}, 0.25).series == [
        ("every", "top"),
        ("every", "price"),
        ("every", "limit"),
    ]
