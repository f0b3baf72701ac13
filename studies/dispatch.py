"""The drivers behind the commands: a case and its times in, a checked run with its files out."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import xarray as xr

from parkdispatch.inputs.case import Case, case_sources
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
from parkdispatch.results.billing.bill_table import bill_steps
from parkdispatch.results.excel.plan_workbook import write_plan_xlsx
from parkdispatch.results.excel.report_workbook import write_report_xlsx
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.html.page import Lang
from parkdispatch.results.io.files import output_folder, summary_json, write_dispatch_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.replay_comparison import Replayed, replay_json, write_replay_csv
from parkdispatch.results.schedule import schedule_blocks
from parkdispatch.results.solution import cost_yuan, save, values
from parkdispatch.results.summary import Summary, summarize
from parkdispatch.results.views.report_facts import ReportFacts

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
    kind: Literal["day", "year", "replay"],
    replayed: Replayed | None = None,
    lang: Lang = "en",
) -> dict[str, Path]:
    """Write the files of a run, those for people in the language; all or none. Returns where they lie."""
    started = time.perf_counter()
    facts = report_facts(made, kind, replayed)
    with output_folder(out) as stage:
        paths = {
            "dispatch.csv": stage("dispatch.csv", lambda path: write_dispatch_csv(path, made.solution)),
            "solution.nc": stage("solution.nc", lambda path: save(made.solution, path)),
            "report.html": stage("report.html", lambda path: _write_report(path, made, facts, lang)),
            "report.xlsx": stage(
                "report.xlsx",
                lambda path: write_report_xlsx(
                    path, made.solution, made.case, made.summary.audit, facts, lang
                ),
            ),
        }
        if kind == "day":
            paths["plan.xlsx"] = stage(
                "plan.xlsx", lambda path: write_plan_xlsx(path, made.solution, made.case, facts, lang)
            )
        if replayed is not None:
            paths["replay.csv"] = stage(
                "replay.csv", lambda path: write_replay_csv(path, made.solution, replayed.days)
            )
        timings = {**made.timings_s, "write": time.perf_counter() - started}
        content = summary_json(made.solution, made.case, made.summary, timings, made.model)
        if replayed is not None:
            content["replay"] = replay_json(replayed)
        paths["summary.json"] = stage("summary.json", lambda path: write_json(path, content))
    return paths


def _write_report(path: Path, made: DispatchRun, facts: ReportFacts, lang: Lang) -> None:
    path.write_text(report_html(made.solution, made.case, made.summary.audit, facts, lang), encoding="utf-8")


def report_facts(
    made: DispatchRun, kind: Literal["day", "year", "replay"], replayed: Replayed | None = None
) -> ReportFacts:
    """What the report and the workbook show beside the solution itself."""
    summary, case = made.summary, made.case
    cycles = {
        name.removesuffix(".full_cycles"): value
        for name, value in summary.indicators.items()
        if name.endswith(".full_cycles")
    }
    proof, other = made.proof, summary.without_storage if case.storage else None
    return ReportFacts(
        title=case.title or case.name,
        kind=kind,
        cost_yuan=summary.cost_yuan,
        without_storage=other,
        full_cycles=cycles,
        peak_mw=summary.peak_mw,
        energy_mwh=summary.energy_mwh,
        blocks=schedule_blocks(made.solution, case) if kind == "day" else (),
        timings_s=made.timings_s,
        model=made.model,
        versions=versions(),
        certificate={
            "primal": proof.primal_infeasibility,
            "dual": proof.dual_infeasibility,
            "gap": proof.gap,
        },
        assumptions=case_sources(case),
        replayed=replayed,
        unseen_yuan=summary.unseen_yuan,
        open_discount_yuan=sum(bill.open_discount_yuan for bill in summary.bills.values()),
        bills=summary.bills,
        steps=None
        if other is None
        else bill_steps(summary.bills, other.bills, cost_yuan(made.solution), other.saving_by_cost_yuan),
        elections=summary.elections,
    )
