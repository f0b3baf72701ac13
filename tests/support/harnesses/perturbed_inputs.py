"""Loads multiplied by 1 +- 1e-9: no program may fail by it, or change its value.

`python -m tests.support.harnesses.perturbed_inputs --draws 200 --first 0`

Draw n takes the program n modulo their number and multiplies the load of each interval by a factor of its
own, seeded by n. It must end as the program with the loads as given does: proven, with the same value. The
programs are those that a planner waits for; last bits decide which way through presolve, cuts and master
problems each takes. `--only month,size` takes these only, `--only year` a year of quarter-hours, which takes
half a minute a draw.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.models.device import Array
from parkdispatch.models.errors import ParkdispatchError
from parkdispatch.models.finance.contracts import Contracts
from parkdispatch.models.loads.load import Load
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.parametric.parametric_search import ParameterLimits, ParametricSearch
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Choice
from parkdispatch.studies.sizing.existing_park import ExistingPark, existing_case
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch
from parkdispatch.studies.sizing.marginal_value import resized
from parkdispatch.studies.solve_case import solve_prepared
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.parks.month_parks import month_with_candidate_violations
from tests.support.small_parks import SmallPark

FACTOR = 1e-9
SAME = 1e-6  # relative
PROVEN = 1e-8  # relative
DEMAND = "demand_mw"
# as a scenario is solved: in one thread, with more time than any program takes
CONTEXT = SolveContext(SolveOptions(threads=1, time_limit_s=3600.0))
TEN = Choice("ten", "10 MW / 20 MWh", "", 10.0, 20.0, 50e6)
SIZES = ParameterLimits(
    np.array([0.0, 0.0]), np.array([8.0, 20.0]), np.array([[1.0, -1.0], [-4.0, 1.0]]), np.zeros(2)
)
PRICE_YUAN = np.array([700.0, 1500.0])  # of a MW and a MWh for the days of the size search

Random = np.random.Generator


@cache
def _built_in(start: str, end: str, minutes: int) -> Prepared:
    """The built-in park from a day to another, without contracts, as the increment finds it."""
    case = replace(load_case("gaoan"), contracts=Contracts())
    case = replace(case, calendar=case.calendar.model_copy(update={"minutes": minutes}))
    times = pd.date_range(start, end, freq=f"{minutes}min", inclusive="left")
    return prepare(existing_case(case), times)


def _perturbed(prepared: Prepared, random: Random | None) -> Prepared:
    """The same park with loads a little off; without `random` as they are."""
    if random is None:
        return prepared
    loads = [name for name, device in prepared.case.devices.items() if isinstance(device, Load)]
    series = dict(prepared.series)
    for name in loads:
        series[name, DEMAND] = _off(series[name, DEMAND], random)
    return replace(prepared, series=series)


def _off(values: Array, random: Random) -> Array:
    return values * (1.0 + FACTOR * random.choice([-1.0, 1.0], len(values)))


def _dispatch(start: str, end: str, random: Random | None) -> tuple[float, float]:
    """Cost and bound of the built-in park in quarter-hours."""
    proof = solve_prepared(_perturbed(_built_in(start, end, 15), random), CONTEXT).proof
    return proof.objective_yuan, proof.bound_yuan


def _small_park(days: int, random: Random | None) -> SmallPark:
    park = month_with_candidate_violations(2, days)
    if random is not None:
        park.series["load", DEMAND] = _off(park.series["load", DEMAND], random)
    return park


def _peak(random: Random | None) -> tuple[float, float]:
    """Two weeks whose windows share a peak, by Benders decomposition."""
    park = _small_park(14, random)
    proof = optimize(park.devices, park.times, park.hours, park.series, threads=1).proof
    return proof.objective_yuan, proof.bound_yuan


def _increment(random: Random | None) -> tuple[float, float]:
    """The first and the last year of an increment, as a scenario has them: their costs less their savings."""
    park = _perturbed(_built_in("2026-06-01", "2026-06-15", 60), random)
    (worth,) = IncrementDispatch(ExistingPark(park, CONTEXT)).worth([TEN])
    assert worth.lifetime is not None
    cost = worth.dispatch_yuan + sum(year.bill_yuan for year in worth.lifetime.years)
    return cost, cost * (1.0 - worth.gap)


def _size(random: Random | None) -> tuple[float, float]:
    """Cost and bound of the cheapest size of a battery in three days."""
    park = _small_park(3, random)

    def tiled_at(size: Array) -> Tiled:
        devices = resized(park.devices, "battery", float(size[0]), float(size[1]))
        return tile(compile_template(devices, park.hours), Horizon(park.times, park.hours), park.series)

    with ThreadPool(1) as pool:
        search = ParametricSearch(tiled_at, SIZES, PRICE_YUAN, pool, lambda _: None)
        result = search.run(np.array([4.0, 10.0]), PROVEN_SIZE_GAP, 3600.0)
    return result.best.cost_yuan, result.bound_yuan


@dataclass(frozen=True)
class Program:
    """A program: its cost and lower bound with loads as given (None) or a little off, and its largest gap."""

    solve: Callable[[Random | None], tuple[float, float]]
    proven: float = PROVEN  # relative


PROGRAMS: Mapping[str, Program] = {
    "day": Program(lambda random: _dispatch("2026-07-15", "2026-07-16", random)),
    "peak": Program(_peak),
    "month": Program(lambda random: _dispatch("2026-06-01", "2026-07-01", random)),
    "increment": Program(_increment),
    "size": Program(_size, PROVEN_SIZE_GAP),
    "year": Program(lambda random: _dispatch("2026-01-01", "2027-01-01", random)),
}


QUICK = tuple(name for name in PROGRAMS if name != "year")


@cache
def _unperturbed_yuan(name: str) -> float:
    return PROGRAMS[name].solve(None)[0]


def faults_of_draw(draw: int, names: Sequence[str]) -> tuple[str, list[str]]:
    """The program of a draw, and what is wrong with how it ends."""
    name = names[draw % len(names)]
    program = PROGRAMS[name]
    try:
        cost, bound = program.solve(np.random.default_rng(draw))
    except (ParkdispatchError, ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
        return name, [f"{type(error).__name__}: {error}"]
    scale, faults = max(1.0, abs(cost)), []
    if not cost - bound <= program.proven * scale:
        faults.append(f"not proven: cost {cost:.10g}, bound {bound:.10g}")
    if not abs(cost - _unperturbed_yuan(name)) <= SAME * scale:
        faults.append(f"cost {cost:.10g}, unperturbed {_unperturbed_yuan(name):.10g}")
    return name, faults


def main() -> None:
    """Try the draws and print how many ended well by program; the exit code is 1 for any fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--draws", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw, which is its seed")
    parser.add_argument("--only", default=",".join(QUICK), help="programs, parted by commas")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    tried: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for draw in range(arguments.first, arguments.first + arguments.draws):
        began = time.perf_counter()
        name, faults = faults_of_draw(draw, names)
        tried[name] += 1
        lost[name] += bool(faults)
        seconds[name] += time.perf_counter() - began
        for fault in faults:
            print(f"draw {draw}, {name}: {fault}", flush=True)
    for name in names:
        print(f"{name}: {tried[name]} draws, {lost[name]} lost, {seconds[name]:.0f} s")
    print(f"{sum(tried.values())} draws, {sum(lost.values())} lost")
    sys.exit(sum(lost.values()) > 0)


if __name__ == "__main__":
    main()
