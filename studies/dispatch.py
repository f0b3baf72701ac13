"""The drivers behind the commands: a case and its times in, a checked run with its files out."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, month_times, prepare
from parkdispatch.models.capacity import Sized
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.models.network.demand_metering import unavoidable_peak_mw
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo
from parkdispatch.optimizer.heuristics.smoothing import smooth_set_points
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.solve import Optimum, Proof, WarmStart, optimize, optimize_with_pyomo
from parkdispatch.results.audit import Audit, audit
from parkdispatch.results.dispatch_result import DispatchResult, RunKind
from parkdispatch.results.html.page import Lang
from parkdispatch.results.replay_comparison import Replayed
from parkdispatch.results.solution import values
from parkdispatch.results.summary import Summary, summarize
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.writers.dispatch_files import DISPATCH_OUTPUTS
from parkdispatch.results.writers.outputs import write_outputs

Progress = Callable[[str], None]
LOOSEST = 0.01  # a gap that a dispatch may be asked for with


@dataclass(frozen=True)
class SolveOptions:
    """How to solve. `solver` is "highs", or "pyomo:NAME" for any solver Pyomo knows.

    A dispatch that HiGHS has proven to be within `gap` of the optimum, relative, is enough.
    """

    solver: str = "highs"
    time_limit_s: float = 60.0
    calm: bool = False
    threads: int | None = None  # of one solve; None: as many as there are cores
    gap: float = EXACT

    def __post_init__(self) -> None:
        found = []
        if self.solver != "highs" and not self.solver.startswith("pyomo:"):
            found.append(
                f"argument `solver` = {self.solver}: must be highs, or pyomo: and a name such as appsi_highs"
            )
        if not EXACT <= self.gap <= LOOSEST:
            found.append(f"argument `gap` = {self.gap:g}: must be from {EXACT:g} to {LOOSEST:g}")
        elif self.solver != "highs" and self.gap != EXACT:
            found.append(
                f"argument `gap` = {self.gap:g}: only highs heeds it, and argument `solver` = {self.solver}"
            )
        if found:
            raise InputError(found)


@dataclass(frozen=True)
class DispatchRun:
    """A solved, audited case beside the same case without storage."""

    case: Case
    solution: xr.Dataset
    without: xr.Dataset | None  # none: the park cannot run without its storage
    summary: Summary
    proof: Proof
    timings_s: Mapping[str, float]
    model: Mapping[str, int]


def dispatch_case(
    prepared: Prepared, options: SolveOptions, read_s: float, progress: Progress
) -> DispatchRun:
    """Solve a prepared case with and without its storage, and audit the answer.

    Raises SolverError if the audit fails: an answer that breaks a rule is no answer.
    """
    optimum = solve_prepared(prepared, options, progress)
    ended = time.perf_counter()
    if options.calm:
        progress("choosing the calmest of the best")
        case = prepared.case
        x = smooth_set_points(optimum.tiled, optimum.x, case.devices, case.storage)
        objective = optimum.tiled.program.objective(x)
        optimum = replace(optimum, x=x, proof=replace(optimum.proof, objective_yuan=objective))
    calmed = time.perf_counter()
    progress("the same park without its storage")
    other = solve_without_storage(prepared, options, progress) if prepared.case.storage else optimum
    compared = time.perf_counter()
    progress("auditing")
    timings = {**optimum.timings_s, "calm": calmed - ended, "without_storage": compared - calmed}
    return checked_run(prepared.case, optimum, other, {"read": read_s, **timings})


def checked_run(
    case: Case, optimum: Optimum, other: Optimum | None, timings_s: Mapping[str, float]
) -> DispatchRun:
    """The run of an optimum beside that of the park without storage, audited.

    Raises SolverError if the audit fails: an answer that breaks a rule is no answer.
    """
    started = time.perf_counter()
    solution, found = audited_solution(case, optimum)
    without = to_dataset(other, _about(case)) if other else None
    summary = summarize(solution, without, case, found)
    tiled, proof = optimum.tiled, optimum.proof
    return DispatchRun(
        case=case,
        solution=solution,
        without=without,
        summary=summary,
        proof=proof,
        timings_s={**timings_s, "extract": time.perf_counter() - started},
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


def audited_solution(case: Case, optimum: Optimum) -> tuple[xr.Dataset, Audit]:
    """The solution of a case and its audit, which holds. Raises SolverError if it does not."""
    solution = to_dataset(optimum, _about(case))
    found = audit(solution, case)
    if not found.holds:
        broken = ", ".join(f"{name}: {found.residuals[name]:g}" for name in found.failed)
        raise SolverError(f"the audit of the answer fails: {broken}")
    return solution, found


def _about(case: Case) -> dict[str, str]:
    return {"case": case.name, "variant": case.variant, "case_sha256": case.sha256}


def solve_prepared(
    prepared: Prepared,
    options: SolveOptions,
    progress: Progress,
    warm: WarmStart | None = None,
    *,
    multipliers: bool = False,
) -> Optimum:
    """The optimum of a prepared case; HiGHS begins with what `warm` left, other solvers anew.

    `multipliers`: what a little more of anything is worth is asked for.
    """
    given = (prepared.case.devices, prepared.times, prepared.hours, prepared.series)
    if options.solver == "highs":
        return optimize(
            *given,
            time_limit_s=options.time_limit_s,
            gap=options.gap,
            threads=options.threads,
            progress=progress,
            warm=warm,
            multipliers=multipliers,
        )
    progress(f"writing and solving the plain Pyomo model with {options.solver}")
    return optimize_with_pyomo(*given, solver=options.solver.removeprefix("pyomo:"))


def solve_without_storage(
    prepared: Prepared, options: SolveOptions, progress: Progress, warm: WarmStart | None = None
) -> Optimum | None:
    """The same numbers had the storage not been built; none where nothing meets the limits then."""
    try:
        return solve_prepared(prepared.of(prepared.case.without_storage()), options, progress, warm)
    except (InputError, InfeasibleError):
        return None


def undecided_sizes(case: Case, why: str) -> list[str]:
    """One line for each battery whose size is left to the optimizer, which cannot be, and why."""
    return [
        f"`device.{name}.{field}` = {size.min:g} to {size.max:g}: must be a number, because {why}"
        for name, device in case.devices.items()
        if isinstance(device, Battery)
        for field in ("power_mw", "energy_mwh")
        if isinstance(size := getattr(device, field), Sized)
    ]


def paying_grids(case: Case) -> list[str]:
    """Names of the connections whose month's peak may cost something."""
    return [n for n, d in case.devices.items() if isinstance(d, Grid) and d.pays_for_demand]


def expected_peak_mw(case: Case, day: date) -> float | None:
    """The month's peak that the case's load and PV bring whatever the storage does [MW].

    A day planned as if it alone set the month's demand charge would be shaved at any price. Until the
    meter is read, the case's own month without storage says what peak will come anyway.
    None where there is not one connection that pays for its peak, or no such month could be.
    """
    paying = paying_grids(case)
    if len(paying) != 1:
        return None
    month = prepare(case.without_storage(), month_times(case, day))
    bought = imports_without_storage(case, month)
    if bought is None:
        return None
    return unavoidable_mw(case, paying[0], bought[paying[0]], month.hours)


def unavoidable_mw(case: Case, grid: str, import_mw: Array, hours: float) -> float:
    """Demand below which the storage on a connection's bus cannot hold this import [MW]."""
    return unavoidable_peak_mw(import_mw, hours, *_storage_beside(case, grid))


def imports_without_storage(case: Case, prepared: Prepared) -> Mapping[str, Array] | None:
    """What each connection of the prepared park without storage draws [MW], (intervals,).

    Where that park needs the case's storage to stay within a limit of import, the limit is taken as higher
    by the power of the storage on its bus. None where no dispatch meets the limits even so.
    """
    grids = [name for name, device in prepared.case.devices.items() if isinstance(device, Grid)]
    for share in (0.0, 1.0):
        more = {(name, "import_limit_mw"): share * _storage_beside(case, name)[0] for name in grids}
        series = {key: array + more.get(key, 0.0) for key, array in prepared.series.items()}
        try:
            optimum = optimize(prepared.case.devices, prepared.times, prepared.hours, series)
        except (InputError, InfeasibleError):
            continue
        return imports_mw(optimum, grids)
    return None


def imports_mw(optimum: Optimum, grids: Sequence[str]) -> dict[str, Array]:
    """What each of the connections draws [MW], (intervals,)."""
    solution = to_dataset(optimum, {})
    return {name: values(solution, f"{name}.import_mw") for name in grids}


def _storage_beside(case: Case, grid: str) -> tuple[float, float]:
    """Power [MW] and deliverable energy [MWh] of the batteries on a connection's bus."""
    bus = getattr(case.devices[grid], "bus", "")
    beside = [device for device in case.devices.values() if isinstance(device, Battery) and device.bus == bus]
    return sum(b.largest_power_mw for b in beside), sum(b.deliverable_mwh for b in beside)


def write_model(prepared: Prepared, path: Path) -> None:
    """Write the plain Pyomo model of a prepared case as LP or MPS."""
    horizon = Horizon(prepared.times, prepared.hours)
    build_plain_pyomo(prepared.case.devices, horizon, prepared.series).write(path)


def write_run(
    made: DispatchRun,
    out: Path,
    kind: RunKind,
    replayed: Replayed | None = None,
    lang: Lang = "en",
) -> dict[str, Path]:
    """Write the files of a run, texts for people in the language; all files or none. Returns their paths."""
    return write_outputs(DISPATCH_OUTPUTS, dispatch_result(made, kind, replayed), out, lang)


def report_facts(made: DispatchRun, kind: RunKind, replayed: Replayed | None = None) -> ReportFacts:
    """Everything that report and workbooks show beside the solution itself."""
    return dispatch_result(made, kind, replayed).facts


def dispatch_result(made: DispatchRun, kind: RunKind, replayed: Replayed | None = None) -> DispatchResult:
    """The run without the optimizer's types, as its output files take it."""
    return DispatchResult(
        kind=kind,
        case=made.case,
        solution=made.solution,
        summary=made.summary,
        certificate={
            "primal": made.proof.primal_infeasibility,
            "dual": made.proof.dual_infeasibility,
            "gap": made.proof.gap,
        },
        model=made.model,
        timings_s=made.timings_s,
        replayed=replayed,
    )
