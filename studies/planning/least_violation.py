"""The least that has to give where a plan is infeasible: the orders, or the demand."""

from dataclasses import replace

import numpy as np
import pandas as pd

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InfeasibleError, SolverError
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.solution import times_of
from parkdispatch.results.violations import LEAST_MW, Violation, violations
from parkdispatch.studies.planning.plan_variants import with_ordered_bounds, with_priced_violations
from parkdispatch.studies.solve_case import case_attributes, solve_prepared
from parkdispatch.studies.solve_options import SolveContext

PRICE_YUAN_PER_MWH = 1e6  # far above what a MWh costs without prices of the grid, such as fuel or wear
RATHER = 1e-2  # of that price, for what is to give rather


def least_violation_lines(prepared: Prepared, context: SolveContext) -> list[str]:
    """What would have to give at least, one line for each limit: with the orders, and in place of them.

    Empty where not even that is feasible.
    """
    has_orders = any(device.ordered for device in prepared.case.devices.values())
    lines = []
    if has_orders:
        lines += _lines("the least by which the orders have to give", prepared, context, RATHER)
        lines += _lines("or, where the orders hold", prepared, context, None)
    else:
        lines += _lines("the least that has to give", prepared, context, None)
    return lines


def _lines(title: str, prepared: Prepared, context: SolveContext, rather: float | None) -> list[str]:
    """The violations of the plan that violates least; `rather` is the share of the price for orders."""
    devices: dict[str, Device] = dict(prepared.case.devices)
    if rather is not None:
        for name, device in devices.items():
            soft = [
                bound.model_copy(update={"violation_yuan_per_mwh": rather * PRICE_YUAN_PER_MWH})
                for bound in device.ordered
            ]
            devices[name] = device.model_copy(update={"ordered": tuple(soft)})
    case = replace(prepared.case, devices=devices)
    end = prepared.times[-1] + pd.Timedelta(hours=prepared.hours)
    priced = with_priced_violations(case, end, prepared.hours, PRICE_YUAN_PER_MWH)
    bounds = {name: device.ordered for name, device in priced.devices.items()}
    bare = {name: device.model_copy(update={"ordered": ()}) for name, device in priced.devices.items()}
    # nothing else costs anything: a demand charge may be dearer than a violation of a quarter-hour
    free = {key: np.zeros_like(a) if "price" in key[1] else a for key, a in prepared.series.items()}
    unordered = with_ordered_bounds(replace(prepared, series=free), {})
    try:
        soft_plan = with_ordered_bounds(replace(unordered, case=replace(priced, devices=bare)), bounds)
        optimum = solve_prepared(soft_plan, context)
    except (InfeasibleError, SolverError):
        return []
    solution = to_dataset(optimum, case_attributes(soft_plan.case))
    times, lines = times_of(solution), []
    for violation in violations(solution, soft_plan.case):
        when = (violation.amount > LEAST_MW).nonzero()[0]
        total_mwh = violation.energy_mwh(prepared.hours)
        worst = f"{violation.amount.max():.3f} {'MWh' if violation.is_energy else 'MW'}"
        last = times[when[-1]] + pd.Timedelta(hours=prepared.hours)
        lines.append(
            f"{title}: {_shown(violation)} by {total_mwh:.3f} MWh, at most {worst},"
            f" {times[when[0]]:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
        )
    return lines


def _shown(violation: Violation) -> str:
    """A limit as a message names it: what no device of the case serves or takes, by its bus."""
    if violation.kind in ("demand", "supply"):
        return f"{violation.kind} at bus {violation.quantity}"
    return violation.quantity
