"""Optimize a park: from devices and series to a certified dispatch, with HiGHS or with plain Pyomo."""

import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.allowances import with_allowances
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.kept_templates import Compiler, compiled_template, kept_template
from parkdispatch.optimizer.formulation.linear_program import scaled_unit_yuan
from parkdispatch.optimizer.formulation.template import Key, Template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver, UnboundedProgram
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.presolve.identical_units import MergedUnits, merge_identical_units
from parkdispatch.optimizer.proof.certificate import (
    EXACT,
    ProofMethod,
    primal_infeasibility,
)
from parkdispatch.optimizer.proof.feasibility import has_broken_empty_row, obeys_all
from parkdispatch.optimizer.proof.infeasibility import explain_infeasibility, explain_total, unbalanced_buses
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import (
    FinalRelaxation,
    NoFeasibleDispatch,
    Progress,
    SolveSettings,
    TiledOptimum,
    TotalOutOfReach,
)
from parkdispatch.optimizer.time_budget import ending_at

if TYPE_CHECKING:  # the windows' machinery, which other parks do without
    from parkdispatch.optimizer.tiled_warm_start import TiledWarmStart

LEAST_GRACE_S = 2.0  # for a dispatch at rest, or for finding the limits that contradict each other
GRACE_SHARE = 0.08  # of the time limit, for steps that are under way: with their ends, within a tenth
USUAL_COST_YUAN = (1.0, 1e6)  # largest cost of a MW or MWh in a program that is solved in yuan


@dataclass(frozen=True)
class Proof:
    """Objective and bound of a dispatch, and how the bound was proven."""

    objective_yuan: float
    bound_yuan: float
    method: ProofMethod
    pairs: int  # exclusive pairs in the model, one per interval
    settled: int  # of these, decided by bound tightening
    violated: int  # of these, violated by the relaxation or with a member fixed at zero by the warm start
    repaired: int  # of these, given a binary
    windows: int  # sets of segments solved with binaries
    primal_infeasibility: float  # largest violation of any row or bound, in its unit
    dual_infeasibility: float

    @property
    def gap(self) -> float:
        """(objective - bound) / max(1, |objective|), never below zero."""
        difference = float(np.maximum(self.objective_yuan - self.bound_yuan, 0.0))  # keeps NaN
        return difference / max(1.0, abs(self.objective_yuan))


@dataclass(frozen=True)
class WarmStart:
    """What the solve of a park with the same structure and as many intervals may start from."""

    devices: Mapping[str, Device]
    template: Template
    units_separate: bool  # identical units were not merged
    tiled_warm_start: "TiledWarmStart"


@dataclass(frozen=True)
class Optimum:
    """A dispatch in the columns of `tiled`, with its proof and the seconds it took, by step.

    `warm` and `final_relaxation` are None from other solvers than HiGHS. `final_relaxation` has the
    multipliers for sensitivities of the optimal value; it is None where they were not asked for, and where
    identical units were merged.
    """

    tiled: Tiled
    x: Array
    proof: Proof
    timings_s: Mapping[str, float]
    warm: WarmStart | None = None
    final_relaxation: FinalRelaxation | None = None


def optimize(
    devices: Mapping[str, Device],
    times: pd.DatetimeIndex,
    hours: float,
    series: Mapping[Key, Array],
    *,
    time_limit_s: float = 60.0,
    gap: float = EXACT,
    threads: int | None = None,
    progress: Progress = lambda _: None,
    warm: WarmStart | None = None,
    apart: bool = False,
    multipliers: bool = False,
    allowances: Collection[Key] = (),
    compiler: Compiler = compiled_template,
) -> Optimum:
    """The cheapest dispatch of the devices, certified, or with its proven gap where time ran out.

    `series` maps (device, name) to an array of shape (intervals,). A dispatch proven to be within the
    relative `gap` of the optimum is accepted. `warm` comes from the solve of a park with the same structure,
    with another forecast, battery size or prices: it changes the time this takes, not what is proven.
    `apart`: identical units are not merged, so that each has multipliers of its own. `multipliers`:
    `final_relaxation` is needed; a solve from scratch without identical units has it in any case.
    `allowances` are totals over more than the horizon, of which `series` says what is left to it. `compiler`
    makes a template that is not kept.

    Raises InfeasibleError where a bus cannot be balanced within the bounds, limits contradict each other or
    the cost is unbounded, SolverError otherwise.
    """
    started = time.perf_counter()
    deadline, grace_s = time.monotonic() + time_limit_s, max(LEAST_GRACE_S, GRACE_SHARE * time_limit_s)
    progress("building the model")
    template = with_allowances(_template(devices, hours, warm, compiler), allowances)
    tiled = tile(template, Horizon(times, hours), series)
    money_unit_yuan = _money_unit_yuan(tiled)
    # in yuan it is the same park, whose arrays are built once
    scaled = tiled if money_unit_yuan == 1 else replace(tiled, money_unit_yuan=money_unit_yuan)
    is_general = not template.decomposes_into_windows
    separate = is_general or apart or (warm is not None and warm.units_separate)
    merged = None if separate else merge_identical_units(scaled, devices)
    # the arrays of the original park are built only at the end, unless buses must be reported
    if unbalanced_buses(merged.tiled if merged else tiled) and (lines := unbalanced_buses(tiled)):
        raise InfeasibleError("\n".join(lines))
    try:
        if has_broken_empty_row((merged.tiled if merged else scaled).program):
            raise InfeasibleProgram
        # the grace is for a dispatch at rest, also where building the model took all the time
        no_later = max(deadline, time.monotonic()) + grace_s
        with ThreadPool(threads or os.cpu_count() or 1) as pool, ending_at(no_later):
            settings = SolveSettings(pool, deadline, gap, multipliers, progress)
            if is_general:
                from parkdispatch.optimizer.general_optimum import find_general_optimum

                solved = find_general_optimum(scaled, settings)
            else:
                warm_start = warm.tiled_warm_start if warm is not None else None
                solved, merged = _find_by_windows(scaled, merged, devices, settings, warm_start)
    except TotalOutOfReach as ended:
        raise InfeasibleError(explain_total(tiled, ended.row, ended.missing)) from None
    except InfeasibleProgram as ended:
        progress("explaining the infeasibility")
        raise InfeasibleError(_explanation(tiled, time_limit_s, ended.rows)) from None
    except NoFeasibleDispatch as ended:
        raise NoFeasibleDispatch(ended.bound_yuan * money_unit_yuan) from None
    except UnboundedProgram:
        raise InfeasibleError("the cost has no limit: some device earns money without end") from None
    solved = solved.in_yuan(money_unit_yuan)
    x = merged.point(solved.x) if merged else solved.x
    proof = _checked_proof(tiled, x, solved)
    timings = {"build": solved.built - started, "solve": time.perf_counter() - solved.built}
    next_warm = (
        WarmStart(dict(devices), template, merged is None, solved.warm_start) if solved.warm_start else None
    )
    return Optimum(tiled, x, proof, timings, next_warm, None if merged else solved.final_relaxation)


def _explanation(tiled: Tiled, time_limit_s: float, rows: Index | None = None) -> str:
    """Say what makes a program, or some rows of it, infeasible, as far as the time allows."""
    try:
        with ending_at(time.monotonic() + max(LEAST_GRACE_S, GRACE_SHARE * time_limit_s)):
            return explain_infeasibility(tiled, tiled.program, rows)
    except OutOfTime:
        return "no dispatch meets all limits; the time limit is too short to find out which of them"


def _money_unit_yuan(tiled: Tiled) -> float:
    """The unit in which costs are neither lost in tolerances nor strain them: yuan at usual prices."""
    largest = tiled.largest_cost()
    is_usual = USUAL_COST_YUAN[0] <= largest <= USUAL_COST_YUAN[1]
    return 1.0 if is_usual else scaled_unit_yuan(largest)


def _template(
    devices: Mapping[str, Device], hours: float, warm: WarmStart | None, compiler: Compiler
) -> Template:
    """The template of the devices, or that of the warm start if it is the same."""
    if warm is not None and warm.template.hours == hours and warm.devices == dict(devices):
        return warm.template
    return kept_template(devices, hours, compiler)


def _find_by_windows(
    tiled: Tiled,
    merged: MergedUnits | None,
    devices: Mapping[str, Device],
    settings: SolveSettings,
    warm_start: "TiledWarmStart | None",
) -> tuple[TiledOptimum, MergedUnits | None]:
    """The optimum, and the merged identical units if it is theirs: not if they need pairs of their own."""
    from parkdispatch.optimizer.relaxation.coarse_start import coarse_park, merged_coarse_park
    from parkdispatch.optimizer.window_optimum import IdenticalUnitsDiffer, find_optimum

    if merged is not None:
        coarse = merged_coarse_park(tiled, devices)
        try:
            solved = find_optimum(merged.tiled, merged.paired, settings, warm_start, coarse=coarse)
        except IdenticalUnitsDiffer:
            settings.progress("identical units need exclusive pairs of their own")
        else:
            return solved, merged
    coarse = coarse_park(tiled, devices)
    return find_optimum(tiled, tiled, settings, warm_start, coarse=coarse), None


def _checked_proof(tiled: Tiled, x: Array, solved: TiledOptimum) -> Proof:
    """The proof of a dispatch; raises SolverError if the dispatch violates a row, a bound or a pair."""
    objective, error = tiled.program.objective(x), primal_infeasibility(tiled.program, x)
    if not obeys_all(tiled, tiled.program, x):
        raise SolverError(f"the dispatch found violates a constraint by {error:g}")
    return Proof(
        objective_yuan=objective,
        bound_yuan=solved.bound,
        method=solved.method,
        pairs=len(tiled.template.pairs) * len(tiled.horizon),
        settled=solved.settled,
        violated=solved.violated,
        repaired=solved.binaries,
        windows=solved.windows,
        primal_infeasibility=error,
        dual_infeasibility=solved.dual_infeasibility,
    )


def _refuse_infeasible(tiled: Tiled) -> None:
    """Raise InfeasibleError with its explanation if the relaxation has no solution."""
    solver = Solver()
    solver.load(tiled.program)
    try:
        solver.solve()
    except InfeasibleProgram:
        raise InfeasibleError(explain_infeasibility(tiled, tiled.program)) from None


def optimize_with_pyomo(
    devices: Mapping[str, Device],
    times: pd.DatetimeIndex,
    hours: float,
    series: Mapping[Key, Array],
    solver: str,
    time_limit_s: float | None = None,
) -> Optimum:
    """The same problem as a plain Pyomo model, solved by a solver of Pyomo, whose bound is not checked.

    `time_limit_s` limits the solver, not the writing of the model.
    """
    from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo  # slow: all of Pyomo

    started = time.perf_counter()
    horizon = Horizon(times, hours)
    tiled = tile(kept_template(devices, hours), horizon, series)
    model = build_plain_pyomo(devices, horizon, series)
    built = time.perf_counter()
    try:
        bound = model.solve(solver, time_limit_s)
    except SolverError:
        _refuse_infeasible(tiled)  # other solvers report infeasibility in different ways
        raise
    x = model.values(tiled)
    pairs = len(tiled.template.pairs) * len(times)
    proof = Proof(
        objective_yuan=tiled.program.objective(x),
        bound_yuan=bound,
        method=ProofMethod("pyomo", {"solver": solver}),
        pairs=pairs,
        settled=0,
        violated=int(np.sum(violated_pairs(tiled, x))),
        repaired=pairs,
        windows=0,
        primal_infeasibility=primal_infeasibility(tiled.program, x),
        dual_infeasibility=0.0,
    )
    timings = {"build": built - started, "solve": time.perf_counter() - built}
    return Optimum(tiled, x, proof, timings)
