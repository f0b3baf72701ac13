"""Why a plan is what it is: the gain of each block by hand, and what a little more would bring."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.models.network.blackouts import Blackout
from parkdispatch.studies.planning.plan_reasons import block_gains
from tests.support.ledgers.settled_days import DAY, hand_case

NOW: dict[str, Any] = {
    "start": "2026-07-15T10:15",
    "soc": {"battery_1": 0.42, "battery_2": 0.38},
    "peak_so_far_mw": 171.0,
}


@pytest.fixture(scope="module")
def case() -> Case:
    return pdx.load_case("gaoan")


def test_a_block_gains_what_it_avoids_less_what_was_paid(case: Case) -> None:
    """All energy was charged at the day's lowest price, and 0.94 x 0.94 of it comes out again."""
    plan = pdx.plan(case, **NOW)
    assert plan.planned is not None
    gains = block_gains(plan.planned)
    lowest = float(plan.table["grid.purchase_price_yuan_per_mwh"].min()) / 1000
    prices = {round(gain.price, 3) for gain in gains if gain.block.action == "discharge"}
    assert prices == {0.607, 0.853, 0.935}  # never the demand charge's part of the multiplier
    for gain in gains:
        if gain.block.action == "discharge":
            assert gain.stored_at == pytest.approx(lowest / 0.94**2, rel=1e-6)
            per_kwh = gain.price - lowest / 0.94**2
            assert gain.gain_yuan == pytest.approx(1000 * gain.block.energy_mwh * per_kwh, rel=1e-6)
            assert gain.at_the_margin >= gain.price - 1e-9
    # two hours at 0.935 yuan/kWh, none of them later: the next hour is cheaper
    sharp = next(gain for gain in gains if round(gain.price, 3) == 0.935)
    assert sharp.hour_later_yuan is not None
    assert sharp.hour_later_yuan <= 0


def test_what_one_more_would_bring_is_a_difference_of_optima(case: Case) -> None:
    limit = pdx.LimitOrder(device="grid", quantity="import_mw", at_most_mw=165, begin="17:00", end="21:00")
    plan = pdx.plan(case, **NOW, orders=[limit])
    looser = pdx.plan(case, **NOW, orders=[limit.model_copy(update={"at_most_mw": 166.0})])
    said = f"1 MW more would bring {plan.cost_yuan - looser.cost_yuan:,.0f} yuan in this plan: grid.import"
    assert any(note.startswith(said) for note in plan.why())
    assert sum("One more MWh of battery_" in note for note in plan.why()) == 2


def test_a_discharge_in_a_blackout_is_not_priced_by_the_tariff(tmp_path: Path) -> None:
    """8 MW for two hours without a connection: at the tariff's 510 yuan/MWh it would gain what nobody sells.

    Nothing says what 16 MWh that are not served are worth; with a price of violations they are worth that.
    """
    hand = hand_case(tmp_path)
    july = pd.date_range("2026-07-01", "2026-08-01", freq="h", inclusive="left")
    load = SeriesValues(pd.Series(8.0, index=july), "load")
    dark = Blackout(begin=datetime(2026, 7, 15, 12), end=datetime(2026, 7, 15, 14))
    grid = hand.devices["grid"].model_copy(update={"blackouts": (dark,)})
    case = replace(
        hand.with_devices({**hand.devices, "grid": grid}), series={**hand.series, ("load", "demand_mw"): load}
    )
    plain = pdx.plan(case, day=DAY)
    assert plain.planned is not None
    (gain,) = [g for g in block_gains(plain.planned) if g.block.first.hour == 12]
    assert (gain.gain_yuan, gain.block.energy_mwh) == (None, pytest.approx(16.0))
    assert any("serves 16.00 MWh in a blackout that nothing else could" in line for line in plain.why())
    others = [g for g in block_gains(plain.planned) if g.block.first.hour != 12]
    assert others
    assert all(g.gain_yuan is not None for g in others)
    priced = pdx.plan(case, day=DAY, soft_yuan_per_mwh=5000.0)
    assert priced.planned is not None
    (gain,) = [g for g in block_gains(priced.planned) if g.block.first.hour == 12]
    assert gain.price == pytest.approx(5.0)  # yuan/kWh
