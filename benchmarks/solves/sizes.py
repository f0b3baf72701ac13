"""`python -m benchmarks --sizes`: many sizes of the second battery, each a certified year of its own.

The grid is walked in as many chains as there are cores, each solve in one thread, as a surface is. The
target: 400 sizes in at most 400 x 0.35 x one cold year on one core / 1.6; 1.6 is what two cores must
at least be worth.
"""

import os
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from benchmarks.table import machine
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.optimizer import highs
from parkdispatch.optimizer.solve import Optimum, WarmStart, optimize
from parkdispatch.studies.sizing.marginal_value import resized
from parkdispatch.studies.sizing.surface_dispatch import serpentine_order

TARGET, SECOND_CORE = 0.35, 1.6
POWERS_MW, HOURS = (2.5, 50.0), (1.0, 4.0)
COLD = 5  # sizes solved from nothing; an odd number, for they are spread over both sides of the grid
PROVEN = 1e-8  # gap of an answer that counts
Size = tuple[float, float]  # power [MW], energy [MWh]


class Clock:
    """Seconds that HiGHS itself runs, in all threads, as processor time."""

    def __init__(self) -> None:
        self.seconds, self._lock = 0.0, threading.Lock()
        whole = highs._Quiet.run

        def run(solver: highs._Quiet) -> object:
            began = time.thread_time()
            try:
                return whole(solver)
            finally:
                took = time.thread_time() - began
                with self._lock:
                    self.seconds += took

        highs._Quiet.run = run


@dataclass(frozen=True)
class Sizes:
    """What a grid of sizes took."""

    count: int
    wall_s: float
    cpu_s: float
    highs_s: float
    largest_gap: float


def grid(count: int) -> list[list[Size]]:
    """About so many sizes, in rows of one power."""
    side = max(2, round(count**0.5))
    powers, hours = np.linspace(*POWERS_MW, side), np.linspace(*HOURS, max(2, round(count / side)))
    return [[(float(p), float(p * h)) for h in hours] for p in powers]


def spread(rows: list[list[Size]]) -> list[Size]:
    """Sizes of which no two have the same power or duration, from end to end of both."""
    shares = np.linspace(0.0, 1.0, COLD)
    turned = shares[2 * np.arange(COLD) % COLD]
    return [
        rows[round(power * (len(rows) - 1))][round(hours * (len(rows[0]) - 1))]
        for power, hours in zip(shares.tolist(), turned.tolist(), strict=True)
    ]


def solved(year: Prepared, size: Size, warm: WarmStart | None) -> Optimum:
    devices = resized(year.case.devices, "battery_2", *size)
    return optimize(
        devices, year.times, year.hours, year.series, warm=warm, threads=1, multipliers=True
    )  # as `size` asks for them


def walk(
    year: Prepared, rows: list[list[Size]], cores: int, said: Callable[[str], None], clock: Clock
) -> Sizes:
    """Solve the sizes in chains side by side, as a surface does."""
    count = sum(len(row) for row in rows)
    done, lock, gaps = 0, threading.Lock(), []

    def chain(part: list[Size]) -> None:
        nonlocal done
        warm = None
        for size in part:
            optimum = solved(year, size, warm)
            warm = optimum.warm
            with lock:
                done += 1
                gaps.append(optimum.proof.gap)
                if done % 20 == 0:
                    said(f"{done} of {count}, {time.perf_counter() - began:.0f} s")

    parts = [serpentine_order(rows[first::cores]) for first in range(cores)]
    began, cpu, inside = time.perf_counter(), time.process_time(), clock.seconds
    with ThreadPoolExecutor(cores) as pool:
        list(pool.map(chain, parts))
    wall = time.perf_counter() - began
    return Sizes(count, wall, time.process_time() - cpu, clock.seconds - inside, max(gaps))


def solve_sizes(count: int, said: Callable[[str], None]) -> None:
    """Print what the grid took, beside cold years and the target."""
    case = load_case("gaoan")
    assert case.sizing is not None
    case = with_values(case, case.sizing.standing)
    year, rows, cores = prepare(case, year_times(case)), grid(count), os.cpu_count() or 1
    clock, cold = Clock(), list[float]()
    solved(year, rows[0][0], None)  # what is loaded once is no part of either
    for size in spread(rows):
        began = time.perf_counter()
        solved(year, size, None)
        cold.append(time.perf_counter() - began)
        said(f"from nothing, {size[0]:.1f} MW / {size[1]:.1f} MWh: {cold[-1]:.2f} s")
    walked = walk(year, rows, cores, said, clock)
    year_s = statistics.median(cold)
    allowed = walked.count * TARGET * year_s / SECOND_CORE
    print(", ".join(f"{name} {value}" for name, value in machine().items()) + "\n")
    print("| | |\n|---|---|")
    spread_s = f"{year_s:.2f} s ({min(cold):.2f} to {max(cold):.2f})"
    print(f"| one cold year, one core, median of {COLD} | {spread_s} |")
    each = walked.wall_s / walked.count
    print(f"| {walked.count} sizes, {cores} cores | {walked.wall_s:.0f} s, {each:.2f} s each |")
    print(f"| allowed: sizes x {TARGET} x cold / {SECOND_CORE} | {allowed:.0f} s |")
    print(f"| of what is allowed | {walked.wall_s / allowed:.2f} |")
    outside = 1 - walked.highs_s / walked.cpu_s
    print(f"| processor time | {walked.cpu_s:.0f} s, {outside:.0%} of it outside HiGHS |")
    print(f"| largest gap | {walked.largest_gap:.1e} |")
    if walked.largest_gap > PROVEN:
        raise SystemExit(f"a size is not proven optimal: its gap is {walked.largest_gap:.1e}")
