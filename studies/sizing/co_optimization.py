"""Co-optimised size: power and energy of the increment as decisions of one year, capital cost as an annuity.

Cutting planes in the size, with branch and bound on its range (`optimizer.parametric`), prove the optimum.
"""

import os

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.units import KWH_PER_MWH
from parkdispatch.optimizer.formulation.kept_templates import kept_template
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.parametric.parametric_search import ParameterLimits, ParametricSearch
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.results.finance.annuity import capital_annuity
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Best, Marginal
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.marginal_value import (
    marginal_differences,
    marginal_values,
    resized,
    tiled_with,
)
from parkdispatch.studies.solve_case import solve_prepared
from parkdispatch.studies.solve_options import SolveContext

DIFFERENCE_STEP = 0.05  # MW and MWh: step of the finite differences that check the marginal values
TINY_MW = 1e-3  # stands for zero power where a battery of no power would be another model
SEARCH_S = 900.0  # after which the search stops and states the gap it has reached


def co_optimized_size(case: Case, context: SolveContext, gap: float = PROVEN_SIZE_GAP) -> Best:
    """The cheapest power and energy of the increment within the bounds of `sizing`; possibly none.

    Cost is that of the base year's dispatch plus the annuity of the capital cost. The search ends at `gap`,
    or at twice that of a solve where that is more. Raises what `prepare` and the solve raise.
    """
    return co_optimized_size_of_park(ExistingPark.of(case, context), gap)


def co_optimized_size_of_park(existing: ExistingPark, gap: float = PROVEN_SIZE_GAP) -> Best:
    """As `co_optimized_size`, for a prepared existing park."""
    gap = max(gap, 2.0 * existing.context.options.gap)  # each trial has the gap of a solve itself

    def question() -> dict[str, object]:
        return {"park": existing.digest, "best": [gap, SEARCH_S]}

    return existing.context.finished.recalled(Best, question, lambda: _searched_size(existing, gap))


def is_search_of_size_possible(existing: ExistingPark) -> bool:
    """Whether the parametric bound is made for this park: it needs the decomposition into windows."""
    prepared = existing.prepared
    return kept_template(prepared.case.devices, prepared.hours).decomposes_into_windows


def _searched_size(existing: ExistingPark, gap: float) -> Best:
    sizing, finance, context, prepared = (
        existing.sizing,
        existing.finance,
        existing.context,
        existing.prepared,
    )
    annuity, name, devices = capital_annuity(finance, sizing), sizing.device, prepared.case.devices

    def tiled_at(size: Array) -> Tiled:
        return tiled_with(prepared, resized(devices, name, float(size[0]), float(size[1])))

    power, hours = sizing.power_mw, sizing.duration_hours
    limits = _size_limits(prepared, sizing)
    start = np.array([0.5 * (power.min + power.max)] * 2) * [1.0, 0.5 * (hours.min + hours.max)]
    price = np.array([annuity.yuan_per_mw, annuity.yuan_per_mwh])
    size_context = context.labelled("sizes")
    with ThreadPool(context.options.threads or os.cpu_count() or 1) as pool:
        search = ParametricSearch(tiled_at, limits, price, pool, size_context.progress, context.options.gap)
        result = search.run(start, gap, SEARCH_S)
    without = existing.year(0).solution.attrs
    without_yuan, without_bound_yuan = float(without["objective_yuan"]), float(without["bound_yuan"])
    best, bound = result.best, result.bound_yuan + annuity.fixed_yuan
    cost, size, dispatch = best.cost_yuan + annuity.fixed_yuan, best.numbers, best.dispatch_yuan
    if without_yuan <= cost:
        cost, size, dispatch = without_yuan, np.zeros(2), without_yuan
    return Best(
        power_mw=float(size[0]),
        energy_mwh=float(size[1]),
        cost_yuan=cost,
        bound_yuan=min(bound, without_bound_yuan),
        dispatch_yuan=dispatch,
        without_yuan=without_yuan,
        annuity_share=annuity.share,
        evaluated=len(result.trials) + 1,
        boxes=result.ranges,
        tried=np.array(
            [
                [*trial.numbers, trial.cost_yuan + annuity.fixed_yuan, trial.bound_yuan]
                for trial in result.trials
            ]
        ),
    )


def _size_limits(prepared: Prepared, sizing: Sizing) -> ParameterLimits:
    """Bounds of (power, energy), and the two rows that keep the duration between its bounds."""
    power, hours = sizing.power_mw, sizing.duration_hours
    least_mw = max(power.min, TINY_MW) if _has_minimum_power(prepared, sizing.device) else power.min
    return ParameterLimits(
        lower=np.array([least_mw, least_mw * hours.min]),
        upper=np.array([power.max, power.max * hours.max]),
        matrix=np.array([[hours.min, -1.0], [-hours.max, 1.0]]),
        most=np.zeros(2),
    )


def _has_minimum_power(prepared: Prepared, name: str) -> bool:
    """Whether a battery has a minimum charge or discharge power."""
    device = prepared.case.devices[name]
    return any(getattr(device, field) for field in ("min_charge_mw", "min_discharge_mw"))


def marginal(case: Case, power_mw: float, energy_mwh: float, context: SolveContext) -> Marginal:
    """Marginal values and break-even price of the increment at a size, in the base year."""
    return marginal_of_park(ExistingPark.of(case, context), power_mw, energy_mwh)


def marginal_of_park(existing: ExistingPark, power_mw: float, energy_mwh: float) -> Marginal:
    """As `marginal`, for a prepared existing park."""

    def question() -> dict[str, object]:
        return {"park": existing.digest, "marginal": [power_mw, energy_mwh, DIFFERENCE_STEP]}

    def compute() -> Marginal:
        return _marginal_at(existing, power_mw, energy_mwh)

    return existing.context.finished.recalled(Marginal, question, compute)


def _marginal_at(existing: ExistingPark, power_mw: float, energy_mwh: float) -> Marginal:
    sizing, context, prepared = existing.sizing, existing.context, existing.prepared
    devices = resized(prepared.case.devices, sizing.device, power_mw, energy_mwh)
    with_increment: Prepared = prepared.of(prepared.case.with_devices(devices))
    optimum = _optimum_with_multipliers(with_increment, context)
    of_mw, of_mwh = marginal_values(with_increment, sizing.device, optimum)
    differences = None
    if context.options.gap <= EXACT:  # a coarser gap is more than a step is worth
        differences = marginal_differences(with_increment, sizing.device, optimum, DIFFERENCE_STEP, context)
    annuity = capital_annuity(existing.finance, sizing)
    return Marginal(
        power_mw=power_mw,
        energy_mwh=energy_mwh,
        value_of_mw_yuan=of_mw,
        value_of_mwh_yuan=of_mwh,
        difference_mw_yuan=differences.of_mw_yuan if differences else None,
        difference_mwh_yuan=differences.of_mwh_yuan if differences else None,
        annuity_yuan_per_mw=annuity.yuan_per_mw,
        annuity_yuan_per_mwh=annuity.yuan_per_mwh,
        break_even_yuan_per_kwh=of_mwh / annuity.share / KWH_PER_MWH,
    )


def _optimum_with_multipliers(prepared: Prepared, context: SolveContext) -> Optimum:
    """The optimum with dual values.

    Where the increment equals an existing battery, both are merged as identical units and have no dual values
    of their own; the year is then solved again with the units apart.
    """
    optimum = solve_prepared(prepared, context, multipliers=True)
    if optimum.final_relaxation is not None or context.options.solver != "highs":
        return optimum
    return optimize(
        prepared.case.devices,
        prepared.times,
        prepared.hours,
        prepared.series,
        time_limit_s=context.options.time_limit_s,
        gap=context.options.gap,
        threads=context.options.threads,
        apart=True,
        multipliers=True,
    )
