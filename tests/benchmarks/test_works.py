"""The instance `works`: every tool that takes part finds the same optimum, which is that of sums by hand."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.instance import EQUAL, GAP, name_of
from benchmarks.make import make_year
from benchmarks.peers import PEERS, Answer, Peer, make_peer
from benchmarks.table import INSTANCES
from benchmarks.works.works_declared import declared_works
from benchmarks.works.works_instance import WORKS, Works, load_works
from benchmarks.works.works_make import make_works

LIMIT_S = 60.0


@pytest.fixture(scope="module")
def day() -> Works:
    return make_works(make_year(), "day")


def solved(who: str, works: Works) -> tuple[Peer, Answer]:
    peer = make_peer(who, WORKS)
    peer.read(works)
    peer.build()
    peer.hand_over()
    peer.solve(LIMIT_S)
    return peer, peer.extract()


@pytest.fixture(scope="module")
def certified_yuan(day: Works) -> float:
    return solved("parkdispatch", day)[1].objective_yuan


@pytest.mark.filterwarnings("ignore")  # of other people's libraries
@pytest.mark.parametrize("who", [who for who, entry in PEERS.items() if entry.takes_part(WORKS)])
def test_everybody_finds_the_same_optimum(who: str, day: Works, certified_yuan: float) -> None:
    for needed in PEERS[who].needs:
        pytest.importorskip(needed)
    peer, answer = solved(who, day)
    assert answer.finished
    assert answer.objective_yuan == pytest.approx(certified_yuan, rel=EQUAL)
    assert answer.bound_yuan <= certified_yuan * (1 + EQUAL)
    assert answer.bound_yuan >= answer.objective_yuan * (1 - 2 * GAP)
    assert answer.import_mw.shape == answer.energy_mwh.shape == (96,)
    assert answer.energy_mwh[-1] == pytest.approx(day.store.final_mwh, abs=1e-6)
    assert peer.sizes().binaries in (96, 192, 288)  # on; perhaps starts and stops too


def plain(day: Works) -> Works:
    """The day without a battery and sun, at a load of 12 MW; the unit's starts are too dear."""
    store = replace(day.store, power_mw=0.0, kept=1.0)
    return replace(
        day,
        stores=(store,),
        unit=replace(day.unit, start_yuan=1e7),
        load_mw=np.full(96, 12.0),
        pv_mw=np.zeros(96),
    )


def test_the_objective_is_what_the_instance_says(day: Works) -> None:
    """By hand: load bought; sun through the link; a cheap unit, started once and for all."""
    bare = plain(day)
    buy = day.hours * day.buy_yuan_per_mwh.sum()
    sunny = replace(bare, pv_mw=np.full(96, 10.0))
    cheap = replace(day.unit, start_yuan=1500.0, running_yuan_per_h=50.0, fuel_yuan_per_mwh=100.0)
    for works, expected_yuan in (
        (bare, 12.0 * buy),
        (sunny, (12.0 - 0.97 * 10.0) * buy),
        (replace(bare, unit=cheap), (12.0 - 5.0) * buy + 1500.0 + 24 * (50.0 + 5.0 * 100.0)),
    ):
        _, answer = solved("pyomo-appsi", works)
        assert answer.objective_yuan == pytest.approx(expected_yuan, rel=1e-9)


def test_the_unit_costs_what_its_efficiency_says(day: Works) -> None:
    """240 yuan/MWh of fuel; 5 MW at 41 % take 12.195 MW of it, 2.5 MW at 36 % take 6.944 MW."""
    unit = day.unit
    at_rated = unit.running_yuan_per_h + unit.rated_mw * unit.fuel_yuan_per_mwh
    at_least = unit.running_yuan_per_h + unit.least_mw * unit.fuel_yuan_per_mwh
    assert at_rated == pytest.approx(240 * 5.0 / 0.41)
    assert at_least == pytest.approx(240 * 2.5 / 0.36)


def test_a_pair_that_could_pay_is_refused(day: Works) -> None:
    """Else peers without words for exclusive pairs would have another problem."""
    day.check()
    with pytest.raises(ValueError, match="selling pays what buying costs"):
        replace(day, sell_yuan_per_mwh=day.buy_yuan_per_mwh).check()
    with pytest.raises(ValueError, match="a price is below zero"):
        replace(day, sell_yuan_per_mwh=day.sell_yuan_per_mwh - 301.0).check()
    with pytest.raises(ValueError, match="the unit's least power is above a load"):
        replace(day, load_mw=np.full(96, 2.0)).check()


def test_an_instance_survives_its_file(day: Works, tmp_path: Path) -> None:
    day.save(tmp_path / "day.npz")
    assert name_of(tmp_path / "day.npz") == WORKS
    again = load_works(tmp_path / "day.npz")
    for field in fields(day):
        assert np.array_equal(getattr(day, field.name), getattr(again, field.name)), field.name


def test_another_device_is_not_declared_as_ours(day: Works) -> None:
    with pytest.raises(ValueError, match="made from other devices"):
        declared_works(replace(day, unit=replace(day.unit, start_yuan=1.0)))


def test_it_is_a_part_of_the_tables() -> None:
    assert WORKS in INSTANCES
    assert not PEERS["scipy"].takes_part(WORKS)
    assert PEERS["pypsa"].takes_part(WORKS)
