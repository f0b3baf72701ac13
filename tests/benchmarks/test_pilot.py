"""The pilot beside HiGHS alone: the table says who is nearer, and a wider gap of ours is told."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.figures import Cell
from benchmarks.harness import Row
from benchmarks.pilot import pilot_table
from benchmarks.pilot.pilot_problems import AS_IS, EXACT, PROBLEMS, WITH_UNIT, PilotProblem
from benchmarks.pilot.pilot_run import SOLVERS, pilot_dispatch
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.optimizer.proof.certificate import EXACT as PROVEN
from tests.support.paths import ROOT

LIMIT_S = 60.0
FIRST, INTERVALS = 60, 16  # four hours from 15:00 on, in which the price rises


def cut(day: Prepared) -> Prepared:
    """Some hours of a day; the mills' work of the day does not fit into them, so that they are left out."""
    span = slice(FIRST, FIRST + INTERVALS)
    devices = {name: device for name, device in day.case.devices.items() if name != "mills"}
    case = day.case.with_devices(devices)
    series = {key: array[span] for key, array in day.series.items() if key[0] in devices}
    return Prepared(case, day.times[span], day.hours, series)


def test_both_find_the_same_optimum_with_a_unit() -> None:
    problem = cut(pilot_dispatch(WITH_UNIT, "2026-04-21", "2026-04-22"))
    said = {who: solve(problem, LIMIT_S, EXACT) for who, solve in SOLVERS.items()}
    ours, highs = said["parkdispatch"], said["highs"]
    assert ours["finished"]
    assert highs["finished"]
    assert ours["objective_yuan"] == pytest.approx(highs["objective_yuan"], rel=1e-8)
    assert highs["columns"] > ours["columns"] > 0  # a binary for each pair
    assert highs["binaries"] == 5 * INTERVALS  # polishing, unit; pairs of connection and batteries
    assert ours["intervals"] == highs["intervals"] == INTERVALS


def test_without_time_a_solver_says_what_it_has() -> None:
    problem = cut(pilot_dispatch(AS_IS, "2026-04-21", "2026-04-22"))
    for solve in SOLVERS.values():
        said = solve(problem, 0.0, EXACT)
        assert said["gap"] is None or said["gap"] >= 0.0
        assert said["finished"] == (said["gap"] is not None and said["gap"] <= EXACT)


def test_the_problems_are_those_of_the_page() -> None:
    assert EXACT == PROVEN  # stated apart, so that the table needs no solver
    assert [p.title for p in PROBLEMS] == [
        "day", "week", "month", "year", "week with a gas unit", "year with a gas unit", "year, to 1e-03",
        "year, to 1e-04", "year with a gas unit, to 1e-03", "year with a gas unit, to 1e-04",
    ]  # fmt: skip


def row(who: str, gap: float | None, **changes: Any) -> Row:
    cost, bound = (None, None) if gap is None else (100.0, 100.0 - 100.0 * gap)
    said = {
        "columns": 10, "rows": 20, "binaries": 3, "build_s": 0.5, "solve_s": 2.0, "objective_yuan": cost,
        "bound_yuan": bound, "gap": gap, "finished": False,
    }  # fmt: skip
    outcome = changes.pop("outcome", "stopped")
    said |= changes
    return Row(who, AS_IS, "year", outcome, LIMIT_S, 70.0, 300.0, said=said if outcome == "stopped" else {})


def cells(ours: Row, highs: Row) -> dict[str, Cell]:
    return {"parkdispatch": Cell((ours,)), "highs": Cell((highs,))}


YEAR = PilotProblem(AS_IS, "year", EXACT)


@pytest.mark.parametrize(
    ("ours", "highs", "is_told"),
    [
        (1e-4, 2e-4, "narrower"),
        (1e-4, None, "narrower"),  # HiGHS has none
        (None, None, "equal"),
        (5e-10, 0.0, "equal"),  # both are optimal by what is asked
        (3e-4, 2e-4, "WIDER"),
        (None, 2e-4, "WIDER"),
    ],
)
def test_a_wider_gap_is_told(ours: float | None, highs: float | None, is_told: str) -> None:
    both = cells(row("parkdispatch", ours), row("highs", highs))
    assert pilot_table.verdict(YEAR, both) == is_told
    assert pilot_table.lines_of(YEAR, both)[0].endswith(f"| {is_told} |")
    wrong = pilot_table.problems_of(YEAR, both)
    assert len(wrong) == (1 if is_told == "WIDER" else 0), wrong


def test_answers_that_contradict_each_other_are_told() -> None:
    low = cells(row("parkdispatch", 0.0), row("highs", 0.0, objective_yuan=99.0, bound_yuan=99.0))
    assert pilot_table.problems_of(YEAR, low) == [
        "year: highs finds 99.0, below the bound 100.0 of parkdispatch"
    ]


def test_more_seconds_than_highs_are_told() -> None:
    late = cells(row("parkdispatch", 1e-4, solve_s=75.0), row("highs", 2e-4, solve_s=75.0))
    assert pilot_table.problems_of(YEAR, late) == ["year: parkdispatch took 75.5 s of 60 s"]
    assert (
        pilot_table.problems_of(YEAR, cells(row("parkdispatch", 1e-4, solve_s=70.0), row("highs", 2e-4)))
        == []
    )


def test_a_killed_run_has_a_line() -> None:
    both = cells(row("parkdispatch", 1e-4), row("highs", None, outcome="killed"))
    ours, highs = pilot_table.lines_of(YEAR, both)
    assert "| 1.0e-04 | narrower |" in ours
    assert "| killed |" in highs
    assert ours.count("|") == highs.count("|") == len(pilot_table.HEAD) + 1
    assert pilot_table.problems_of(YEAR, both) == []
    both = cells(row("parkdispatch", None, outcome="killed"), row("highs", None))
    assert pilot_table.problems_of(YEAR, both) == ["year: parkdispatch failed: killed"]


def test_highs_is_not_asked_again_for_what_it_did_not_reach(monkeypatch: Any) -> None:
    asked = []

    def run_solver(who: str, problem: PilotProblem, limit_s: float) -> Row:
        asked.append((problem.title, who))
        return row(who, 5e-4)

    monkeypatch.setattr(pilot_table, "run_solver", run_solver)
    text, wrong = pilot_table.solve_pilot(1, LIMIT_S, ["year"], lambda _: None)
    assert wrong == []
    assert text.count("| equal |") == 6
    assert [title for title, who in asked if who == "highs"] == [
        "year", "year with a gas unit", "year, to 1e-03", "year with a gas unit, to 1e-03"
    ]  # fmt: skip


def test_a_run_is_a_process_that_says_one_line() -> None:
    told = pilot_table.run_solver("parkdispatch", PilotProblem(AS_IS, "day", EXACT), LIMIT_S)
    assert told.outcome == "optimal", told.why
    assert told.said["intervals"] == 96
    assert told.peak_memory_mb > 50


def test_publishing_writes_the_pilot_between_its_markers(tmp_path: Path, monkeypatch: Any) -> None:
    page = tmp_path / "performance.md"
    kept = f"{command.BEGIN}\nkept\n{command.END}\n"
    page.write_text(f"{kept}{command.PILOT_BEGIN}\nold\n{command.PILOT_END}\nby hand\n", encoding="utf-8")
    monkeypatch.setattr(command, "DOCS", tmp_path)
    monkeypatch.setattr(pilot_table, "run_solver", lambda who, *_: row(who, 3e-4 if who == "highs" else 5e-4))
    monkeypatch.setattr("sys.argv", ["benchmarks", "--pilot", "--horizons", "day", "--publish"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1  # ours is the wider gap
    text = page.read_text(encoding="utf-8")
    assert text.startswith(kept)
    assert text.endswith(f"\n{command.PILOT_END}\nby hand\n")
    assert "| WIDER |" in text
    assert "old" not in text


def test_the_published_table_is_of_the_pilot() -> None:
    """Both solvers on every problem, each of thousands of columns: no table of a test."""
    page = (ROOT / "docs/performance.md").read_text(encoding="utf-8")
    table = page.split(command.PILOT_BEGIN)[1].split(command.PILOT_END)[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line]
    titles = [title for problem in PROBLEMS for title in [problem.title] * len(pilot_table.SOLVERS)]
    assert [title for title, *_ in rows[2:]] == titles
    assert all(int(columns.replace(",", "")) > 2000 for _, _, columns, *_ in rows[2:] if columns)
