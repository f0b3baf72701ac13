"""Relax, tighten, solve, certify, repair: from a tiled park to an optimum with its proof."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array, Device
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo
from parkdispatch.optimizer.formulation.template import Key, Template
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from parkdispatch.optimizer.presolve.exclusive_pairs import violated_pairs
from parkdispatch.optimizer.presolve.identical_units import merge_identical_units
from parkdispatch.optimizer.proof.certificate import (
    EXACT,
    FEASIBILITY_TOLERANCE,
    ProofMethod,
    primal_infeasibility,
)
from parkdispatch.optimizer.proof.infeasibility import explain_infeasibility, unbalanced_buses
from parkdispatch.optimizer.relaxation.coarse_start import coarse_park
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.optimizer.tiled_optimum import (
    FinalRelaxation,
    IdenticalUnitsDiffer,
    Progress,
    TiledWarmStart,
    find_optimum,
)


@dataclass(frozen=True)
class Proof:
    """What is known of the answer, and how."""

    objective_yuan: float
    bound_yuan: float
    how: ProofMethod
    pairs: int  # exclusive pairs in the model, one per interval
    settled: int  # of them decided by bounds before anything was solved
    violated: int  # by the relaxation, or with a member at rest from the start
    repaired: int  # pairs that were given a binary
    windows: int  # stretches of days solved with binaries
    primal_infeasibility: float  # largest violation of any row or bound, in its unit
    dual_infeasibility: float

    @property
    def gap(self) -> float:
        """(objective - bound) / max(1, |objective|), never below zero."""
        return max(0.0, self.objective_yuan - self.bound_yuan) / max(1.0, abs(self.objective_yuan))


@dataclass(frozen=True)
class WarmStart:
    """What a solve leaves to the next one of a like park on as many intervals."""

    devices: Mapping[str, Device]
    template: Template
    apart: bool  # equal devices need pairs of their own
    trail: TiledWarmStart


@dataclass(frozen=True)
class Optimum:
    """A dispatch in the columns of `tiled`, with its proof and the seconds its making took."""

    tiled: Tiled
    x: Array
    proof: Proof
    timings_s: Mapping[str, float]
    warm: WarmStart | None = None  # to begin the next solve with; none from other solvers
    priced: FinalRelaxation | None = None  # what a little more of anything is worth; none from other solvers


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
) -> Optimum:
    """The cheapest dispatch of the devices, certified, or with the true gap where time ran out.

    `series` maps (device, name) to an array of shape (intervals,). A dispatch proven to be within `gap` of
    the optimum, relative, is enough. `warm` is what the solve of a like park left, with another forecast,
    another size of its battery or other prices: it changes how long this takes, not what is proven. `apart`:
    equal devices are not solved as one, so that each has multipliers of its own. `multipliers`: `priced` is
    asked for; from scratch it is there all the same, where no devices are equal.
    Raises InputError where a bus cannot be balanced whatever is done, InfeasibleError where limits conflict,
    SolverError otherwise.
    """
    started = time.perf_counter()
    deadline = time.monotonic() + time_limit_s
    workers = threads or os.cpu_count() or 1
    progress("building the model")
    same = warm is not None and warm.template.hours == hours and warm.devices == dict(devices)
    template = warm.template if warm is not None and same else compile_template(devices, hours)
    whole = tile(template, Horizon(times, hours), series)
    merged = None if apart or (warm is not None and warm.apart) else merge_identical_units(whole, devices)
    # the arrays of the whole are not needed before the end
    if unbalanced_buses(merged.tiled if merged else whole) and (lines := unbalanced_buses(whole)):
        raise InputError(lines)
    trail = warm.trail if warm is not None else None
    coarse = coarse_park(whole, devices)
    try:
        with ThreadPool(workers) as pool:
            find = partial(
                find_optimum,
                deadline=deadline,
                pool=pool,
                progress=progress,
                trail=trail,
                multipliers=multipliers,
                gap=gap,
            )
            if merged:
                like = merge_identical_units(coarse, devices) if coarse else None
                try:
                    found = find(merged.tiled, merged.paired, coarse=like.tiled if like else None)
                except IdenticalUnitsDiffer:
                    progress("equal devices need pairs of their own")
                    merged = None
            if not merged:
                found = find(whole, whole, coarse=coarse)
    except InfeasibleProgram:
        progress("looking for what conflicts")
        raise InfeasibleError(explain_infeasibility(whole, whole.program)) from None
    except UnboundedProgram:
        raise InfeasibleError("the cost has no limit: some device earns money without end") from None
    x = merged.point(found.x) if merged else found.x
    objective, error = whole.program.objective(x), primal_infeasibility(whole.program, x)
    if error > FEASIBILITY_TOLERANCE or violated_pairs(whole, x).any():
        raise SolverError(f"the dispatch found breaks a rule by {error:g}")
    proof = Proof(
        objective_yuan=objective,
        bound_yuan=found.bound,
        how=found.how,
        pairs=len(whole.template.pairs) * len(times),
        settled=found.settled,
        violated=found.violated,
        repaired=found.binaries,
        windows=found.windows,
        primal_infeasibility=error,
        dual_infeasibility=found.dual_infeasibility,
    )
    timings = {"build": found.built - started, "solve": time.perf_counter() - found.built}
    left = WarmStart(dict(devices), template, apart=merged is None, trail=found.trail)
    return Optimum(whole, x, proof, timings, left, None if merged else found.priced)


def _refuse_infeasible(tiled: Tiled) -> None:
    """Raise InfeasibleError, naming what conflicts, if the relaxation has no solution."""
    probe = Solver()
    probe.load(tiled.program)
    try:
        probe.solve()
    except InfeasibleProgram:
        raise InfeasibleError(explain_infeasibility(tiled, tiled.program)) from None


def optimize_with_pyomo(
    devices: Mapping[str, Device],
    times: pd.DatetimeIndex,
    hours: float,
    series: Mapping[Key, Array],
    solver: str,
) -> Optimum:
    """The same problem as plain Pyomo, solved by any solver Pyomo knows; the proof is its word."""
    started = time.perf_counter()
    horizon = Horizon(times, hours)
    tiled = tile(compile_template(devices, hours), horizon, series)
    reference = build_plain_pyomo(devices, horizon, series)
    built = time.perf_counter()
    try:
        bound = reference.solve(solver)
    except SolverError:
        _refuse_infeasible(tiled)  # other solvers say it in words of their own
        raise
    x = reference.values(tiled)
    count = len(tiled.template.pairs) * len(times)
    proof = Proof(
        objective_yuan=tiled.program.objective(x),
        bound_yuan=bound,
        how=ProofMethod("pyomo", {"solver": solver}),
        pairs=count,
        settled=0,
        violated=int(np.sum(violated_pairs(tiled, x))),
        repaired=count,
        windows=0,
        primal_infeasibility=primal_infeasibility(tiled.program, x),
        dual_infeasibility=0.0,
    )
    timings = {"build": built - started, "solve": time.perf_counter() - built}
    return Optimum(tiled, x, proof, timings)
