"""Time this project beside other tools on the same problem, and print the tables.

    python -m benchmarks                 all tools that are installed, from a day to ten years
    python -m benchmarks --quick         a day and, of the linear instance, a week, once: for CI
    python -m benchmarks --publish       also write docs/performance.md, .csv and .svg; with --pilot its table
    python -m benchmarks --all           every table below too, one after another: some hours
    python -m benchmarks --hard          years whose relaxation breaks many exclusive pairs
    python -m benchmarks --again         days and years that begin where another solve ended
    python -m benchmarks --shorter       years in steps of 15, 5 and 1 minutes
    python -m benchmarks --pilot         the case gaoan-pilot beside HiGHS alone, from a day to a year
    python -m benchmarks --memories      years of gaoan-pilot with a heat tank, a pit, a cap on CO2
    python -m benchmarks --sizes         400 sizes of the second battery, each begun at its neighbour
    python -m benchmarks --waiting       every command as a whole process; with --beside OTHER, ratios
    python -m benchmarks --replan        re-plans under orders in a warm process
    python -m benchmarks --store         the store of scenarios, and the overhead of scheduling them
    python -m benchmarks --cluster       scenarios on eight workers with TLS, and on a thousand cores
    python -m benchmarks --commands      the two commands `plan` and `year` as whole processes instead

Exits with 1 if two tools that both claim the optimum differ, if one fails, or if our gap of the pilot is
wider than that of HiGHS alone.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from benchmarks.harness import HORIZONS, Row, as_json, disagreements, from_json, run_all
from benchmarks.instance import EQUAL, file_of
from benchmarks.peers import PEERS
from benchmarks.table import INSTANCES, brief, machine, render, write_csv
from benchmarks.works.works_instance import WORKS

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
WAITING_BEGIN, WAITING_END = "<!-- waiting: begin -->", "<!-- waiting: end -->"
STORE_BEGIN, STORE_END = "<!-- store: begin -->", "<!-- store: end -->"
CLUSTER_BEGIN, CLUSTER_END = "<!-- cluster: begin -->", "<!-- cluster: end -->"
REPLAN_BEGIN, REPLAN_END = "<!-- replan: begin -->", "<!-- replan: end -->"
WORKS_BEGIN, WORKS_END = "<!-- works: begin -->", "<!-- works: end -->"
PILOT_BEGIN, PILOT_END = "<!-- pilot: begin -->", "<!-- pilot: end -->"
MEMORIES_BEGIN, MEMORIES_END = "<!-- memories: begin -->", "<!-- memories: end -->"
# `--quick` leaves out second ways of the same tool, and a week of integers, which takes most ten seconds
QUICK_HORIZONS = ("day", "week")
QUICK_SKIPS = ("gaoan", "week")
PILOT_HORIZONS = HORIZONS[:4]
USUAL_LIMIT_S, PILOT_LIMIT_S = 600.0, 60.0
QUICK_LEAVES = ("highs-ipm", "reference-appsi", "reference-highs")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # `--al` would be handed on to the tables by `--all`, which would start it again
    )
    parser.add_argument("--quick", action="store_true", help="one run each of a day and a week")
    parser.add_argument("--publish", action="store_true", help="write docs/performance.*")
    parser.add_argument("--all", action="store_true", help="every table, one after another")
    parser.add_argument("--hard", action="store_true", help="years that are hard to repair, once each")
    parser.add_argument("--again", action="store_true", help="solves that begin where another ended")
    parser.add_argument("--shorter", action="store_true", help="years of shorter intervals")
    parser.add_argument("--pilot", action="store_true", help="the case gaoan-pilot, beside HiGHS alone")
    parser.add_argument("--memories", action="store_true", help="years of the pilot with long memories")
    parser.add_argument("--sizes", type=int, nargs="?", const=400, help="so many sizes of the second battery")
    parser.add_argument("--replan", action="store_true", help="re-plans under orders in a warm process")
    parser.add_argument(
        "--store", type=int, nargs="?", const=100_000, help="a store of so many scenarios (100000)"
    )
    parser.add_argument(
        "--cluster", type=int, nargs="?", const=16, help="so many scenarios on a cluster of this machine (16)"
    )
    parser.add_argument("--commands", action="store_true", help="time the commands as whole processes")
    parser.add_argument(
        "--waiting", nargs="?", const="", help="time all commands, or some, with commas between"
    )
    parser.add_argument("--beside", type=Path, help="with --waiting: the `parkdispatch` of another version")
    parser.add_argument("--runs", type=int, help="of each tool on each instance (3; commands: 5; pilot: 1)")
    parser.add_argument("--limit", type=float, help="seconds a run may take (600; pilot: 60, of solving)")
    parser.add_argument("--horizons", help=f"some of {', '.join(HORIZONS)}, with commas between")
    parser.add_argument("--instances", help=f"some of {', '.join(INSTANCES)}")
    parser.add_argument("--who", help=f"some of {', '.join(PEERS)}")
    parser.add_argument("--rows", type=Path, help="keep every run in this file; runs already there count")
    return parser


def main() -> None:
    parser = _parser()
    chosen = parser.parse_args()
    if chosen.all:
        from benchmarks.all_tables import time_all

        _leave(time_all([word for word in sys.argv[1:] if word != "--all"], _progress))
    if chosen.commands:
        from benchmarks.commands import time_commands

        time_commands(1 if chosen.quick else chosen.runs or 5, chosen.quick)
        return
    if chosen.waiting is not None:
        _waiting(chosen, parser)
    if chosen.replan:
        _replan(chosen)
    if chosen.store:
        _store(chosen)
    if chosen.cluster:
        _cluster(chosen)
    if chosen.hard:
        from benchmarks.solves.hard import LIMIT_S, solve_hard_years

        solve_hard_years(LIMIT_S)
        return
    if chosen.again:
        from benchmarks.solves.again import solve_again

        solve_again(chosen.runs or 3, _progress)
        return
    if chosen.shorter:
        from benchmarks.solves.shorter import solve_shorter

        solve_shorter(chosen.runs or 3)
        return
    if chosen.pilot:
        _pilot(chosen, parser)
    if chosen.memories:
        _memories(chosen)
    if chosen.sizes:
        from benchmarks.solves.sizes import solve_sizes

        solve_sizes(chosen.sizes, _progress)
        return
    horizons = _some(chosen.horizons, QUICK_HORIZONS if chosen.quick else HORIZONS, HORIZONS, parser)
    instances = _some(chosen.instances, list(INSTANCES), INSTANCES, parser)
    usual = [who for who in PEERS if not (chosen.quick and who in QUICK_LEAVES)]
    asked = _some(chosen.who, usual, PEERS, parser)
    missing = {who: needs for who in asked if (needs := PEERS[who].missing())}
    who = [name for name in asked if name not in missing]
    runs = 1 if chosen.quick else chosen.runs or 3
    done, ran_on = _read(chosen.rows), machine() | {"date": f"{datetime.now(UTC):%Y-%m-%d}"}
    left_out = [(WORKS, "ten years"), *([QUICK_SKIPS] if chosen.quick else [])]
    problems = [(name, h) for h in horizons for name in instances if (name, h) not in left_out]
    rows = _run(problems, who, runs, chosen.limit or USUAL_LIMIT_S, done, chosen.rows)
    told = {row.who for row in rows if row.ran}  # a tool may have run elsewhere, and its rows be kept
    missing = {name: needs for name, needs in missing.items() if name not in told}
    print(render(rows, missing, ran_on))
    if chosen.publish:
        _publish(rows, missing, ran_on)
    wrong = disagreements(rows, EQUAL)
    wrong += [f"{r.instance}, {r.horizon}: {r.who} failed: {r.why}" for r in rows if r.outcome == "failed"]
    _leave(wrong)


def _pilot(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> NoReturn:
    from benchmarks.pilot.pilot_table import solve_pilot

    horizons = _some(chosen.horizons, PILOT_HORIZONS, PILOT_HORIZONS, parser)
    text, wrong = solve_pilot(chosen.runs or 1, chosen.limit or PILOT_LIMIT_S, horizons, _progress)
    if chosen.publish:
        _replace_between(PILOT_BEGIN, PILOT_END, text)
    _leave(wrong)


def _memories(chosen: argparse.Namespace) -> NoReturn:
    from benchmarks.pilot.long_memories import time_memories

    text, wrong = time_memories(chosen.limit or PILOT_LIMIT_S, _progress)
    print(text)
    if chosen.publish:
        _replace_between(MEMORIES_BEGIN, MEMORIES_END, text)
    _leave(wrong)


def _waiting(chosen: argparse.Namespace, parser: argparse.ArgumentParser) -> NoReturn:
    from benchmarks.waiting.waiting_times import WAITING, time_waiting

    names = _some(chosen.waiting, WAITING, WAITING, parser)
    text = time_waiting(chosen.beside, names, 1 if chosen.quick else chosen.runs or 5, _progress)
    print(text)
    if chosen.publish:
        _replace_between(WAITING_BEGIN, WAITING_END, text, DOCS / "waiting.md")
    _leave([])


def _replan(chosen: argparse.Namespace) -> NoReturn:
    from benchmarks.replan.replan_times import time_replans

    text = time_replans(1 if chosen.quick else chosen.runs or 20, _progress)
    print(text)
    if chosen.publish:
        _replace_between(REPLAN_BEGIN, REPLAN_END, text, DOCS / "waiting.md")
    _leave([])


def _store(chosen: argparse.Namespace) -> NoReturn:
    from benchmarks.scale.store_times import time_store

    text = time_store(chosen.store, chosen.runs or 5, _progress)
    print(text)
    if chosen.publish:
        _replace_between(STORE_BEGIN, STORE_END, text, DOCS / "waiting.md")
    _leave([])


def _cluster(chosen: argparse.Namespace) -> NoReturn:
    from benchmarks.scale.cluster_times import time_cluster

    text = time_cluster(chosen.cluster, _progress)
    print(text)
    if chosen.publish:
        _replace_between(CLUSTER_BEGIN, CLUSTER_END, text, DOCS / "waiting.md")
    _leave([])


def _progress(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _leave(wrong: list[str]) -> NoReturn:
    """Say what is wrong, if anything, and end with the exit code of it."""
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


def _some(given: str | None, usual: object, known: object, parser: argparse.ArgumentParser) -> list[str]:
    names = [name.strip() for name in given.split(",")] if given else list(usual)  # type: ignore[call-overload]
    for name in names:
        if name not in known:  # type: ignore[operator]
            parser.error(f"`{name}`: must be one of {', '.join(known)}")  # type: ignore[arg-type]
    return names


def _run(
    problems: list[tuple[str, str]],
    who: list[str],
    runs: int,
    limit_s: float,
    done: list[Row],
    keep: Path | None,
) -> list[Row]:
    started = time.perf_counter()

    def record(row: Row) -> None:
        said = brief_row(row)
        clock = f"{time.perf_counter() - started:7.0f} s"
        print(f"{clock}  {row.instance:9} {row.horizon:10} {row.who:16} {said}", file=sys.stderr, flush=True)
        if keep is not None:
            with keep.open("a", encoding="utf-8") as file:
                file.write(as_json(row) + "\n")

    with tempfile.TemporaryDirectory() as folder:
        # in a process of its own: what this one holds, its children would count as theirs
        subprocess.run(
            [sys.executable, "-m", "benchmarks.write", folder, *(f"{n}:{h}" for n, h in problems)], check=True
        )
        paths = {(n, h): file_of(Path(folder), n, h) for n, h in problems}
        return run_all(paths, who, runs, limit_s, done, record)


def brief_row(row: Row) -> str:
    from benchmarks.figures import Cell

    return brief(Cell((row,)), row.instance, row.who)


def _read(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    return [from_json(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _publish(rows: list[Row], missing: Mapping[str, list[str]], ran_on: Mapping[str, str]) -> None:
    """Write the tables of what was run: of the park, with the picture and all runs, and of `works`."""
    works = [row for row in rows if row.instance == WORKS]
    if works:
        _replace_between(WORKS_BEGIN, WORKS_END, render(works, missing, ran_on))
    park = [row for row in rows if row.instance != WORKS]
    if park:
        from benchmarks.plot import draw

        draw(park, DOCS / "performance.svg")
        write_csv(park, DOCS / "performance.csv")
        _replace_between(BEGIN, END, render(park, missing, ran_on))


def _replace_between(begin: str, end: str, text: str, page: Path | None = None) -> None:
    """Replace what stands between two markers of a page; what is written around them by hand stays."""
    page = page or DOCS / "performance.md"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    after = rest.split(end)[1]
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
