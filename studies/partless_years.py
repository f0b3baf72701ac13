"""What each part of a park is worth: the year with everything, and without one part at a time.

The parts are the variants of the case whose names begin with `without_`.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np

from parkdispatch.inputs.loader import load_case, variants
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.results.savings.part_worth import PartlessYear, PartWorth
from parkdispatch.results.solution import cost_yuan, shown_power_mw
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts, park_digest

WITHOUT = "without_"


def park_without_parts(name_or_path: str) -> Mapping[str, Prepared]:
    """The year of a case by part that is left out, the whole park first, as the empty part.

    Raises InputError with all problems of the case and of its variants, and where it has no such variant.
    """
    findings = Findings()
    years = {"": findings.collect(_prepared, name_or_path, None)}
    findings.raise_any()
    for variant in variants(name_or_path):
        if variant.startswith(WITHOUT):
            years[variant.removeprefix(WITHOUT)] = findings.collect(_prepared, name_or_path, variant)
    findings.raise_any()
    if len(years) == 1:
        raise InputError(
            f"`variant`: case {years[''].case.name} has none whose name begins with {WITHOUT}, must have one"
            f" for each part to be valued, such as [variant.{WITHOUT}storage]"
        )
    return years


def worth_of_parts(years: Mapping[str, Prepared], context: SolveContext) -> PartWorth:
    """Dispatch the years of `park_without_parts`; finished ones are kept in `context.finished`.

    Raises what the dispatch of the whole park raises. A part without which there is no dispatch is told as
    such; one without whose year cannot be solved is left out (`PartWorth.failed`).
    """
    whole, *others = years.items()
    whole_year, attempts = _year(*whole, context), Attempts()
    without = []
    for part, prepared in others:
        name = part.replace("_", " ")
        solve = partial(_year_or_infeasible, part, prepared, context.labelled(f"without {name}"))
        year = attempts.run("parts", solve, name=name)
        without += [] if year is None else [year]
    return PartWorth(
        whole[1].case, whole_year, tuple(without), attempts.asked["parts"], tuple(attempts.failed)
    )


def _prepared(name_or_path: str, variant: str | None) -> Prepared:
    case = load_case(name_or_path, variant, whole_year=True)
    return prepare(case, year_times(case))


def _year_or_infeasible(part: str, prepared: Prepared, context: SolveContext) -> PartlessYear:
    try:
        return _year(part, prepared, context)
    except InfeasibleError as error:
        return PartlessYear(part, infeasible=str(error))


def _year(part: str, prepared: Prepared, context: SolveContext) -> PartlessYear:
    """The audited year of a case, from an earlier run that finished it or solved now."""
    return context.finished.recalled(
        PartlessYear,
        lambda: [park_digest(prepared.case, context.options), part],
        lambda: _solved_year(part, prepared, context),
    )


def _solved_year(part: str, prepared: Prepared, context: SolveContext) -> PartlessYear:
    case, optimum = prepared.case, solve_prepared(prepared, context)
    context.progress("auditing")
    solution, _ = audited_solution(prepared, optimum)
    import_mw, export_mw = (
        np.sum([shown_power_mw(solution, case, grid, kind) for grid in case.of_role("grid")], axis=0)
        for kind in ("import", "export")
    )
    return PartlessYear(
        part,
        cost_yuan=sum(cost_yuan(solution).values()),
        gap=optimum.proof.gap,
        bought_mwh=float((import_mw * prepared.hours).sum()),
        sold_mwh=float((export_mw * prepared.hours).sum()),
        peak_mw=float(import_mw.max()),
        curtailed_mwh=sum(
            float(solution[f"{name}.curtailed_mw"].sum()) * prepared.hours
            for name in case.devices
            if f"{name}.curtailed_mw" in solution
        ),
    )
