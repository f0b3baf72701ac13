"""What each part of a park is worth: the year with everything, and without one part at a time.

The parts are the variants of the case whose names begin with `without_`.
"""

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case, variants
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.results.savings.part_worth import PartlessYear, PartWorth
from parkdispatch.results.solution import cost_yuan, shown_power_mw
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext

WITHOUT = "without_"


def worth_of_parts(name_or_path: str, context: SolveContext) -> PartWorth:
    """Dispatch the year of a case, and of each variant without a part.

    Raises InputError where the case has no such variant, and InfeasibleError where the whole park has no
    dispatch; a variant without a dispatch is told as such.
    """
    parts = [variant for variant in variants(name_or_path) if variant.startswith(WITHOUT)]
    whole = load_case(name_or_path, whole_year=True)
    if not parts:
        raise InputError(
            f"`variant`: case {whole.name} has none whose name begins with {WITHOUT}, must have one for each"
            f" part to be valued, such as [variant.{WITHOUT}storage]"
        )
    years = [_year(whole, "", context)]
    for variant in parts:
        case = load_case(name_or_path, variant, whole_year=True)
        part = variant.removeprefix(WITHOUT)
        try:
            years.append(_year(case, part, context.labelled(f"without {part.replace('_', ' ')}")))
        except InfeasibleError as error:
            years.append(PartlessYear(part, infeasible=str(error)))
    return PartWorth(whole, years[0], tuple(years[1:]))


def _year(case: Case, part: str, context: SolveContext) -> PartlessYear:
    """The audited year of a case."""
    prepared = prepare(case, year_times(case))
    optimum = solve_prepared(prepared, context)
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
