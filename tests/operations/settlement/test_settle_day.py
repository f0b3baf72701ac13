"""Days settled by hand, each with one cause; causes that add up; a bill that says the same."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.settlement.day_record import settleable
from parkdispatch.operations.settlement.settle_day import settle_day
from parkdispatch.operations.settlement.shapley import shapley_values
from parkdispatch.results.settlement.day_settlement import DayMoney, Settlement, unbalanced_yuan
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.ledgers.settled_days import flat, hand_case, planned, record

CONTEXT = SolveContext(SolveOptions())
NONE = flat(0.0)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return hand_case(tmp_path_factory.mktemp("park"))


@pytest.fixture(scope="module")
def plan(case: Case) -> pd.DataFrame:
    """Load 100 MW: 20 MWh stored in the valley, 1:00 to 6:00, and drawn in the peak, 17:00 to 22:00."""
    return planned(case, flat(100.0), NONE)


def approx(energy: float = 0.0, stored: float = 0.0, peak: float = 0.0) -> Sequence[float]:
    return pytest.approx([energy, stored, peak], abs=1e-6)  # type: ignore[no-any-return]


def lines(money: DayMoney) -> list[float]:
    return [money.energy, money.stored, money.peak]


def test_a_day_as_planned_has_lost_nothing(case: Case, plan: pd.DataFrame) -> None:
    settled = settle_day(record(case, plan, flat(100.0), NONE), CONTEXT)
    # 100 MW: 5 h at 750, 5 h at 270, 14 h at 510; the battery moves 20 MWh from 750 to 270
    assert lines(settled.actual) == approx(100 * (5 * 750 + 5 * 270 + 14 * 510) - 20 * 480)
    assert lines(settled.planned) == lines(settled.actual) == approx(*lines(settled.foresight))
    assert {cause: lines(money) for cause, money in settled.losses.items()} == {
        "start": approx(),
        "following": approx(),
    }


def test_a_battery_that_stays_full_has_not_followed(case: Case, plan: pd.DataFrame) -> None:
    set_points = (plan["battery", "discharge_mw"] - plan["battery", "charge_mw"]).to_numpy(copy=True)
    set_points[17:22] = 0.0
    settled = settle_day(
        record(case, plan, flat(100.0), NONE, set_points_mw={"battery": set_points}), CONTEXT
    )
    # 20 MWh bought at 750 that the battery was to give; they are still in it, worth the valley's 270 each
    assert lines(settled.losses["following"]) == approx(20 * 750, -20 * 270)
    assert settled.lost.total == pytest.approx(20 * 480)


def test_an_outage_that_the_plan_did_not_know(case: Case, plan: pd.DataFrame) -> None:
    outage = RecordedOutage("battery", datetime(2026, 7, 15, 17), datetime(2026, 7, 15, 22))
    settled = settle_day(
        record(case, plan, flat(100.0), NONE, outages=(outage,), planned_outages=()), CONTEXT
    )
    # foresight draws the valley's 20 MWh in flat hours, at 510; the plan keeps them for a peak
    assert lines(settled.losses["outage"]) == approx(20 * 510, -20 * 270)
    assert settled.losses.keys() == {"outage", "start", "following"}
    known = settle_day(
        record(case, plan, flat(100.0), NONE, outages=(outage,), planned_outages=(outage,)), CONTEXT
    )
    assert "outage" not in known.losses


def test_a_load_that_was_not_forecast_sets_the_month_s_peak(tmp_path: Path) -> None:
    case = hand_case(tmp_path, peak_so_far_mw=110.0)
    plan = planned(case, flat(100.0), NONE)
    settled = settle_day(record(case, plan, flat(100.0, h12=120.0), NONE), CONTEXT)
    # the battery could have held 110 MW: 10 of its 20 MWh drawn at noon, at 510, and not in the peak, at 750
    assert lines(settled.losses["load"]) == approx(-10 * 240, peak=10 * 39_100)
    assert settled.five_lines["peak"] == pytest.approx(391_000)
    assert settled.actual_volumes.peak_mw == pytest.approx(120.0)
    assert settled.foresight_volumes.peak_mw == pytest.approx(110.0)


def test_sun_that_did_not_come(case: Case) -> None:
    load, forecast = flat(100.0, h12=10.0), flat(0.0, h12=60.0)
    plan = planned(case, load, forecast)
    assert float(plan["battery", "charge_mw"].iloc[12]) == pytest.approx(
        10.0
    )  # surplus, sold at 200 otherwise
    assert lines(settle_day(record(case, plan, load, forecast), CONTEXT).lost) == approx()
    settled = settle_day(record(case, plan, load, NONE), CONTEXT)
    # these 10 MWh are bought at 510; foresight stores them in the valley, at 270
    assert lines(settled.losses["sources"]) == approx(10 * 240)
    assert lines(settled.lost) == approx(10 * 240)
    assert settled.planned_volumes.sources_mwh - settled.actual_volumes.sources_mwh == pytest.approx(60.0)


def test_the_meter_of_the_connection_has_the_last_word(case: Case, plan: pd.DataFrame) -> None:
    metered = plan["grid", "import_mw"].to_numpy() + 1.0  # 1 MW that no other meter has
    set_points = (plan["battery", "discharge_mw"] - plan["battery", "charge_mw"]).to_numpy()
    meters = {"exchange_mw": {"grid": (metered, NONE)}, "set_points_mw": {"battery": set_points}}
    day = record(case, plan, flat(100.0), NONE, **meters)
    settled = settle_day(day, CONTEXT)
    assert lines(settled.losses["meters"]) == approx(5 * 750 + 5 * 270 + 14 * 510)
    assert lines(settled.losses["following"]) == approx()


def test_a_state_of_charge_that_the_plan_did_not_know(case: Case) -> None:
    free = case.with_(battery={"max_cycles_per_day": None})
    plan = planned(free, flat(100.0), NONE)
    settled = settle_day(record(free, plan, flat(100.0), NONE, soc={"battery": 0.5}), CONTEXT)
    # foresight draws the 10 MWh before the valley, at 510; the plan cannot store as much as it meant to
    assert lines(settled.losses["start"]) == approx(10 * 510 - 10 * 270)
    assert lines(settled.lost) == approx(2400.0)


@pytest.mark.parametrize("seed", range(3))
def test_the_causes_add_up(tmp_path: Path, seed: int) -> None:
    random = np.random.default_rng(seed)
    case = hand_case(tmp_path, random.uniform(90, 150))
    load, pv = random.uniform(60, 140, 48), np.zeros(48)
    pv[[*range(9, 17), *range(33, 41)]] = random.uniform(0, 60, 16)  # by day
    plan = planned(case, load[:24], pv[:24])
    outage = RecordedOutage("battery", datetime(2026, 7, 15, 19), datetime(2026, 7, 15, 21), 0.5)
    exchange = np.maximum(load[24:] - pv[24:], 0.0), np.maximum(pv[24:] - load[24:], 0.0)
    meters = {"exchange_mw": {"grid": exchange}, "outages": (outage,), "planned_outages": ()}
    settled: Settlement = settle_day(record(case, plan, load[24:], pv[24:], **meters), CONTEXT)
    assert settled.solves == 8
    assert unbalanced_yuan(settled) <= 1e-6
    assert sum(settled.five_lines.values()) == pytest.approx(settled.lost.total, abs=1e-6)
    assert (
        settled.lost.energy + settled.lost.peak > -20 * 750
    )  # no day beats foresight by more than it borrows


def test_the_shapley_value_of_a_game_known_by_hand() -> None:
    """Two gloves: the left ones of a and b, the right one of c (Shapley's value: 1/6, 1/6, 4/6)."""

    def worth(owners: frozenset[str]) -> DayMoney:
        return DayMoney(energy=1.0 if "c" in owners and owners & {"a", "b"} else 0.0, peak=len(owners))

    shares = shapley_values(["a", "b", "c"], worth)
    assert [share.energy for share in shares.values()] == pytest.approx([1 / 6, 1 / 6, 4 / 6])
    assert [share.peak for share in shares.values()] == pytest.approx([1.0, 1.0, 1.0])


def test_a_park_that_cannot_be_settled_is_refused(case: Case) -> None:
    """Without a connection there is nothing to pay."""
    with pytest.raises(InputError, match="has no connection: a settlement must have one at least"):
        settleable(case.with_devices({name: d for name, d in case.devices.items() if name != "grid"}))
