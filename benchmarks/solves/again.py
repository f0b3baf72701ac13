"""`python -m benchmarks --again`: solves that begin where another ended, beside the same from scratch.

A day's plan with a new forecast; a year of day-ahead plans; years with a little other battery, age or price.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.commands import spread
from benchmarks.instance import EQUAL
from benchmarks.make import INSTANCES, make_year
from benchmarks.solves.hard import with_batteries
from benchmarks.table import machine
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.optimizer.solve import Optimum, WarmStart, optimize
from parkdispatch.studies.daily_replay import replay_year
from parkdispatch.studies.solve_options import SolveContext

Key = tuple[str, str]
Problem = tuple[Mapping[str, Any], pd.DatetimeIndex, float, Mapping[Key, Array]]
PURCHASE, SALE = ("grid", "purchase_price_yuan_per_mwh"), ("grid", "sale_price_yuan_per_mwh")
EVERY_DAYS = 7  # one day of each week is planned again
PV_ERROR, LOAD_ERROR = 0.1, 0.02  # relative; how far a new forecast is from the last, either way
SEED = 1


def timed(problem: Problem, warm: WarmStart | None = None) -> tuple[Optimum, float]:
    """The optimum and the seconds from checked inputs to it."""
    started = time.perf_counter()
    optimum = optimize(*problem, warm=warm)
    return optimum, time.perf_counter() - started


def _same(first: Optimum, second: Optimum) -> None:
    a, b = first.proof, second.proof
    if abs(a.objective_yuan - b.objective_yuan) > EQUAL * abs(a.objective_yuan) or max(a.gap, b.gap) > EQUAL:
        raise SystemExit(f"two answers to one problem: {a.objective_yuan} and {b.objective_yuan}")


def _row(what: str, cold: list[float], warm: list[float], unit: str, scale: float, digits: int) -> str:
    cells = [spread([scale * s for s in seconds], digits) for seconds in (cold, warm)]
    ratio = np.median(warm) / np.median(cold)
    return f"| {what} | {cells[0]} {unit} | {cells[1]} {unit} | {ratio:.2f} |"


def new_forecasts(year: Prepared) -> tuple[list[float], list[float]]:
    """Seconds from scratch and from the last plan, for one day of each week."""
    rng, cold, warm = np.random.default_rng(SEED), [], []
    per_day = round(24 / year.hours)
    peak = year.series[PURCHASE] * 0.0 + 150.0  # [MW] what a month has usually seen by then
    for first in range(0, len(year.times) - per_day + 1, EVERY_DAYS * per_day):
        day = slice(first, first + per_day)
        series = {key: array[day] for key, array in {**year.series, ("grid", "peak_floor_mw"): peak}.items()}
        given: Problem = (year.case.devices, year.times[day], year.hours, series)
        last, _ = timed(given)
        newer = {
            ("pv", "available_mw"): rng.uniform(1 - PV_ERROR, 1 + PV_ERROR, per_day),
            ("load", "demand_mw"): rng.uniform(1 - LOAD_ERROR, 1 + LOAD_ERROR, per_day),
        }
        given = (*given[:3], series | {key: series[key] * change for key, change in newer.items()})
        anew, seconds = timed(given)
        cold.append(seconds)
        again, seconds = timed(given, last.warm)
        warm.append(seconds)
        _same(anew, again)
    return cold, warm


def neighbours(year: Prepared) -> dict[str, Problem]:
    """Years that differ a little from the one that was solved."""
    devices, times, hours, series = year.case.devices, year.times, year.hours, year.series
    rated = next(devices[name] for name in year.case.storage).energy_mwh  # type: ignore[attr-defined]
    return {
        "4 % more energy in the batteries": (
            with_batteries(year, energy_mwh=1.04 * rated),
            times,
            hours,
            series,
        ),
        "2 % less, the next year of ageing": (
            with_batteries(year, energy_mwh=0.98 * rated),
            times,
            hours,
            series,
        ),
        "buying prices 5 % higher": (devices, times, hours, {**series, PURCHASE: 1.05 * series[PURCHASE]}),
    }


def replayed(year: Prepared) -> float:
    """Seconds that planning each day of the year alone takes, one after another."""
    run, _ = replay_year(year, SolveContext(), 0.0)
    return run.timings_s["solve"]


def solve_again(runs: int, progress: Callable[[str], None]) -> None:
    """Print the table."""
    year = make_year()
    print(", ".join(f"{name} {value}" for name, value in machine().items()) + f"; {runs} runs\n")
    print("| solve | from scratch | from where another ended | ratio |\n|---|---|---|---|")
    progress("days")
    print(_row(f"a day, new forecast ({len(year.times) * year.hours / 24 / EVERY_DAYS:.0f} days)",
               *new_forecasts(year), "ms", 1000.0, 1))  # fmt: skip
    progress("replay")
    seconds = [replayed(year) for _ in range(runs)]
    print(f"| the year as 365 day-ahead plans |  | {spread(seconds)} s |  |", flush=True)
    for name, sale in INSTANCES.items():
        series = year.series if sale is None else {**year.series, SALE: np.full(len(year.times), sale)}
        problem = Prepared(year.case, year.times, year.hours, series)
        first, _ = timed((problem.case.devices, problem.times, problem.hours, problem.series))
        for what, given in neighbours(problem).items():
            cold, warm = [], []
            for turn in range(runs):
                progress(f"{name}, {what}, {turn + 1} of {runs}")
                anew, seconds_cold = timed(given)
                again, seconds_warm = timed(given, first.warm)
                _same(anew, again)
                cold.append(seconds_cold)
                warm.append(seconds_warm)
            print(_row(f"`{name}`, a year: {what}", cold, warm, "s", 1.0, 2), flush=True)
