"""One solver, one problem, one process: `python -m benchmarks.pilot.pilot_run WHO INSTANCE HORIZON ...`.

It prints one JSON line. `highs` is HiGHS alone on this project's arrays, with a binary for every exclusive
pair of every interval and for every unit: no tightening, no blocks, no start, and as many threads as cores.
"""

import argparse
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.make import HORIZONS
from benchmarks.pilot.pilot_problems import AS_IS, WITH_CAP, WITH_PIT, WITH_TANK, WITH_UNIT
from benchmarks.worker import finite, say_in_one_line
from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.interfaces.startup import start_quickly
from parkdispatch.models.conversion.generator import Generator
from parkdispatch.models.device import Device
from parkdispatch.models.errors import SolverError
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.models.stores.heat_store import HeatStore
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import tile
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.tiled_optimum import NoFeasibleDispatch

GAS_UNIT = Generator(
    bus="10kV", rated_mw=5.0, min_load_share=0.5, efficiency_points=((0.5, 0.36), (1.0, 0.41)),
    fuel_price_yuan_per_mwh=240.0, start_cost_yuan=1500.0, min_up_h=4.0, min_down_h=3.0,
)  # fmt: skip


CO2_CAP_T = 634_000.0
BESIDES: Mapping[str, Mapping[str, Device]] = {
    AS_IS: {},
    WITH_UNIT: {"gas_unit": GAS_UNIT},
    WITH_TANK: {"tank": HeatStore(energy_mwh=80.0, charge_limit_mw=20.0)},
    # of some 250,000 m3 of water, which loses a sixth in a year
    WITH_PIT: {"pit": HeatStore(energy_mwh=20_000.0, charge_limit_mw=40.0, loss_share_per_hour=2e-5)},
    WITH_CAP: {"co2": ParkRules(co2_cap_t=CO2_CAP_T)},
}


def pilot_case(instance: str) -> Case:
    """The shipped case, with what the instance has besides."""
    case = load_case(AS_IS)
    return case.with_devices({**case.devices, **BESIDES[instance]})


def pilot_dispatch(instance: str, first: str, end: str) -> Prepared:
    """The instance from one day to before another."""
    case = pilot_case(instance)
    step = f"{case.calendar.minutes}min"
    return prepare(case, pd.date_range(first, end, freq=step, inclusive="left"))


def solve_ours(problem: Prepared, limit_s: float, gap: float) -> dict[str, Any]:
    """This project's dispatch; columns and rows without those of exclusive pairs, which it adds as needed."""
    given = (problem.case.devices, problem.times, problem.hours, problem.series)
    started = time.perf_counter()
    try:
        optimum = optimize(*given, time_limit_s=limit_s, gap=gap)
    except SolverError as error:  # time ran out before a dispatch was found
        bound = error.bound_yuan if isinstance(error, NoFeasibleDispatch) else -np.inf
        seconds = {"build_s": 0.0, "solve_s": time.perf_counter() - started}
        return _said(np.inf, bound, gap, seconds, {})
    proof, program = optimum.proof, optimum.tiled.program
    sizes = {
        "columns": len(program.cost),
        "rows": len(program.row_lower),
        "binaries": proof.repaired,
        "intervals": len(problem.times),
    }
    seconds = {f"{step}_s": optimum.timings_s[step] for step in ("build", "solve")}
    return _said(proof.objective_yuan, proof.bound_yuan, gap, seconds, sizes)


def solve_by_highs(problem: Prepared, limit_s: float, gap: float) -> dict[str, Any]:
    """HiGHS's dispatch; building is tiling and handing over, and its time is solving alone."""
    import highspy

    from parkdispatch.optimizer.highs import pass_arrays

    started = time.perf_counter()
    template = compile_template(problem.case.devices, problem.hours)
    tiled = tile(template, Horizon(problem.times, problem.hours), problem.series)
    program = tiled.with_binaries(np.ones((len(template.pairs), len(problem.times)), dtype=bool))
    solver = highspy.Highs()
    for option, value in {
        "output_flag": False,
        "threads": os.cpu_count() or 1,
        "mip_rel_gap": gap,
        "time_limit": limit_s,
    }.items():
        solver.setOptionValue(option, value)
    pass_arrays(solver, program)
    built = time.perf_counter()
    solver.resetGlobalScheduler(True)  # all objects of a process share it, with its number of threads
    if solver.run() == highspy.HighsStatus.kError:
        raise SolverError(f"HiGHS {solver.version()} cannot run")
    seconds = {"build_s": built - started, "solve_s": time.perf_counter() - built}
    info, statuses = solver.getInfo(), highspy.HighsModelStatus
    if solver.getModelStatus() == statuses.kMemoryLimit:
        raise MemoryError
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    objective = info.objective_function_value if feasible else np.inf
    # before its relaxation is solved, HiGHS has no bound to tell
    bound = info.mip_dual_bound if info.mip_node_count >= 0 else -np.inf
    sizes = {
        "columns": len(program.cost),
        "rows": len(program.row_lower),
        "binaries": int(program.binary.sum()),
        "intervals": len(problem.times),
    }
    return _said(objective, bound, gap, seconds, sizes)


def _said(
    objective: float, bound: float, asked: float, seconds: Mapping[str, float], sizes: Mapping[str, int]
) -> dict[str, Any]:
    gap = max(0.0, objective - bound) / max(1.0, abs(objective)) if np.isfinite(objective) else np.inf
    return {
        **sizes,
        **seconds,
        "objective_yuan": finite(objective),
        "bound_yuan": finite(bound),
        "gap": finite(gap),
        "finished": bool(gap <= asked),
    }


SOLVERS: Mapping[str, Callable[[Prepared, float, float], dict[str, Any]]] = {
    "parkdispatch": solve_ours,
    "highs": solve_by_highs,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pilot.pilot_run", description=__doc__)
    parser.add_argument("who", choices=SOLVERS)
    parser.add_argument("instance", choices=BESIDES)
    parser.add_argument("horizon", choices=HORIZONS)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of solving")
    parser.add_argument("--gap", type=float, default=1e-9, help="relative")
    chosen = parser.parse_args()
    start_quickly()

    def work() -> dict[str, Any]:
        problem = pilot_dispatch(chosen.instance, *HORIZONS[chosen.horizon])
        return SOLVERS[chosen.who](problem, chosen.limit, chosen.gap)

    say_in_one_line(work)


if __name__ == "__main__":
    main()
