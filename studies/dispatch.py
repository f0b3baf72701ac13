"""Dispatch a prepared case beside its base case without storage: the audited run, and its files."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.heuristics.smoothing import (
    deviation_mw,
    follow_set_points,
    smooth_set_points,
)
from parkdispatch.optimizer.solve import Optimum, Proof
from parkdispatch.optimizer.time_budget import ending_at
from parkdispatch.results.audit import Audit
from parkdispatch.results.dispatch_result import DispatchResult, RunKind
from parkdispatch.results.network.ac_check import AcCheck, check_network
from parkdispatch.results.savings.daily_saving import PeakSoFar
from parkdispatch.results.savings.replay_comparison import Replayed
from parkdispatch.results.schedule.plan_notes import PlanNote
from parkdispatch.results.schedule.schedule import BlockKey
from parkdispatch.results.summary import Summary, summarize
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.writers.dispatch_files import DISPATCH_OUTPUTS
from parkdispatch.results.writers.outputs import write_outputs
from parkdispatch.studies.solve_case import (
    audited_solution,
    case_attributes,
    solve_prepared,
    solve_without_storage,
)
from parkdispatch.studies.solve_options import SolveContext

SMOOTHING_SHARE = 0.1  # of the time limit of a solve, after which the set points stay as they are
LEAST_SMOOTHING_S = 2.0


@dataclass(frozen=True)
class RunComparison:
    """An audited solution beside its base case without storage, computed when it is first asked for."""

    prepared: Prepared
    solution: xr.Dataset
    audit: Audit
    before: Mapping[str, PeakSoFar] | None
    base: Optimum | Callable[[], Optimum | None] | None
    timings_s: dict[str, float] = field(default_factory=dict)  # of what was computed so far

    @cached_property
    def without(self) -> xr.Dataset | None:
        """The dispatch without the storage; None where the park is infeasible without it."""
        started, base = time.perf_counter(), self.base
        if callable(base):
            base = base()
            self.timings_s["without_storage"] = time.perf_counter() - started
        return to_dataset(base, case_attributes(self.prepared.case)) if base else None

    @cached_property
    def summary(self) -> Summary:
        """The key figures."""
        without, started = self.without, time.perf_counter()
        summary = summarize(self.solution, without, self.prepared.case, self.audit, self.before)
        self.timings_s["extract"] = time.perf_counter() - started
        return summary


@dataclass(frozen=True)
class DispatchRun:
    """A solved and audited case beside its base case without storage."""

    case: Case
    solution: xr.Dataset
    comparison: RunComparison
    proof: Proof
    solving_s: Mapping[str, float]
    model: Mapping[str, int]
    ac_check: AcCheck | None = None  # of the network; None: not made
    deviation_mw: tuple[float, float] | None = None  # from a plan that is followed: else, and as it is
    notes: tuple[PlanNote, ...] = ()  # on the orders that a plan obeys
    gains_yuan: Mapping[BlockKey, float] = field(default_factory=dict)  # of the blocks; empty: not asked for

    @property
    def without(self) -> xr.Dataset | None:
        """The dispatch without the storage; None where the park is infeasible without it."""
        return self.comparison.without

    @property
    def summary(self) -> Summary:
        """The key figures, beside those without the storage."""
        return self.comparison.summary

    @property
    def timings_s(self) -> dict[str, float]:
        """Seconds by step, of the steps that were done so far."""
        timings_s = dict(self.solving_s)
        for step, seconds in self.comparison.timings_s.items():
            timings_s[step] = timings_s.pop(step, 0.0) + seconds
        return timings_s


def dispatch_case(
    prepared: Prepared,
    context: SolveContext,
    read_s: float,
    before: Mapping[str, PeakSoFar] | None = None,
    solved_already: Optimum | None = None,
    targets_mw: Mapping[str, Array] | None = None,
    *,
    lazily: bool = False,
) -> DispatchRun:
    """Solve a prepared case with and without its storage, and audit the optimum.

    `solved_already` is its optimum, where that is known; `targets_mw` are the set points of a plan that is
    followed, by device, as `follow_set_points` takes them. `read_s` is the time that reading the inputs took;
    it goes into the timings. `before` are the month's peaks up to the horizon, with and without the storage,
    by connection. `lazily`: the park without its storage is solved, and the figures are computed, when they
    are first asked for. Raises SolverError if the audit fails.
    """
    optimum = solve_prepared(prepared, context) if solved_already is None else solved_already
    solved, deviation = time.monotonic(), None
    if context.options.smooth:
        context.progress("smoothing the set points")
        with ending_at(solved + max(LEAST_SMOOTHING_S, SMOOTHING_SHARE * context.options.time_limit_s)):
            optimum, deviation = _smoothed(prepared.case, optimum, targets_mw)
    smoothed = time.monotonic()
    base: Optimum | Callable[[], Optimum | None] | None = optimum
    if prepared.case.storage:
        base = partial(solve_without_storage, prepared, context)
    if callable(base) and not lazily:
        context.progress("the same park without its storage")
        base = base()
    timings_s = {**optimum.timings_s, "smoothing": smoothed - solved}
    if not lazily:
        timings_s["without_storage"] = time.monotonic() - smoothed
    context.progress("auditing")
    run = checked_run(prepared, optimum, base, {"read": read_s, **timings_s}, before, lazily=lazily)
    return replace(run, deviation_mw=deviation)


def with_smooth_set_points(case: Case, optimum: Optimum) -> Optimum:
    """The optimum with smooth set points of the storage, at the same cost."""
    return _smoothed(case, optimum, None)[0]


def _smoothed(
    case: Case, optimum: Optimum, targets_mw: Mapping[str, Array] | None
) -> tuple[Optimum, tuple[float, float] | None]:
    """The optimum with smooth set points of the storage, or those nearest to a plan, at the same cost.

    Also the total deviation from that plan [MW], of the smooth set points and of those nearest to it.
    """
    tiled = optimum.tiled
    x, deviation = smooth_set_points(tiled, optimum.x, case.devices, case.storage), None
    if targets_mw is not None:
        smooth = x
        x = follow_set_points(tiled, smooth, case.storage, targets_mw)
        deviation = (
            deviation_mw(tiled, smooth, case.storage, targets_mw),
            deviation_mw(tiled, x, case.storage, targets_mw),
        )
    objective = tiled.program.objective(x)
    return replace(optimum, x=x, proof=replace(optimum.proof, objective_yuan=objective)), deviation


def checked_run(
    prepared: Prepared,
    optimum: Optimum,
    base: Optimum | Callable[[], Optimum | None] | None,
    timings_s: Mapping[str, float],
    before: Mapping[str, PeakSoFar] | None = None,
    *,
    lazily: bool = False,
) -> DispatchRun:
    """Audit an optimum and summarize it beside `base`, the optimum of the base case without storage.

    `base` may be what solves it; `lazily`: the figures are computed when they are first asked for. Raises
    SolverError if the audit fails.
    """
    case, started = prepared.case, time.perf_counter()
    solution, case_audit = audited_solution(prepared, optimum)
    tiled, proof = optimum.tiled, optimum.proof
    run = DispatchRun(
        case=case,
        solution=solution,
        comparison=RunComparison(prepared, solution, case_audit, before, base),
        proof=proof,
        solving_s={**timings_s, "extract": time.perf_counter() - started},
        model={
            "intervals": len(tiled.horizon),
            "columns": len(tiled.program.cost),
            "rows": len(tiled.program.row_lower),
            "nonzeros": int(tiled.program.matrix.nnz),
            "pairs": proof.pairs,
            "settled": proof.settled,
            "violated_by_relaxation": proof.violated,
            "repaired": proof.repaired,
            "windows": proof.windows,
        },
    )
    if not lazily:
        _ = run.summary
    return run


def with_ac_check(run: DispatchRun, intervals: int) -> DispatchRun:
    """The run with an AC power flow of its hardest intervals, which changes nothing of the dispatch.

    Raises InputError where pandapower is not installed, or the case has no network it can compute.
    """
    return replace(run, ac_check=check_network(run.solution, run.case, intervals))


def write_run(
    run: DispatchRun,
    out: Path,
    kind: RunKind,
    replayed: Replayed | None = None,
    lang: Lang = "en",
    *,
    on_two_cores: bool = False,
) -> dict[str, Path]:
    """Write the files of a run, texts for people in the language; all files or none. Returns their paths.

    `on_two_cores` is for a process without threads of its own: see `write_outputs`.
    """
    result = dispatch_result(run, kind, replayed)
    return write_outputs(DISPATCH_OUTPUTS, result, out, lang, on_two_cores=on_two_cores)


def report_facts(run: DispatchRun, kind: RunKind, replayed: Replayed | None = None) -> ReportFacts:
    """Everything that report and workbooks show beside the solution itself."""
    return dispatch_result(run, kind, replayed).facts


def dispatch_result(run: DispatchRun, kind: RunKind, replayed: Replayed | None = None) -> DispatchResult:
    """The run without the optimizer's types, as its output files take it."""
    return DispatchResult(
        kind=kind,
        case=run.case,
        solution=run.solution,
        summary=run.summary,
        certificate={
            "primal": run.proof.primal_infeasibility,
            "dual": run.proof.dual_infeasibility,
            "gap": run.proof.gap,
        },
        model=run.model,
        timings_s=run.timings_s,
        replayed=replayed,
        ac_check=run.ac_check,
        notes=run.notes,
        gains_yuan=run.gains_yuan,
    )
