"""Dispatch a prepared case beside its base case without storage: the audited run, and its files."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import xarray as xr

from parkdispatch.inputs.case import Case, case_sources
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.heuristics.smoothing import smooth_set_points
from parkdispatch.optimizer.solve import Optimum, Proof
from parkdispatch.results.billing.bill_table import bill_steps
from parkdispatch.results.excel.plan_workbook import write_plan_xlsx
from parkdispatch.results.excel.report_workbook import write_report_xlsx
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.html.page import Lang
from parkdispatch.results.io.files import output_folder, summary_json, write_dispatch_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.replay_comparison import Replayed, replay_json, write_replay_csv
from parkdispatch.results.schedule import schedule_blocks
from parkdispatch.results.solution import cost_yuan, save
from parkdispatch.results.summary import Summary, summarize
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.studies.solve_case import (
    audited_solution,
    case_attributes,
    solve_prepared,
    solve_without_storage,
)
from parkdispatch.studies.solve_options import SolveContext


@dataclass(frozen=True)
class DispatchRun:
    """A solved and audited case beside its base case without storage."""

    case: Case
    solution: xr.Dataset
    without: xr.Dataset | None  # None: the park is infeasible without its storage
    summary: Summary
    proof: Proof
    timings_s: Mapping[str, float]
    model: Mapping[str, int]


def dispatch_case(prepared: Prepared, context: SolveContext, read_s: float) -> DispatchRun:
    """Solve a prepared case with and without its storage, and audit the optimum.

    `read_s` is the time that reading the inputs took; it goes into the timings. Raises SolverError if the
    audit fails.
    """
    optimum = solve_prepared(prepared, context)
    solved = time.perf_counter()
    if context.options.smooth:
        context.progress("smoothing the set points")
        optimum = _smoothed(prepared.case, optimum)
    smoothed = time.perf_counter()
    context.progress("the same park without its storage")
    base = solve_without_storage(prepared, context) if prepared.case.storage else optimum
    compared = time.perf_counter()
    context.progress("auditing")
    timings_s = {
        **optimum.timings_s,
        "smoothing": smoothed - solved,
        "without_storage": compared - smoothed,
    }
    return checked_run(prepared.case, optimum, base, {"read": read_s, **timings_s})


def _smoothed(case: Case, optimum: Optimum) -> Optimum:
    """The optimum with smooth set points of the storage, at the same cost."""
    x = smooth_set_points(optimum.tiled, optimum.x, case.devices, case.storage)
    objective = optimum.tiled.program.objective(x)
    return replace(optimum, x=x, proof=replace(optimum.proof, objective_yuan=objective))


def checked_run(
    case: Case, optimum: Optimum, base: Optimum | None, timings_s: Mapping[str, float]
) -> DispatchRun:
    """Audit an optimum and summarize it beside `base`, the optimum of the base case without storage.

    Raises SolverError if the audit fails.
    """
    started = time.perf_counter()
    solution, case_audit = audited_solution(case, optimum)
    without = to_dataset(base, case_attributes(case)) if base else None
    summary = summarize(solution, without, case, case_audit)
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
