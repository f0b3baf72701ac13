"""Random parks of a day to a week against plain HiGHS.

`python -m tests.support.harnesses.random_parks --parks 1000`

Each park is solved by `optimize` and, as one mixed-integer program of the same rows with a binary for each
exclusive pair, by HiGHS with its default settings. What must hold is in `Verdict`: the same optimum, a proof
wherever HiGHS has one quickly, never a wider gap after the same time, no error where an optimum exists.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import highspy
import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, ParkdispatchError
from parkdispatch.optimizer.highs import pass_arrays
from parkdispatch.optimizer.partition.lagrangian_pricing import with_pair_binaries
from parkdispatch.optimizer.solve import Optimum, optimize
from tests.support.small_parks import SmallPark

LIMIT_S = 10.0
PROVEN = 1e-9  # relative
PROVEN_YUAN = 5e-6  # absolute: HiGHS itself stops at a millionth with binaries
SAME = 1e-6  # relative
# what neither finds a dispatch of, in the same seconds, may have none
GOOD = ("equal", "equal by medians", "equal at the limit", "equal by exact rows", "unsolved by both")
EXACT = 1e-9  # HiGHS's tightest tolerance of rows and binaries
SAME_GAP = 0.01  # relative: two runs of HiGHS stopped at the same second differ by as much


def random_park(seed: int) -> SmallPark:
    """A park of a day to a week: any prices, sale above purchase, least powers, tiny and huge batteries."""
    rng = np.random.default_rng(seed)
    minutes = int(rng.choice([15, 30, 60]))
    days = int(rng.choice([1, 1, 1, 2, 3, 7]))
    start = str(rng.choice(["2026-07-15", "2026-07-30", "2026-04-21 10:15"]))
    park = SmallPark(days * 24 * 60 // minutes, minutes, start)
    hour = (park.times.hour + park.times.minute / 60).to_numpy()
    money, power = float(rng.choice([1, 1, 1, 1e-6, 1e6])), float(rng.choice([1, 1, 10, 0.02, 300]))
    buy = _prices(rng, hour) * money
    sell = _sale_prices(rng, buy, money)
    park.grid(
        buy,
        sell,
        import_limit=power * rng.choice([3.0, 10.0, 100.0]),
        export_limit=power * rng.choice([0.0, 1.0, 10.0]),
        demand=None if rng.random() < 0.5 else float(rng.choice([0.0, 100.0, 40_000.0])) * money,
        peak_so_far=power * rng.choice([0.0, 0.5]),
    )
    park.load(power * rng.choice([0.0, 0.5, 1.0]) * (1 + _noise(rng, hour)))
    if rng.random() < 0.5:
        sun = np.maximum(0.0, np.sin((hour - 6) / 12 * np.pi)) * (1 + _noise(rng, hour))
        park.pv(power * rng.choice([0.5, 2.0, 5.0]) * np.clip(sun, 0.0, None))
    for number in range(int(rng.choice([1, 1, 1, 2, 2, 3]))):
        rated = power * float(rng.choice([0.01, 0.3, 1.0, 1.0, 100.0]))
        least = float(rng.choice([0.0, 0.0, 0.2, 0.9])) * rated
        park.battery(
            f"battery_{number}",
            power_mw=rated,
            energy_mwh=rated * float(rng.choice([0.5, 2.0, 8.0])),
            min_charge_mw=least,
            min_discharge_mw=least if rng.random() < 0.7 else 0.0,
            soc_min=0.05,
            soc_max=0.95,
            initial_soc=float(rng.choice([0.05, 0.1, 0.5, 0.95])),
            eta_charge=float(rng.choice([0.5, 0.9, 0.94, 1.0])),
            eta_discharge=float(rng.choice([0.9, 0.94, 1.0])),
            self_discharge_per_hour=float(rng.choice([0.0, 0.0, 1e-3])),
            auxiliary_share=float(rng.choice([0.0, 0.01])),
            wear_yuan_per_mwh=min(1e6, float(rng.choice([0.0, 0.0, 30.0])) * money),
            max_cycles_per_day=None if rng.random() < 0.7 else float(rng.choice([0.5, 2.0])),
        )
    return park


def _noise(rng: np.random.Generator, hour: Array) -> Array:
    return rng.normal(0.0, float(rng.choice([0.0, 0.1, 0.3])), len(hour)).clip(-1.0)


def _prices(rng: np.random.Generator, hour: Array) -> Array:
    """Prices by period [yuan/MWh]: usual ones, flat ones, spot prices that fall below zero."""
    kind = rng.choice(["periods", "valley", "flat", "negative", "spot"])
    if kind == "periods":
        ends, prices = (6, 12, 14, 18, 22), (300, 650, 250, 650, 1100)
        return np.select([hour < end for end in ends], prices, 500.0)
    if kind == "valley":
        return np.where(hour < 6, 200.0, 500.0)
    if kind == "flat":
        return np.full(len(hour), float(rng.choice([500.0, 0.0])))
    if kind == "negative":
        return np.full(len(hour), -1000.0)
    return np.round(300 * np.sin(hour / 24 * 4 * np.pi) + rng.normal(100, 250, len(hour)), 2)


def _sale_prices(rng: np.random.Generator, buy: Array, money: float) -> Array:
    kind = rng.choice(["benchmark", "low", "above", "near", "zero"])
    constant = {"benchmark": 414.3, "low": 250.0, "zero": 0.0}
    if kind in constant:
        return np.full(len(buy), constant[kind] * money)
    return buy + (50.0 * money if kind == "above" else money * np.round(rng.normal(0, 100, len(buy)), 1))


@dataclass(frozen=True)
class Outcome:
    """How one solver ended: the cost and its bound, infinite where there is none, and the seconds."""

    cost_yuan: float
    bound_yuan: float
    seconds: float
    error: str = ""

    @property
    def gap_yuan(self) -> float:
        """Distance of cost and bound; zero where both say that there is no dispatch."""
        return 0.0 if self.cost_yuan == self.bound_yuan else self.cost_yuan - self.bound_yuan

    @property
    def is_proven(self) -> bool:
        """Whether the gap is closed."""
        allowed_yuan = max(PROVEN_YUAN, PROVEN * abs(self.cost_yuan)) if np.isfinite(self.cost_yuan) else 0.0
        return not self.error and self.gap_yuan <= allowed_yuan


def outcome_of(solve: Callable[[], Optimum]) -> tuple[Outcome, Optimum | None]:
    """How a solve ends, and its optimum if it has one."""
    began = time.perf_counter()
    try:
        optimum = solve()
    except (InfeasibleError, InputError):
        return Outcome(np.inf, np.inf, time.perf_counter() - began), None
    except ParkdispatchError as error:
        reason = f"{type(error).__name__}: {error}"
        return Outcome(np.inf, -np.inf, time.perf_counter() - began, reason), None
    proof = optimum.proof
    return Outcome(proof.objective_yuan, proof.bound_yuan, time.perf_counter() - began), optimum


def ours(park: SmallPark, limit_s: float) -> Outcome:
    """How `optimize` ends."""
    arguments = (park.devices, park.times, park.hours, park.series)
    return outcome_of(lambda: optimize(*arguments, time_limit_s=limit_s))[0]


def plain_highs(park: SmallPark, limit_s: float, tolerance: float | None = None) -> Outcome:
    """How HiGHS ends on the whole program: gaps of zero, and else default settings or this tolerance.

    Money is in a unit in which the largest cost is about a thousand: HiGHS's tolerances are absolute, and at
    prices of a millionth it calls dispatches optimal that are not.
    """
    tiled = park.tiled()
    largest = float(np.abs(tiled.program.cost).max(initial=0.0)) or 1.0
    unit = float(2.0 ** np.round(np.log2(largest / 1024)))
    tiled = replace(tiled, money_unit_yuan=unit)
    pairs = np.concatenate(
        [np.column_stack([tiled.column_of(pair.a), tiled.column_of(pair.b)]) for pair in tiled.template.pairs]
    )
    highs = highspy.Highs()
    options = {"output_flag": False, "time_limit": limit_s, "mip_rel_gap": 0.0}
    if tolerance is not None:
        options |= {"primal_feasibility_tolerance": tolerance, "mip_feasibility_tolerance": tolerance}
    for option, value in options.items():
        highs.setOptionValue(option, value)
    with_binaries = replace(tiled.program, binary=tiled.is_binary)
    pass_arrays(highs, with_pair_binaries(with_binaries, pairs))
    began = time.perf_counter()
    highs.run()
    seconds, info = time.perf_counter() - began, highs.getInfo()
    if highs.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        return Outcome(np.inf, np.inf, seconds)
    is_feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    cost_yuan = info.objective_function_value * unit if is_feasible else np.inf
    return Outcome(cost_yuan, info.mip_dual_bound * unit, seconds)


def feasibility_yuan(park: SmallPark) -> float:
    """What the solvers' tolerance of a millionth of a MW in each interval is worth in the park [yuan]."""
    program = park.tiled().program
    return 1e-6 * float(np.abs(program.cost).max(initial=0.0)) * len(park.times)


def verdict(park: SmallPark, our: Outcome, their: Outcome) -> str:
    """`equal`, or what is wrong."""
    tolerance_yuan = feasibility_yuan(park)
    tolerance_yuan += SAME * abs(their.cost_yuan) if np.isfinite(their.cost_yuan) else 0.0
    if our.error:
        return "error" if np.isfinite(their.cost_yuan) else "unsolved by both"
    if np.isfinite(their.cost_yuan) and our.bound_yuan > their.cost_yuan + tolerance_yuan:
        return "false bound"
    if their.is_proven and our.cost_yuan < their.bound_yuan - tolerance_yuan:
        return "below the optimum"
    if their.is_proven and not our.is_proven:
        return "not proven"
    if not our.is_proven and our.gap_yuan > (1 + SAME_GAP) * their.gap_yuan + tolerance_yuan:
        return "wider gap"
    return "equal"


def compare(seed: int, limit_s: float) -> tuple[str, str]:
    """The verdict on the park of a seed, and how the solves ended.

    HiGHS has half the limit. Where it proves its answer, `optimize` has the limit to prove its own; elsewhere
    it has the same seconds as HiGHS, and their gaps are compared. What is reached in seconds differs from
    run to run, of HiGHS beside itself too, and by what is found in the last tenth of one: where ours is
    wider, the medians of three runs of each count, then of three of the whole limit.
    """
    park = random_park(seed)
    runs = [_solve_both(park, limit_s / 2, limit_s)]
    said = verdict(park, *runs[0])
    if said == "wider gap":
        runs += [_solve_both(park, limit_s / 2, limit_s) for _ in range(2)]
        said = _by_medians(park, runs, "equal by medians")
    if said == "wider gap":
        later = [_solve_both(park, limit_s, limit_s) for _ in range(3)]
        runs += later
        said = _by_medians(park, later, "equal at the limit")
    if said in ("false bound", "not proven"):
        # a battery of 200 W with a least power: HiGHS's usual millionth of a MW lets its energy vanish
        our, their = runs[0][0], plain_highs(park, limit_s / 2, tolerance=EXACT)
        said, runs = verdict(park, our, their), [*runs, (our, their)]
        said = "equal by exact rows" if said == "equal" else said
    return said, "; ".join(f"{our}, {their}" for our, their in runs)


def _by_medians(park: SmallPark, runs: Sequence[tuple[Outcome, Outcome]], if_equal: str) -> str:
    our, their = (sorted(ends, key=lambda end: end.gap_yuan)[1] for ends in zip(*runs, strict=True))
    said = verdict(park, our, their)
    return if_equal if said == "equal" else said


def _solve_both(park: SmallPark, their_limit_s: float, limit_s: float) -> tuple[Outcome, Outcome]:
    their = plain_highs(park, their_limit_s)
    return ours(park, limit_s if their.is_proven else their_limit_s), their


def count_verdicts(
    compare: Callable[[int, float], tuple[str, str]], good: Collection[str], parks: int, description: str
) -> int:
    """Compare as many parks as the command line asks for; print each that is not good, and the counts.

    `parks` is their number by default. Returns the exit code.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--parks", type=int, default=parks)
    parser.add_argument("--first", type=int, default=0, help="seed of the first park")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds for a solve")
    typed = parser.parse_args()
    counts: Counter[str] = Counter()
    for seed in range(typed.first, typed.first + typed.parks):
        said, outcomes = compare(seed, typed.limit)
        counts[said] += 1
        if said not in good:
            print(f"{seed}: {said}; {outcomes}", flush=True)
    print(", ".join(f"{said}: {count}" for said, count in counts.most_common()))
    return 0 if set(counts) <= set(good) else 1


if __name__ == "__main__":
    sys.exit(count_verdicts(compare, GOOD, 1000, str(__doc__)))
