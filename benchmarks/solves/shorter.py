"""`python -m benchmarks --shorter`: a year in steps of 15, 5 and 1 minutes, and in which proportion.

Load and sun are interpolated between the middles of quarter-hours, prices and limits stay as they are.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.make import INSTANCES, make_year
from benchmarks.solves.again import SALE, Key, Problem
from benchmarks.table import machine
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.optimizer.solve import optimize

QUARTER_MINUTES = 15
MINUTES = (15, 5, 1)
QUANTITIES = ("available_mw", "demand_mw")
GAP = 1e-5  # relative; to choose between minutes of equal price to the last yuan takes hours
LIMIT_S = 60.0


def finer(year: Prepared, instance: str, minutes: int) -> Problem:
    """The year in shorter steps."""
    steps = QUARTER_MINUTES // minutes
    times = pd.date_range(year.times[0], periods=len(year.times) * steps, freq=f"{minutes}min")
    series: dict[Key, Array] = {}
    for key, values in year.series.items():
        if key[1] in QUANTITIES:
            middle = np.arange(len(values)) + 0.5 * (steps - 1) / steps
            series[key] = np.interp(np.arange(len(times)) / steps, middle, values)
        else:
            series[key] = np.repeat(values, steps)
    series["grid", "quarter_continues"] = (np.arange(len(times)) % steps > 0).astype(float)
    sale = INSTANCES[instance]
    if sale is not None:
        series[SALE] = np.full(len(times), sale)
    return year.case.devices, times, year.hours / steps, series


def one(instance: str, minutes: int, limit_s: float) -> Mapping[str, Any]:
    """Solve one, and say what it took."""
    problem = finer(make_year(), instance, minutes)
    started = time.perf_counter()
    proof = optimize(*problem, time_limit_s=limit_s, gap=GAP).proof
    return {
        "intervals": len(problem[1]),
        "seconds": time.perf_counter() - started,
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "violated": proof.violated,
        "gap": proof.gap,
    }


def solve_shorter(runs: int) -> None:
    """Solve each in processes of its own and print a line for it, the median of the runs."""
    print(", ".join(f"{name} {value}" for name, value in machine().items()) + f"; {runs} runs\n")
    print(
        "| year | step | intervals | seconds | times that of 15 minutes | MB | times | pairs violated | gap |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for instance in INSTANCES:
        first: dict[str, float] = {}
        for minutes in MINUTES:
            asked = [sys.executable, "-m", "benchmarks.solves.shorter", instance, str(minutes)]
            asked.append(str(LIMIT_S))
            measured = [
                json.loads(subprocess.run(asked, check=True, capture_output=True).stdout) for _ in range(runs)
            ]
            middle = {key: float(np.median([run[key] for run in measured])) for key in measured[0]}
            first = first or middle
            cells = (
                f"`{instance}`",
                f"{minutes} min",
                f"{middle['intervals']:,.0f}",
                f"{middle['seconds']:.2f}",
                f"{middle['seconds'] / first['seconds']:.1f}",
                f"{middle['mb']:,.0f}",
                f"{middle['mb'] / first['mb']:.1f}",
                f"{middle['violated']:,.0f}",
                f"{middle['gap']:.1e}",
            )
            print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    print(json.dumps(one(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
