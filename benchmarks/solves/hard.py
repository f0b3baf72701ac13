"""`python -m benchmarks --hard`: years whose relaxation breaks many exclusive pairs, and what repair does."""

import time
from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.table import machine
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.solve import Proof, optimize

LIMIT_S = 60.0
NEAR = 1e-4  # relative gap
NEGATIVE_SHARE = 0.25  # of the hours
LOWEST_YUAN_PER_MWH, HIGHEST_YUAN_PER_MWH = -300.0, -10.0
SEED = 7

Key = tuple[str, str]
Problem = tuple[Mapping[str, Device], Mapping[Key, Array]]
Given = tuple[Mapping[str, Device], pd.DatetimeIndex, float, Mapping[Key, Array]]


def with_batteries(prepared: Prepared, **changes: float) -> dict[str, Device]:
    """The case's devices, all batteries changed."""
    storage = prepared.case.storage
    return {
        name: device.model_copy(update=changes) if name in storage else device
        for name, device in prepared.case.devices.items()
    }


def with_negative_prices(prepared: Prepared) -> dict[Key, Array]:
    """The case's series with a quarter of the hours at prices below zero, drawn with a seed."""
    rng, series = np.random.default_rng(SEED), dict(prepared.series)
    each = round(1.0 / prepared.hours)
    hours = len(prepared.times) // each
    chosen = np.isin(np.arange(hours), rng.permutation(hours)[: int(NEGATIVE_SHARE * hours)])
    below = np.repeat(chosen, each)
    key = next(key for key in series if key[1] == "purchase_price_yuan_per_mwh")
    price = series[key].copy()
    price[below] = rng.uniform(LOWEST_YUAN_PER_MWH, HIGHEST_YUAN_PER_MWH, below.sum())
    series[key] = price
    return series


def hard_years(prepared: Prepared) -> dict[str, Problem]:
    """What is solved, by the name it has in the table."""
    negative, devices = with_negative_prices(prepared), prepared.case.devices
    slow = with_batteries(prepared, min_charge_mw=5.0)
    return {
        "as it is: surplus sells above two buying prices": (devices, prepared.series),
        "a quarter of the hours below zero, wear 50 yuan/MWh": (
            with_batteries(prepared, wear_yuan_per_mwh=50.0),
            negative,
        ),
        "a quarter of the hours below zero, no wear": (devices, negative),
        "batteries without losses": (
            with_batteries(prepared, eta_charge=1.0, eta_discharge=1.0),
            prepared.series,
        ),
        "one full cycle a day at most": (with_batteries(prepared, max_cycles_per_day=1.0), prepared.series),
        "one battery, at least 5 MW when charging": (
            {name: device for name, device in slow.items() if name != prepared.case.storage[-1]},
            prepared.series,
        ),
        "two equal batteries, each at least 5 MW when charging": (slow, prepared.series),
    }


def solve_hard_years(limit_s: float = LIMIT_S) -> None:
    """Solve each twice, to the optimum and to what is near enough, and print a line for it."""
    case = load_case("gaoan")
    times: pd.DatetimeIndex = year_times(case)
    prepared = prepare(case, times)
    about = machine()
    print(", ".join(f"{name} {value}" for name, value in about.items()) + f"; at most {limit_s:g} s each\n")
    print(
        "| year | pairs violated by the relaxation | given a binary | windows | seconds | gap"
        f" | seconds to a gap of {NEAR:g} |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, (devices, series) in hard_years(prepared).items():
        given = (devices, times, prepared.hours, series)
        exact, took = _proof(given, limit_s, EXACT)
        near, nearly = _proof(given, limit_s, NEAR)
        columns = ["", "", "", took, ""]
        if exact is not None:
            columns = [f"{n:,}" for n in (exact.violated, exact.repaired, exact.windows)]
            columns += [took, f"{exact.gap:.1e}"]
        if near is not None and near.gap > NEAR:
            nearly = f"{near.gap:.1e} in {nearly}"
        print("|", " | ".join((name, *columns, nearly)), "|", flush=True)


def _proof(given: Given, limit_s: float, gap: float) -> tuple[Proof | None, str]:
    """The proof and the seconds it took, or what was said instead of one."""
    started = time.perf_counter()
    try:
        optimum = optimize(*given, time_limit_s=limit_s, gap=gap)
    except SolverError as error:  # time ran out before a dispatch was found
        return None, str(error)
    return optimum.proof, f"{time.perf_counter() - started:.1f}"
