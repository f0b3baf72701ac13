"""What scenarios say of choices, worked by hand and counted a second time without arrays."""

import math
import statistics
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from parkdispatch.results.sizing.risk import (
    FIGURES,
    choice_by_rule,
    distribution,
    drivers,
    regret,
    risk_dataset,
    tail_mean,
    uncertain_values,
)
from parkdispatch.results.sizing.sizing_results import Choice


def dataset(npv: Sequence[Sequence[float]], **doubts: Sequence[float]) -> xr.Dataset:
    """Of NPVs by scenario and choice, the other figures being others."""
    values = np.asarray(npv, dtype=np.float64)
    figures = np.stack([values, values / 100, values + 1, values + 2], axis=1)
    choices = [Choice(f"c{n}", f"choice {n}", "", 0.0, 0.0, 0.0) for n in range(values.shape[1])]
    return risk_dataset(choices, pd.DataFrame(doubts, index=range(len(values))), figures)


# five scenarios; c0 is to build nothing, c1 is steady, c2 is wild
HAND = [[0, 10, -40], [0, 20, 100], [0, -10, -60], [0, 30, 150], [0, 0, 50]]
VALLEY = [1.0, 0.0, 1.0, 0.0, 0.0]
LEVEL = [3.0, 4.0, 1.0, 5.0, 2.0]


def hand() -> xr.Dataset:
    return dataset(HAND, valley=VALLEY, level=LEVEL, still=[7.0] * 5)


def test_the_dataset_has_each_figure_with_its_unit() -> None:
    risk = hand()
    assert [str(name) for name in risk.data_vars] == [*FIGURES, "doubted"]
    assert risk["npv_yuan"].dims == ("scenario", "choice") and risk["npv_yuan"].attrs["units"] == "yuan"
    assert float(risk["investment_yuan"].sel(scenario=1, choice="c2")) == 102
    assert float(risk["irr"].sel(scenario=1, choice="c1")) == 0.2
    assert uncertain_values(risk, "level").tolist() == LEVEL


def test_distributions_by_hand() -> None:
    """c2: -60, -40, 50, 100, 150. Mean 40; two of five lose; the worst 30 % are -60 and half of -40."""
    spread = distribution(hand(), 0.3)
    c1, c2 = spread.loc["c1"], spread.loc["c2"]
    assert c2["mean_yuan"] == 40 and c1["mean_yuan"] == 10
    assert c2["std_yuan"] == pytest.approx(math.sqrt((100**2 + 80**2 + 10**2 + 60**2 + 110**2) / 5))
    assert (c2["worst_yuan"], c2["q25_yuan"], c2["q50_yuan"], c2["q75_yuan"], c2["best_yuan"]) == (
        -60, -40, 50, 100, 150,
    )  # fmt: skip
    assert c2["q05_yuan"] == pytest.approx(-60 + 0.2 * 20) and c2["q95_yuan"] == pytest.approx(140)
    assert c2["loss_share"] == 0.4 and c1["loss_share"] == 0.2, "an NPV of 0 is no loss"
    assert c2["cvar_yuan"] == pytest.approx((-60 - 0.5 * 40) / 1.5)
    assert c1["cvar_yuan"] == pytest.approx(-10 / 1.5)
    assert c1["most_regret_yuan"] == 120 and c2["mean_regret_yuan"] == pytest.approx(
        (50 + 0 + 60 + 0 + 0) / 5
    )


def test_regret_by_hand() -> None:
    """Best are c1, c2, c0, c2, c2."""
    assert regret(hand()).to_numpy().tolist() == [
        [10, 0, 50], [100, 80, 0], [0, 10, 60], [150, 120, 0], [50, 50, 0],
    ]  # fmt: skip


def test_the_choice_by_each_rule() -> None:
    """In the mean c2, in the worst and in the worst 30 % nothing, by regret c2, which misses 60 at most."""
    assert choice_by_rule(hand(), 0.3) == {"expected": "c2", "worst": "c0", "cvar": "c0", "regret": "c2"}
    assert choice_by_rule(hand(), 1.0)["cvar"] == "c2", "the worst of all is the mean"
    assert choice_by_rule(dataset([[5, 5], [5, 5]]), 0.1) == dict.fromkeys(
        ("expected", "worst", "cvar", "regret"), "c0"
    )


def test_drivers_by_hand() -> None:
    """With the valley c2 always loses and is worth -50; without, never, and 100.

    Ranks of the level 3 4 1 5 2, of NPV 2 4 1 5 3: they differ by 1 0 0 0 1, so rho is 1 - 6 * 2 / 120 = 0.9.
    """
    level, valley = drivers(hand(), "c2")
    assert (level.name, valley.name) == ("level", "valley"), (
        "what does not vary is named, or the order is wrong"
    )
    assert level.swing_yuan == 210
    assert valley.loss_share == {0.0: 0.0, 1.0: 1.0} and level.loss_share is None
    assert (valley.low, valley.high, valley.low_npv_yuan, valley.high_npv_yuan) == (0, 1, 100, -50)
    assert valley.swing_yuan == 150
    # a fifth of five is one scenario; linear quantiles of 1..5 at 0.2 and 0.8 are 1.8 and 4.2
    assert (level.low, level.high) == pytest.approx((1.8, 4.2))
    assert (level.low_npv_yuan, level.high_npv_yuan) == (-60, 150)
    assert level.rank_correlation == pytest.approx(0.9)
    assert all(driver.rank_correlation == 0 and driver.swing_yuan == 0 for driver in drivers(hand(), "c0"))


@given(
    st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=40),
    st.floats(0.01, 1.0),
)
def test_cvar_is_the_best_of_what_rockafellar_and_uryasev_maximise(values: list[float], tail: float) -> None:
    """Max over t of t - E[(t - value)+] / tail, which is reached at one of the values."""
    other = max(t - statistics.fmean(max(0.0, t - v) for v in values) / tail for t in values)
    scale = max(1.0, max(map(abs, values)))
    assert tail_mean(np.array(values), tail) == pytest.approx(other, rel=1e-9, abs=1e-7 * scale)


def slow_ranks(values: Sequence[float]) -> list[float]:
    """One more than how many are less, and half of the others that are equal."""
    return [1 + sum(o < v for o in values) + (sum(o == v for o in values) - 1) / 2 for v in values]


def test_all_of_it_again_without_arrays() -> None:
    """300 scenarios of three choices and two doubts, one of them with many equal values."""
    drawn = np.random.default_rng(3)
    price, valley = drawn.uniform(0.4, 1.1, 300), drawn.integers(0, 2, 300).astype(float)
    steps = drawn.integers(0, 4, 300).astype(float)
    npv = np.stack([0 * price, 5 - 8 * price + valley + drawn.normal(0, 1, 300),
                    9 - 15 * price + 3 * valley + steps], axis=1)  # fmt: skip
    risk = dataset(npv.tolist(), price=price.tolist(), valley=valley.tolist(), steps=steps.tolist())
    table, rows = distribution(risk, 0.1), npv.tolist()
    for number, key in enumerate(("c0", "c1", "c2")):
        ordered = sorted(row[number] for row in rows)
        missed = [max(row) - row[number] for row in rows]
        line = table.loc[key]
        assert line["mean_yuan"] == pytest.approx(statistics.fmean(ordered))
        assert line["std_yuan"] == pytest.approx(statistics.pstdev(ordered))
        assert line["loss_share"] == sum(v < 0 for v in ordered) / 300
        assert line["cvar_yuan"] == pytest.approx(statistics.fmean(ordered[:30]))
        assert line["q50_yuan"] == pytest.approx(statistics.median(ordered))
        assert (line["worst_yuan"], line["best_yuan"]) == (ordered[0], ordered[-1])
        assert line["mean_regret_yuan"] == pytest.approx(statistics.fmean(missed))
        assert line["most_regret_yuan"] == max(missed)
    picked = choice_by_rule(risk, 0.1)
    assert picked["expected"] == max(("c0", "c1", "c2"), key=lambda k: table.loc[k, "mean_yuan"])
    values = {"price": price.tolist(), "valley": valley.tolist(), "steps": steps.tolist()}
    worth = npv[:, 2].tolist()
    driver_of = {driver.name: driver for driver in drivers(risk, "c2")}
    assert [driver.swing_yuan for driver in driver_of.values()] == sorted(
        (o.swing_yuan for o in driver_of.values()), reverse=True
    )
    for name, driver in driver_of.items():
        rho = statistics.correlation(slow_ranks(values[name]), slow_ranks(worth))
        assert driver.rank_correlation == pytest.approx(rho)
    lows = sorted(zip(price.tolist(), worth, strict=True))
    assert driver_of["price"].low_npv_yuan == pytest.approx(statistics.fmean(v for _, v in lows[:60]))
    assert driver_of["price"].high_npv_yuan == pytest.approx(statistics.fmean(v for _, v in lows[-60:]))
    with_it = [w for w, v in zip(worth, valley.tolist(), strict=True) if v == 1.0]
    assert driver_of["valley"].loss_share is not None
    assert driver_of["valley"].loss_share[1.0] == sum(w < 0 for w in with_it) / len(with_it)
