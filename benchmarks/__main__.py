"""`python -m benchmarks`: time the two commands people run, and print a table in Markdown."""

import argparse
import os
import platform

from benchmarks.commands import Run, run_command, spread
from results.files import versions

BUDGET = {  # what the commands are held to on two cores
    "plan": {"wall_s": 4.0, "build and solve": 0.3, "peak_memory_mb": None},
    "year": {"wall_s": 25.0, "build and solve": None, "peak_memory_mb": 700.0},
}


def main() -> None:
    """Run each command several times in turn and print medians with least and most."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="counted runs of each command, after one warm-up")
    parser.add_argument("--quick", action="store_true", help="one run, without a warm-up")
    chosen = parser.parse_args()
    runs = 1 if chosen.quick else chosen.runs
    found: dict[str, list[Run]] = {name: [] for name in BUDGET}
    for turn in range(runs if chosen.quick else runs + 1):
        for name in BUDGET:
            made = run_command([name])
            if turn or chosen.quick:
                found[name].append(made)
    named = versions()
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; Python {named['python']},"
        f" highspy {named['highspy']}, pyomo {named['pyomo']}; {runs} runs, median (least to most)\n"
    )
    print("| command | figure | measured | budget |\n|---|---|---|---|")
    for name, made in found.items():
        building = [one.phases_s["build"] + one.phases_s["solve"] for one in made]
        rows = {
            "wall_s": ("wall clock, s", spread([one.wall_s for one in made])),
            "cpu": ("processor time, s", spread([one.cpu_s for one in made])),
            "build and solve": ("building and solving, s", spread(building, 3)),
            "peak_memory_mb": ("peak memory, MB", spread([one.peak_memory_mb for one in made], 0)),
            "gap": ("largest gap", f"{max(one.gap for one in made):.1e}"),
        }
        for key, (title, text) in rows.items():
            budget = BUDGET[name].get(key)
            print(f"| `{name}` | {title} | {text} | {'' if budget is None else f'{budget:g}'} |")


if __name__ == "__main__":
    main()
