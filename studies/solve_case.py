"""Hand a prepared case to the optimizer: solve it, audit the optimum, or write its model to a file."""

from pathlib import Path

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.errors import InfeasibleError, InputError, SolverError
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.solve import Optimum, WarmStart, optimize, optimize_with_pyomo
from parkdispatch.results.audit import Audit, audit
from parkdispatch.results.solution import with_roles
from parkdispatch.studies.planning.stored_templates import stored_template
from parkdispatch.studies.solve_options import SolveContext


def solve_prepared(
    prepared: Prepared,
    context: SolveContext,
    warm_start: WarmStart | None = None,
    *,
    multipliers: bool = False,
) -> Optimum:
    """Solve a prepared case to optimality.

    HiGHS starts from `warm_start`; other solvers start cold. `multipliers` asks for the dual values from
    which marginal values are computed.
    """
    options, progress = context.options, context.progress
    model_inputs = (prepared.case.devices, prepared.times, prepared.hours, prepared.series)
    if options.solver == "highs":
        return optimize(
            *model_inputs,
            time_limit_s=options.time_limit_s,
            gap=options.gap,
            threads=options.threads,
            progress=progress,
            warm=warm_start,
            multipliers=multipliers,
            compiler=stored_template,
        )
    progress(f"writing and solving the plain Pyomo model with {options.solver}")
    return optimize_with_pyomo(
        *model_inputs, solver=options.solver.removeprefix("pyomo:"), time_limit_s=options.time_limit_s
    )


def solve_without_storage(
    prepared: Prepared, context: SolveContext, warm_start: WarmStart | None = None
) -> Optimum | None:
    """Solve the base case without storage, with the same series; None where it is infeasible."""
    try:
        return solve_prepared(prepared.of(prepared.case.without_storage()), context, warm_start)
    except (InputError, InfeasibleError):
        return None


def audited_solution(prepared: Prepared, optimum: Optimum) -> tuple[xr.Dataset, Audit]:
    """Convert the optimum of a prepared case to a dataset and audit it. Raises SolverError if that fails."""
    solution = with_roles(to_dataset(optimum, case_attributes(prepared.case)), prepared.case)
    case_audit = audit(solution, prepared)
    if not case_audit.holds:
        failures = ", ".join(f"{name}: {case_audit.residuals[name]:.15g}" for name in case_audit.failed)
        raise SolverError(f"the audit of the answer fails: {failures}")
    return solution, case_audit


def case_attributes(case: Case) -> dict[str, str]:
    """Attributes of a solution dataset that identify its case."""
    return {"case": case.name, "variant": case.variant, "case_sha256": case.sha256}


def undecided_sizes(case: Case, why: str) -> list[str]:
    """One error line for each size that is left to the optimizer, with the reason it may not be."""
    return [
        f"`device.{name}.{field}` = {size.min:.15g} to {size.max:.15g}: must be a number, because {why}"
        for name, device in case.devices.items()
        for field, size in device.undecided_sizes.items()
    ]


def write_model(prepared: Prepared, path: Path) -> None:
    """Write the plain Pyomo model of a prepared case as LP or MPS."""
    from parkdispatch.optimizer.formulation.plain_pyomo import build_plain_pyomo  # slow: all of Pyomo

    horizon = Horizon(prepared.times, prepared.hours)
    build_plain_pyomo(prepared.case.devices, horizon, prepared.series).write(path)
