"""Time this project beside other tools on the same problem, and print the tables.

    python -m benchmarks                 all tools that are installed, from a day to ten years
    python -m benchmarks --quick         a day and, of the linear instance, a week, once: for CI
    python -m benchmarks --publish       also write docs/performance.md, .csv and .svg
    python -m benchmarks --hard          years whose relaxation breaks many exclusive pairs
    python -m benchmarks --again         days and years that begin where another solve ended
    python -m benchmarks --shorter       years in steps of 15, 5 and 1 minutes
    python -m benchmarks --sizes         400 sizes of the second battery, each begun at its neighbour
    python -m benchmarks --commands      the two commands `plan` and `year` as whole processes instead

Exits with 1 if two tools that both claim the optimum differ, or if one fails.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.harness import HORIZONS, Row, as_json, disagreements, from_json, run_all
from benchmarks.instance import EQUAL, file_of
from benchmarks.peers import PEERS
from benchmarks.table import INSTANCES, brief, machine, render, write_csv

DOCS = Path(__file__).parents[1] / "docs"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
# `--quick` leaves out second ways of the same tool, and a week of integers, which takes most ten seconds
QUICK_HORIZONS = ("day", "week")
QUICK_SKIPS = ("gaoan", "week")
QUICK_LEAVES = ("highs-ipm", "reference-appsi", "reference-highs")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one run each of a day and a week")
    parser.add_argument("--publish", action="store_true", help="write docs/performance.*")
    parser.add_argument("--hard", action="store_true", help="years that are hard to repair, once each")
    parser.add_argument("--again", action="store_true", help="solves that begin where another ended")
    parser.add_argument("--shorter", action="store_true", help="years of shorter intervals")
    parser.add_argument("--sizes", type=int, nargs="?", const=400, help="so many sizes of the second battery")
    parser.add_argument("--commands", action="store_true", help="time the commands as whole processes")
    parser.add_argument("--runs", type=int, help="of each tool on each instance (3; commands: 5)")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds a run may take")
    parser.add_argument("--horizons", help=f"some of {', '.join(HORIZONS)}, with commas between")
    parser.add_argument("--instances", help=f"some of {', '.join(INSTANCES)}")
    parser.add_argument("--who", help=f"some of {', '.join(PEERS)}")
    parser.add_argument("--rows", type=Path, help="keep every run in this file; runs already there count")
    chosen = parser.parse_args()
    if chosen.commands:
        from benchmarks.commands import time_commands

        time_commands(1 if chosen.quick else chosen.runs or 5, chosen.quick)
        return
    if chosen.hard:
        from benchmarks.hard import LIMIT_S, solve_hard_years

        solve_hard_years(LIMIT_S)
        return
    if chosen.again:
        from benchmarks.again import solve_again

        solve_again(chosen.runs or 3, lambda text: print(text, file=sys.stderr, flush=True))
        return
    if chosen.shorter:
        from benchmarks.shorter import solve_shorter

        solve_shorter(chosen.runs or 3)
        return
    if chosen.sizes:
        from benchmarks.sizes import solve_sizes

        solve_sizes(chosen.sizes, lambda text: print(text, file=sys.stderr, flush=True))
        return
    horizons = _some(chosen.horizons, QUICK_HORIZONS if chosen.quick else HORIZONS, HORIZONS, parser)
    instances = _some(chosen.instances, list(INSTANCES), INSTANCES, parser)
    usual = [who for who in PEERS if not (chosen.quick and who in QUICK_LEAVES)]
    asked = _some(chosen.who, usual, PEERS, parser)
    missing = {who: needs for who in asked if (needs := PEERS[who].missing())}
    who = [name for name in asked if name not in missing]
    runs = 1 if chosen.quick else chosen.runs or 3
    done, ran_on = _read(chosen.rows), machine() | {"date": f"{datetime.now(UTC):%Y-%m-%d}"}
    problems = [
        (name, h) for h in horizons for name in instances if not (chosen.quick and (name, h) == QUICK_SKIPS)
    ]
    rows = _run(problems, who, runs, chosen.limit, done, chosen.rows)
    text = render(rows, missing, ran_on)
    print(text)
    if chosen.publish:
        _publish(rows, text)
    wrong = disagreements(rows, EQUAL)
    wrong += [f"{r.instance}, {r.horizon}: {r.who} failed: {r.why}" for r in rows if r.outcome == "failed"]
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
            [sys.executable, "-m", "benchmarks.make", folder, *(f"{n}:{h}" for n, h in problems)], check=True
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


def _publish(rows: list[Row], text: str) -> None:
    """Replace what stands between the markers; what is written around them by hand stays."""
    from benchmarks.plot import draw

    page = DOCS / "performance.md"
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    draw(rows, DOCS / "performance.svg")
    write_csv(rows, DOCS / "performance.csv")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
