"""The increment's power and energy as decisions of one year, capital as an annuity, proven optimal."""

import os

import numpy as np

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare, year_times
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.models.device import Array
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.parametric.parametric_search import ParameterLimits, ParametricSearch
from parkdispatch.optimizer.solve import optimize
from parkdispatch.optimizer.thread_pool import ThreadPool
from parkdispatch.results.finance.annuity import capital_annuity
from parkdispatch.results.sizing.sizing_results import PROVEN_SIZE_GAP, Best, Marginal
from parkdispatch.results.units import KWH_PER_MWH
from parkdispatch.studies.dispatch import Progress, SolveOptions, solve_prepared
from parkdispatch.studies.sizing.existing_park import refuse_increment
from parkdispatch.studies.sizing.marginal_value import (
    marginal_differences,
    marginal_values,
    resized,
    tiled_with,
)

SIDE = 0.05  # MW and MWh: step of the differences that the multipliers are held against
TINY_MW = 1e-3  # as good as nothing
SEARCH_S = 900.0  # a search that has not met its gap by then says how far it came


def existing_case(case: Case) -> Case:
    """The case with what stands as aged as it is when the increment comes."""
    return with_values(case, refuse_increment(case)[0].standing)


def _any_power(prepared: Prepared, name: str) -> bool:
    """Whether a battery runs at any power. One with a least power and no power at all is another model."""
    device = prepared.case.devices[name]
    return not any(getattr(device, field) for field in ("min_charge_mw", "min_discharge_mw"))


def co_optimized_size(
    case: Case, options: SolveOptions, progress: Progress, gap: float = PROVEN_SIZE_GAP
) -> Best:
    """The cheapest power and energy of the increment, within the bounds of the case's question.

    To build nothing is one of the answers. Raises what `prepare` and the solve raise.
    """
    sizing, finance = refuse_increment(case)
    prepared = prepare(existing_case(case), year_times(case))
    yearly, name, devices = capital_annuity(finance, sizing), sizing.device, prepared.case.devices
    power, hours = sizing.power_mw, sizing.duration_hours
    least = power.min if _any_power(prepared, name) else max(power.min, TINY_MW)
    limits = ParameterLimits(
        lower=np.array([least, least * hours.min]),
        upper=np.array([power.max, power.max * hours.max]),
        matrix=np.array([[hours.min, -1.0], [-hours.max, 1.0]]),
        most=np.zeros(2),
    )
    start = np.array([0.5 * (power.min + power.max)] * 2) * [1.0, 0.5 * (hours.min + hours.max)]
    price = np.array([yearly.yuan_per_mw, yearly.yuan_per_mwh])

    def tiled_at(numbers: Array) -> Tiled:
        return tiled_with(prepared, resized(devices, name, float(numbers[0]), float(numbers[1])))

    with ThreadPool(options.threads or os.cpu_count() or 1) as pool:
        search = ParametricSearch(tiled_at, limits, price, pool, lambda said: progress(f"sizes: {said}"))
        found = search.run(start, gap, SEARCH_S)
    progress("sizes: the park without the increment")
    nothing = prepared.case.with_devices({n: device for n, device in devices.items() if n != name})
    without = solve_prepared(prepared.of(nothing), options, progress).proof
    best, bound = found.best, found.bound_yuan + yearly.fixed_yuan
    cost, size, dispatch = best.cost_yuan + yearly.fixed_yuan, best.numbers, best.dispatch_yuan
    if without.objective_yuan <= cost:
        cost, size, dispatch = without.objective_yuan, np.zeros(2), without.objective_yuan
    return Best(
        power_mw=float(size[0]),
        energy_mwh=float(size[1]),
        cost_yuan=cost,
        bound_yuan=min(bound, without.bound_yuan),
        dispatch_yuan=dispatch,
        without_yuan=without.objective_yuan,
        annuity_share=yearly.share,
        evaluated=len(found.trials) + 1,
        boxes=found.ranges,
        tried=np.array(
            [
                [*trial.numbers, trial.cost_yuan + yearly.fixed_yuan, trial.bound_yuan]
                for trial in found.trials
            ]
        ),
    )


def marginal(
    case: Case, power_mw: float, energy_mwh: float, options: SolveOptions, progress: Progress
) -> Marginal:
    """What a little more of the increment is worth at a size in its first year, and when it pays."""
    sizing, finance = refuse_increment(case)
    prepared = prepare(existing_case(case), year_times(case))
    devices = resized(prepared.case.devices, sizing.device, power_mw, energy_mwh)
    here: Prepared = prepared.of(prepared.case.with_devices(devices))
    optimum = solve_prepared(here, options, progress, multipliers=True)
    if (
        optimum.priced is None and options.solver == "highs"
    ):  # equal to what stands, and solved as one with it
        optimum = optimize(
            devices,
            here.times,
            here.hours,
            here.series,
            time_limit_s=options.time_limit_s,
            apart=True,
            multipliers=True,
        )
    of_mw, of_mwh = marginal_values(here, sizing.device, optimum)
    by_steps = marginal_differences(here, sizing.device, optimum, SIDE, options, progress)
    yearly = capital_annuity(finance, sizing)
    return Marginal(
        power_mw=power_mw,
        energy_mwh=energy_mwh,
        value_of_mw_yuan=of_mw,
        value_of_mwh_yuan=of_mwh,
        difference_mw_yuan=by_steps.of_mw_yuan,
        difference_mwh_yuan=by_steps.of_mwh_yuan,
        annuity_yuan_per_mw=yearly.yuan_per_mw,
        annuity_yuan_per_mwh=yearly.yuan_per_mwh,
        break_even_yuan_per_kwh=of_mwh / yearly.share / KWH_PER_MWH,
    )
