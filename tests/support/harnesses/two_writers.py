"""Two processes write one ledger at the same time, again and again; what it holds must be as if by turns.

`python -m tests.support.harnesses.two_writers --rounds 100` imports overlapping files, the same file, and
sends two versions of a plan, at once; with `--server URL` in the database of a server.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_tables
from parkdispatch.operations.ledger.measurements import import_file
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan
from tests.support.ledgers.ledger_cases import DAY, LI, WANG, fake_plan, meter_file, new_ledger, small_park
from tests.support.ledgers.postgres import make_database


def at_once(*writes: Callable[[], object]) -> list[int]:
    """The exit codes of child processes that write at the same time: 0, or 2 where a write was refused."""
    read, begin = os.pipe()
    children = []
    for write in writes:
        child = os.fork()
        if child == 0:
            os.close(begin)
            os.read(read, 1)  # until the other end is closed
            code = 1
            try:
                write()
                code = 0
            except InputError as error:
                print(error, file=sys.stderr)
                code = 2
            finally:
                os._exit(code)
        children.append(child)
    os.close(read)
    os.close(begin)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def compete(ledger: Ledger, case: Case, folder: Path, rounds: int) -> list[str]:
    """What is not as it would be if the writers had taken turns."""
    wrong = []
    writers = (LI, WANG)
    for number in range(rounds):
        files = [
            meter_file(folder / f"{who.name}.csv", [number * 10.0 + n, n / 3])
            for n, who in enumerate(writers)
        ]
        same = meter_file(folder / "same.csv", [number + 0.5] * 3)

        def write(who: Author, path: Path, same: Path = same) -> None:
            import_file(ledger, case, path, ["load"], who)
            import_file(ledger, case, same, ["import"], who)

        codes = at_once(
            *(lambda who=who, path=path: write(who, path) for who, path in zip(writers, files, strict=True))
        )
        if codes != [0, 0]:
            wrong.append(f"round {number}: imports ended with {codes}")
    tables = ledger_tables(ledger)
    measured = tables["measurement"]
    for (channel, begin), rows in measured.groupby(["channel_id", "begin"]):
        if sorted(rows["version"]) != list(range(1, len(rows) + 1)):
            wrong.append(f"channel {channel} at {begin}: versions {sorted(rows['version'])}")
        by_version = rows.sort_values("version")
        if not by_version["delivery_id"].is_monotonic_increasing:
            wrong.append(f"channel {channel} at {begin}: deliveries out of turn")
    if len(tables["delivery"]) != 3 * rounds:
        wrong.append(f"{len(tables['delivery'])} deliveries of {3 * rounds} files")
    for version in (1, 2):
        plan = fake_plan(case)
        plan["load.demand_mw"][0] = version
        add_plan(ledger, case, plan, LI, {})
    codes = at_once(
        lambda: send_plan(ledger, case, DAY, 1, LI), lambda: send_plan(ledger, case, DAY, 2, WANG)
    )
    if sorted(codes) != [0, 2] or len(ledger_tables(ledger)["sending"]) != 1:
        wrong.append(f"two sendings ended with {codes}")
    return wrong


def main() -> None:
    """Let two processes write, and print what is wrong; the exit code is 1 if anything is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--server", default="", help="URL of a server with an empty or new ledger")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        case = small_park(Path(folder) / "park")
        address: str | Path = Path(folder) / "ledger.sqlite"
        if words.server:
            address = make_database(words.server, "two_writers")
        wrong = compete(new_ledger(address, case), case, Path(folder), words.rounds)
    print("\n".join(wrong) or "as if they had taken turns")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
