"""Relax, tighten, solve, certify, repair: from a tiled park to an optimum with its proof."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.device import Array, Device
from models.errors import InfeasibleError, InputError, SolverError
from optimizer.blocks import Blocks
from optimizer.certificate import FEASIBILITY_TOLERANCE, GAP_TOLERANCE, certify, primal_infeasibility
from optimizer.conflict import explain, hopeless
from optimizer.highs import InfeasibleProgram, Solver, UnboundedProgram
from optimizer.horizon import Horizon
from optimizer.pairs import TOLERANCE, chords, tempting, tighten, violated, with_chords
from optimizer.pricing import Pricer
from optimizer.program import Program
from optimizer.reference import build_reference
from optimizer.repair import Repair
from optimizer.template import Key, PairRows, compile_template
from optimizer.tile import Tiled, tile
from optimizer.twins import merge

DIRECTIONS = 10  # rounds of choosing who rests among ties
CHORD_ROUNDS = 3  # a violated pair that was not tempting by its own costs gets its chord afterwards
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Proof:
    """What is known of the answer, and how."""

    objective_yuan: float
    bound_yuan: float
    how: str  # in words
    pairs: int  # exclusive pairs in the model, one per interval
    settled: int  # of them decided by bounds before anything was solved
    violated: int  # by the relaxation
    repaired: int  # pairs that were given a binary
    windows: int  # stretches of days solved with binaries
    primal_infeasibility: float  # largest violation of any row or bound, in its unit
    dual_infeasibility: float

    @property
    def gap(self) -> float:
        """(objective - bound) / max(1, |objective|), never below zero."""
        return max(0.0, self.objective_yuan - self.bound_yuan) / max(1.0, abs(self.objective_yuan))


@dataclass(frozen=True)
class Optimum:
    """A dispatch in the columns of `tiled`, with its proof and the seconds its making took."""

    tiled: Tiled
    x: Array
    proof: Proof
    timings_s: Mapping[str, float]


def optimize(
    devices: Mapping[str, Device],
    times: pd.DatetimeIndex,
    hours: float,
    series: Mapping[Key, Array],
    *,
    time_limit_s: float = 60.0,
    threads: int | None = None,
    progress: Progress = lambda _: None,
) -> Optimum:
    """The cheapest dispatch of the devices, certified, or with the true gap where time ran out.

    `series` maps (device, name) to an array of shape (intervals,). Raises InputError where a bus cannot
    be balanced whatever is done, InfeasibleError where limits conflict, SolverError otherwise.
    """
    started = time.perf_counter()
    deadline = time.monotonic() + time_limit_s
    workers = threads or os.cpu_count() or 1
    progress("building the model")
    whole = tile(compile_template(devices, hours), Horizon(times, hours), series)
    if lines := hopeless(whole):
        raise InputError(lines)
    merged = merge(whole, devices)
    try:
        with ThreadPoolExecutor(workers) as pool:
            try:
                paired = merged.paired if merged else whole
                found = _optimize(merged.tiled if merged else whole, paired, deadline, pool, progress)
            except _TwinsApart:
                progress("equal devices need pairs of their own")
                merged, found = None, _optimize(whole, whole, deadline, pool, progress)
    except InfeasibleProgram:
        progress("looking for what conflicts")
        raise InfeasibleError(explain(whole, whole.program)) from None
    except UnboundedProgram:
        raise InfeasibleError("the cost has no limit: some device earns money without end") from None
    x = merged.point(found.x) if merged else found.x
    objective, error = whole.program.objective(x), primal_infeasibility(whole.program, x)
    if error > FEASIBILITY_TOLERANCE or violated(whole, x).any():
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
    return Optimum(whole, x, proof, timings)


@dataclass(frozen=True)
class _Found:
    """The optimum of one tiled program, whose twins may be one."""

    x: Array
    bound: float
    how: str
    settled: int
    violated: int
    binaries: int
    windows: int
    dual_infeasibility: float
    built: float


class _TwinsApart(Exception):  # noqa: N818 - a finding, not a fault
    """The optimum of the merged park breaks the pairs its twins have, at a price."""


def _optimize(
    tiled: Tiled, paired: Tiled, deadline: float, pool: ThreadPoolExecutor, progress: Progress
) -> _Found:
    """Tighten, relax, certify, repair. `paired` is `tiled` with the pairs of merged twins.

    Raises _TwinsApart, InfeasibleProgram and UnboundedProgram.
    """
    program = tighten(tiled)
    settled = sum(_settled(tiled, program.upper))
    tempted = tempting(tiled, program)
    if tempted.any():
        program = with_chords(program, chords(tiled, program, tempted))
    built = time.perf_counter()

    progress("solving the relaxation")
    for turn in range(CHORD_ROUNDS):
        pricer = Pricer(tiled, program)
        blocks = Blocks(tiled, program, pricer, pool)
        x, dual = blocks.solve()
        found = violated(tiled, x)
        more = found & ~tempted
        if not more.any() or turn == CHORD_ROUNDS - 1:
            break
        tempted = tempted | more
        program = with_chords(program, chords(tiled, program, more))
    certificate = certify(program, x, dual)
    if not certificate.holds:
        raise SolverError(f"the solver's optimum does not stand up to its certificate: {certificate}")
    # where twins must be apart, that is known before anything is repaired
    alone = {pair.key for pair in tiled.template.pairs}
    twins = [pair for pair in paired.template.pairs if pair.key not in alone]
    _obeying(paired, twins, program, blocks, x)
    bound, windows, binaries = certificate.dual_objective_yuan, 0, 0
    how = "the relaxation's optimum obeys every exclusive pair; primal and dual objectives meet"
    if found.any():
        progress(f"repairing {int(found.sum())} exclusive pairs")
        repaired = Repair(tiled, program, pricer, blocks, x, dual, deadline, pool).run()
        x, bound = repaired.x, repaired.bound_yuan
        windows, binaries = repaired.windows, repaired.binaries
        how = (
            f"stretches solved with binaries: {windows}, with {binaries} binaries, in rounds:"
            f" {repaired.rounds}; the bound is the linear program's dual objective plus what the binaries add"
            " to each stretch at its prices"
        )
    return _Found(
        x=_obeying(paired, paired.template.pairs, program, blocks, x) if twins else x,
        bound=bound,
        how=how,
        settled=settled,
        violated=int(found.sum()),
        binaries=binaries,
        windows=windows,
        dual_infeasibility=certificate.dual_infeasibility,
        built=built,
    )


def _obeying(paired: Tiled, pairs: Sequence[PairRows], program: Program, blocks: Blocks, x: Array) -> Array:
    """A point as good as x that obeys these pairs too. Raises _TwinsApart where there is none.

    Without losses or prices against it, a linear program charges and discharges at once for nothing.
    """
    resting = np.zeros(len(x), dtype=bool)
    allowed = program.objective(x) + GAP_TOLERANCE * max(1.0, abs(program.objective(x)))
    for _ in range(DIRECTIONS):
        used = [(paired.column_of(pair.a), paired.column_of(pair.b)) for pair in pairs]
        if all((np.minimum(x[a], x[b]) <= TOLERANCE).all() for a, b in used):
            return x
        for a, b in used:
            resting[np.where(x[a] <= x[b], a, b)[np.maximum(x[a], x[b]) > TOLERANCE]] = True
        try:
            x, _ = blocks.solve(np.where(resting, np.maximum(0.0, program.lower), program.upper))
        except InfeasibleProgram:
            break
        if program.objective(x) > allowed:
            break
    raise _TwinsApart


def _settled(tiled: Tiled, upper: Array) -> list[int]:
    """How many of each pair have a member that cannot exceed zero."""
    return [
        int(((upper[tiled.column_of(p.a)] <= 0) | (upper[tiled.column_of(p.b)] <= 0)).sum())
        for p in tiled.template.pairs
    ]


def _refuse_infeasible(tiled: Tiled) -> None:
    """Raise InfeasibleError, naming what conflicts, if the relaxation has no solution."""
    probe = Solver()
    probe.load(tiled.program)
    try:
        probe.solve()
    except InfeasibleProgram:
        raise InfeasibleError(explain(tiled, tiled.program)) from None


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
    reference = build_reference(devices, horizon, series)
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
        how=f"Pyomo's plain model with its binaries; the bound is the word of {solver}",
        pairs=count,
        settled=0,
        violated=int(np.sum(violated(tiled, x))),
        repaired=count,
        windows=0,
        primal_infeasibility=primal_infeasibility(tiled.program, x),
        dual_infeasibility=0.0,
    )
    timings = {"build": built - started, "solve": time.perf_counter() - built}
    return Optimum(tiled, x, proof, timings)
