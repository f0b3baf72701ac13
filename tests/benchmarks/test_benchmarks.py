"""What is timed is what is tested: every tool finds the same optimum, and the tables say what happened."""

import json
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks import __main__ as command
from benchmarks import harness
from benchmarks.figures import exponent, gather, growth
from benchmarks.harness import Row, as_json, disagreements, from_json
from benchmarks.instance import EQUAL, GAP, Instance, load
from benchmarks.make import INSTANCES, make_instance, make_year
from benchmarks.peers import PEERS, Answer, Peer, make_peer
from benchmarks.solves.shorter import QUANTITIES, finer
from benchmarks.table import render, write_csv
from parkdispatch.inputs.prepare import Prepared
from tests.support.paths import ROOT, environment

LIMIT_S = 60.0


@pytest.fixture(scope="module")
def year() -> Prepared:
    return make_year()


@pytest.fixture(scope="module")
def days(year: Prepared) -> dict[str, Instance]:
    return {name: make_instance(year, name, "day") for name in INSTANCES}


def solved(who: str, instance: Instance) -> tuple[Peer, Answer]:
    peer = make_peer(who, instance.name)
    peer.read(instance)
    peer.build()
    peer.hand_over()
    peer.solve(LIMIT_S)
    return peer, peer.extract()


@pytest.fixture(scope="module")
def certified(days: dict[str, Instance]) -> dict[str, float]:
    return {name: solved("parkdispatch", day)[1].objective_yuan for name, day in days.items()}


@pytest.mark.filterwarnings("ignore")  # of other people's libraries
@pytest.mark.parametrize("name", INSTANCES)
@pytest.mark.parametrize("who", PEERS)
def test_everybody_finds_the_same_optimum(
    who: str, name: str, days: dict[str, Instance], certified: dict[str, float]
) -> None:
    entry, day = PEERS[who], days[name]
    if name not in entry.instances:
        pytest.skip("has no word for the exclusive pairs")
    for needed in entry.needs:
        pytest.importorskip(needed)
    peer, answer = solved(who, day)
    assert answer.finished
    if name == "gaoan" and not entry.exact:
        assert answer.objective_yuan < certified[name] * (1 - 1e-3)  # a bound, and no answer
        return
    assert answer.objective_yuan == pytest.approx(certified[name], rel=EQUAL)
    assert answer.bound_yuan <= certified[name] * (1 + EQUAL)
    assert answer.bound_yuan >= answer.objective_yuan * (1 - 2 * GAP)
    assert answer.import_mw.shape == answer.energy_mwh.shape == (96,)
    assert answer.energy_mwh[-1] == pytest.approx(sum(s.final_mwh for s in day.stores), abs=1e-6)
    sizes = peer.sizes()
    assert sizes.columns >= 96 * 9 + 1
    if who not in ("parkdispatch", "highs-milp"):  # the first decides itself how many it needs
        assert sizes.binaries == (96 * 3 if name == "gaoan" else 0)


def test_the_objective_is_what_the_instance_says(days: dict[str, Instance]) -> None:
    """Priced from the import alone: with nothing sold and no wear, energy bought plus the month's peak."""
    day = replace(days["gaoan-lp"], pv_mw=0.0 * days["gaoan-lp"].pv_mw)
    _, answer = solved("highs-lp", day)
    energy = day.hours * (day.buy_yuan_per_mwh @ answer.import_mw)
    assert answer.objective_yuan == pytest.approx(
        energy + day.demand_yuan_per_mw[0] * answer.import_mw.max(), rel=1e-9
    )


def test_an_instance_survives_its_file(days: dict[str, Instance], tmp_path: Path) -> None:
    day = days["gaoan"]
    day.save(tmp_path / "day.npz")
    again = load(tmp_path / "day.npz")
    for field in fields(day):
        assert np.array_equal(getattr(day, field.name), getattr(again, field.name)), field.name


def test_ten_years_repeat_the_year(year: Prepared) -> None:
    ten = make_instance(year, "gaoan", "ten years")
    times = pd.DatetimeIndex(ten.times)
    assert len(ten) == (365 * 10 + 2) * 96  # 2028 and 2032 have a day more
    assert (np.diff(ten.times) == np.timedelta64(15, "m")).all()
    assert ten.month[-1] == 119
    assert len(ten.demand_yuan_per_mw) == 120
    load_mw = pd.Series(ten.load_mw, times)
    for date in ("12-31", "03-01", "02-28"):
        assert np.array_equal(load_mw[f"2032-{date}"], load_mw[f"2026-{date}"])
    assert np.array_equal(load_mw["2028-02-29"], load_mw["2026-02-28"])


def test_shorter_steps_are_the_same_year(year: Prepared) -> None:
    """Each quarter-hour keeps its price and, but for the ends and its bends, its energy."""
    devices, times, hours, series = finer(year, "gaoan", 5)
    assert (len(times), hours) == (3 * len(year.times), pytest.approx(year.hours / 3))
    assert devices is year.case.devices
    price = series["grid", "purchase_price_yuan_per_mwh"].reshape(-1, 3)
    assert (price == year.series["grid", "purchase_price_yuan_per_mwh"][:, None]).all()
    assert series["grid", "quarter_continues"].reshape(-1, 3).tolist()[0] == [0.0, 1.0, 1.0]
    for key in (key for key in series if key[1] in QUANTITIES):
        assert series[key].sum() * hours == pytest.approx(year.series[key].sum() * year.hours, rel=1e-3)
        assert series[key].min() >= 0.0


def test_the_worker_prints_one_line_of_json(days: dict[str, Instance], tmp_path: Path) -> None:
    path = tmp_path / "day.npz"
    days["gaoan-lp"].save(path)
    row = harness.run_once("highs-lp", "gaoan-lp", "day", path, LIMIT_S)
    assert row.outcome == "optimal", row.why
    assert set(row.said["phases_s"]) == set(harness.PHASES)
    assert row.wall_s > row.said["in_process_s"] > row.work_s > 0
    assert row.peak_memory_mb > 20
    assert row.said["versions"]["highspy"]
    assert from_json(as_json(row)) == row


def test_a_run_is_killed_at_its_limit(days: dict[str, Instance], tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(harness, "GRACE_S", 0.0)
    path = tmp_path / "day.npz"
    days["gaoan-lp"].save(path)
    assert harness.run_once("highs-lp", "gaoan-lp", "day", path, 0.05).outcome == "killed"


def row(who: str, horizon: str, seconds: float, **changes: Any) -> Row:
    said = {
        "phases_s": {phase: seconds / 4 if phase in harness.WORK else 0.5 for phase in harness.PHASES},
        "intervals": {"day": 96, "month": 3000, "year": 30000, "ten years": 300000}[horizon],
        **dict.fromkeys(("rows", "columns", "nonzeros", "binaries"), 7),
        "objective_yuan": changes.pop("objective_yuan", 100.0),
        "bound_yuan": changes.pop("bound_yuan", 100.0),
        "gap": changes.pop("gap", 0.0),
        "certified_by": "HiGHS",
        "lumped": {"hand_over": "solve"} if who == "parkdispatch" else {},
        "versions": {"python": "3"},
    }
    outcome = changes.pop("outcome", "optimal")
    if outcome not in ("optimal", "stopped"):
        said = {}
    instance = changes.pop("instance", "gaoan")
    return Row(who, instance, horizon, outcome, 600.0, seconds + 1, 300.0, said=said, **changes)


def test_a_limit_exceeded_is_shown_as_such() -> None:
    rows = [
        row("parkdispatch", "month", 2.0),
        row("highs-milp", "month", 600.0, outcome="stopped", gap=3.2e-4, objective_yuan=100.1),
        row("linopy", "month", 610.0, outcome="killed"),
        row("linopy", "year", 0.0, outcome="not tried", why="month"),
        row("pyomo-appsi", "month", 3.0, outcome="out of memory"),
        row("pyomo-highs", "month", 3.0, outcome="failed", why="broke"),
        row("highs-lp", "month", 1.0, objective_yuan=90.0),
    ]
    text = render(rows, {"pypsa": ["pypsa"]}, {"cores": "2"})
    for said in (
        "> 600, gap 3.2e-04",
        "> 600, killed",
        "beyond its limit at the month already",
        "| out of memory |",
        "failed: broke",
        "2.00 (a bound only)",
        "in solve",
        "Not installed, so not run: PyPSA",
        "> 200 |",  # times our own
    ):
        assert said in text, said
    assert disagreements(rows, EQUAL) == []


def test_a_different_optimum_is_told() -> None:
    ours = row("parkdispatch", "day", 1.0)
    assert disagreements([ours, row("linopy", "day", 1.0, objective_yuan=100.00005)], EQUAL) == []
    assert len(disagreements([ours, row("linopy", "day", 1.0, objective_yuan=100.0002)], EQUAL)) == 1
    assert len(disagreements([ours, row("highs-lp", "day", 1.0, objective_yuan=100.1)], EQUAL)) == 1
    stopped = row("linopy", "day", 1.0, outcome="stopped", objective_yuan=101.0, bound_yuan=99.0)
    assert disagreements([ours, stopped], EQUAL) == []
    stopped = row("linopy", "day", 1.0, outcome="stopped", objective_yuan=99.0, bound_yuan=98.0)
    assert len(disagreements([ours, stopped], EQUAL)) == 1
    stopped.said["binaries"] = 0  # the simplex method on its way, with nothing found yet
    assert disagreements([ours, stopped], EQUAL) == []
    stopped = row("linopy", "day", 1.0, outcome="stopped", objective_yuan=101.0, bound_yuan=100.5)
    assert len(disagreements([ours, stopped], EQUAL)) == 1


def test_the_growth_exponent() -> None:
    assert exponent([(10, 5.0), (100, 50.0)]) == pytest.approx(1.0)
    assert exponent([(1, 3.0), (4, 24.0), (16, 192.0)]) == pytest.approx(1.5)
    assert exponent([(10, 5.0), (10, 6.0)]) is None
    rows = [row("linopy", "day", 9.0), row("linopy", "month", 1.0), row("linopy", "year", 100.0)]
    rows.append(row("linopy", "ten years", 600.0, outcome="stopped"))
    assert growth(gather(rows), "gaoan", "linopy") == pytest.approx(2.0)  # neither the day nor the limit


def test_the_order_turns_and_a_limit_ends_it(monkeypatch: Any) -> None:
    asked = []

    def run_once(who: str, instance: str, horizon: str, *_: Any) -> Row:
        asked.append((who, horizon))
        outcome = "killed" if (who, horizon) == ("linopy", "month") else "optimal"
        return row(who, horizon, 1.0, instance=instance, outcome=outcome)

    monkeypatch.setattr(harness, "run_once", run_once)
    paths = {("gaoan", horizon): Path() for horizon in ("year", "month")}
    rows = harness.run_all(paths, ["parkdispatch", "linopy", "pypsa"], 2, 600.0)
    assert asked == [
        ("parkdispatch", "month"),
        ("linopy", "month"),
        ("parkdispatch", "month"),
        ("parkdispatch", "year"),
        ("parkdispatch", "year"),
    ]
    assert [r.why for r in rows if r.outcome == "not tried"] == ["month"]
    harness.run_all(paths, ["parkdispatch", "linopy"], 2, 600.0, done=rows)
    assert len(asked) == 5  # what was made before is not made again


def test_publishing_keeps_what_was_written_by_hand(tmp_path: Path, monkeypatch: Any) -> None:
    pytest.importorskip("matplotlib")
    page = tmp_path / "performance.md"
    works = f"{command.WORKS_BEGIN}\nearlier\n{command.WORKS_END}\n"
    parts = f"By hand.\n\n{command.BEGIN}\nlast year's\n{command.END}\n\n{works}\nAlso by hand.\n"
    page.write_text(parts, encoding="utf-8")
    monkeypatch.setattr(command, "DOCS", tmp_path)
    rows = [row("parkdispatch", "month", 1.0), row("linopy", "month", 610.0, outcome="killed")]
    command._publish(rows, {}, {"cores": "2"})
    text = page.read_text(encoding="utf-8")
    assert "last year" not in text
    assert text.startswith("By hand.")
    assert text.endswith(f"{works}\nAlso by hand.\n")
    assert "\nRan on: cores 2." in text
    assert (tmp_path / "performance.svg").read_text(encoding="utf-8").startswith("<?xml")


def test_the_rows_are_for_machines(tmp_path: Path) -> None:
    write_csv([row("linopy", "day", 2.0), row("pypsa", "day", 1.0, outcome="killed")], tmp_path / "rows.csv")
    table = pd.read_csv(tmp_path / "rows.csv")
    assert table["outcome"].tolist() == ["optimal", "killed"]
    assert table["solve_s"][0] == 0.5
    assert np.isnan(table["solve_s"][1])


def test_the_published_page_has_its_place() -> None:
    text = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    for part in ("benchmarks", "works", "pilot"):
        for marker in (f"<!-- {part}: begin -->", f"<!-- {part}: end -->"):
            assert text.count(marker) == 1, marker


def test_the_harness_stays_small() -> None:
    """What the parent holds in memory, its children would count as theirs."""
    heavy = ("pandas", "pyomo", "pydantic", "scipy", "matplotlib", "highspy")
    code = (
        f"import benchmarks.__main__, sys, json; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    )
    counted = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env=environment(),
    )
    assert json.loads(counted.stdout) == []
