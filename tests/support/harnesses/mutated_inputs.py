"""Files of a good case damaged at random: whatever they hold, a command ends in words.

`python -m tests.support.harnesses.mutated_inputs --count 2000 --seed 1` damages one to three places of the
small case's files, runs `check` (and every tenth time `plan`) on it, and prints how many ended with which
exit code. Any code but 0, 2 and 3, a traceback, or "internal error" is a fault: its damages are printed,
the exit code is 1.
"""

import argparse
import contextlib
import io
import random
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from parkdispatch.interfaces import cli
from tests.support.bad_files import WEATHER
from tests.support.bad_inputs import PV_FILE
from tests.support.small_case import load_mw, pv_mw, replaced, series, swap, write_case

ALLOWED = (0, 2, 3)
PLAN_EVERY = 10  # a plan takes a hundred times as long as a check
ODD = (
    "nan", "inf", "-inf", "1e400", "-1", "0", "1e-300", "1e15", "9999999999999999999", "true", '""', "[]",
    "{}", '"\\u0000"', "2026-02-30", "0001-01-01", "9999-12-31", "'", "高安", "\x1b[31m", "\ufeff", "\x00",
    "=1+1", "-0.0",
)  # fmt: skip
Mutation = Callable[[random.Random, str], str]


class Fault(NamedTuple):
    """An input that did not end in words."""

    number: int
    code: int
    said: str
    text: str  # name and content of the file that was damaged last


def _number(chance: random.Random, text: str) -> str:
    """One number or word replaced by something odd."""
    words = [n for n, letter in enumerate(text) if letter.isalnum() and (n == 0 or not text[n - 1].isalnum())]
    if not words:
        return text
    first = last = chance.choice(words)
    while last < len(text) and (text[last].isalnum() or text[last] in "._-"):
        last += 1
    return text[:first] + chance.choice(ODD) + text[last:]


def _letter(chance: random.Random, text: str) -> str:
    """One letter replaced by any other."""
    position = chance.randrange(max(len(text), 1))
    return (
        text[:position]
        + chr(chance.choice((chance.randrange(128), chance.randrange(0x300))))
        + text[position + 1 :]
    )


def _line(chance: random.Random, text: str) -> str:
    """A line left out, doubled, or moved."""
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    taken = lines.pop(chance.randrange(len(lines)))
    copies = chance.choice((0, 1, 2))
    position = chance.randrange(len(lines) + 1)
    return "".join([*lines[:position], *[taken] * copies, *lines[position:]])


def _cut(chance: random.Random, text: str) -> str:
    """The end missing, as of a file that was not copied whole."""
    return text[: chance.randrange(len(text) + 1)]


def _piece(chance: random.Random, text: str) -> str:
    """A piece written once more elsewhere."""
    first = chance.randrange(len(text) + 1)
    piece, position = text[first : first + chance.randrange(1, 60)], chance.randrange(len(text) + 1)
    return text[:position] + piece + text[position:]


MUTATIONS: tuple[Mutation, ...] = (_number, _number, _number, _letter, _line, _cut, _piece)


def mutated_runs(count: int, seed: int, folder: Path) -> tuple[Mapping[str, int], list[Fault]]:
    """Run a command on each of `count` damaged cases; the number of each exit code, and the faults."""
    counts: Counter[str] = Counter()
    faults = []
    for number in range(count):
        chance = random.Random(f"{seed}-{number}")
        case_folder = folder / str(number)
        path, text = _damaged(chance, case_folder)
        words = ["plan", str(path), "--peak-so-far-mw", "100", "--out", str(case_folder / "out")]
        code, said = _run(words if number % PLAN_EVERY == 0 else ["check", str(path)])
        counts[str(code)] += 1
        if code not in ALLOWED or "Traceback" in said or "internal error" in said or "\x1b" in said:
            faults.append(Fault(number, code, said, text))
        shutil.rmtree(case_folder)
    return counts, faults


def _damaged(chance: random.Random, folder: Path) -> tuple[Path, str]:
    """The small case by the hour with one to three damages: its path, and the file damaged last."""
    path = write_case(
        folder,
        swap("minutes = 15", "minutes = 60"),
        replaced("load.csv", series("time,load [MW]", load_mw, minutes=60)),
        replaced("pv.csv", series("time,pv [MW]", pv_mw, minutes=60)),
        replaced("w.csv", WEATHER),
    )
    if chance.random() < 0.5:  # half of them with weather instead of a series
        text = path.read_text(encoding="utf-8").replace(PV_FILE, "")
        path.write_text(text + '\n[weather]\nfile = "w.csv"\n', encoding="utf-8")
    damaged = path
    for _ in range(chance.choice((1, 1, 2, 3))):
        damaged = chance.choice(sorted(folder.iterdir()))
        text = chance.choice(MUTATIONS)(chance, damaged.read_text(encoding="utf-8"))
        damaged.write_text(text, encoding="utf-8", newline="")
    return path, f"{damaged.name}\n{damaged.read_text(encoding='utf-8')}"


def _run(words: list[str]) -> tuple[int, str]:
    """Exit code and output of a command in this process; warnings of libraries count as failures."""
    output = io.StringIO()
    typed, sys.argv = sys.argv, ["parkdispatch", *words]
    try:
        with (
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("error")
            cli.main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.argv = typed
    return code, output.getvalue()


def main() -> None:
    """Print the counts, and the faults if there are any."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts, faults = mutated_runs(given.count, given.seed, Path(folder))
    for fault in faults:
        print(f"--- input {fault.number}: exit {fault.code}\n{fault.said[-2000:]}\n{fault.text[:300]}")
    codes = ", ".join(f"{number} ended with {code}" for code, number in sorted(counts.items()))
    print(f"{given.count} inputs (seed {given.seed}): {codes}; {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
