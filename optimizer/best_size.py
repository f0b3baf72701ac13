"""The increment's power and energy as decisions of one year, capital as an annuity, proven optimal."""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from inputs.case import Case
from inputs.changed import with_values
from inputs.prepare import Prepared, prepare, year_times
from models.device import Array
from models.errors import InputError
from models.finance import Finance
from models.sizing import Sizing
from optimizer.marginal import differences, marginal_values, resized, tiled_with
from optimizer.runs import Options, Progress, solved
from optimizer.search import Limits, Search
from optimizer.solve import optimize
from optimizer.tile import Tiled
from results.size_study import Best, Marginal
from results.units import KW_PER_MW, KWH_PER_MWH

GAP = 1e-6  # relative to the year's cost; what a size could cost less is some hundred yuan then
SIDE = 0.05  # MW and MWh: step of the differences that the multipliers are held against
SEARCH_S = 900.0  # a search that has not met its gap by then says how far it came


@dataclass(frozen=True)
class Annuity:
    """What the increment costs a year: capital recovered over its life, insurance, upkeep [yuan]."""

    share: float  # [1/year] of the investment
    yuan_per_mw: float
    yuan_per_mwh: float
    fixed_yuan: float  # if anything is built

    def yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Of a size."""
        if power_mw <= 0 or energy_mwh <= 0:
            return 0.0
        return self.fixed_yuan + self.yuan_per_mw * power_mw + self.yuan_per_mwh * energy_mwh


def annuity(finance: Finance, sizing: Sizing) -> Annuity:
    """Capital at the project's discount rate over the years of operation, and what upkeep goes by size.

    Taxes, loan and fade are not in it: these are matters of the cash flow. Upkeep by energy discharged is not
    either, because it hangs on the dispatch.
    """
    rate, years = finance.discount_rate, finance.operation_years
    recovery = rate / -math.expm1(-years * math.log1p(rate)) if rate > 0 else 1.0 / years
    share, upkeep = recovery + finance.insurance_share, 0.0
    upkept = finance.operation_maintenance
    if upkept.basis == "investment":
        share += upkept.investment_share
    else:
        upkeep = upkept.yuan_per_kw_year * KW_PER_MW
    price, times = sizing.price, sizing.price_multiple
    return Annuity(
        share=share,
        yuan_per_mw=share * times * price.yuan_per_kw * KW_PER_MW + upkeep,
        yuan_per_mwh=share * times * price.yuan_per_kwh * KWH_PER_MWH,
        fixed_yuan=share * times * price.fixed_yuan,
    )


def asked(case: Case) -> tuple[Sizing, Finance]:
    """The question of a size and the finance of a case. Raises InputError with what is missing."""
    found = []
    if case.sizing is None:
        found.append("`sizing` is missing: must be given, because it says which size is asked for")
    if case.finance is None:
        found.append("`finance` is missing: must be given, because it says what capital costs")
    if case.sizing is None or case.finance is None:
        raise InputError(found)
    return case.sizing, case.finance


def standing(case: Case) -> Case:
    """The case with what stands as aged as it is when the increment comes."""
    return with_values(case, asked(case)[0].standing)


def best_size(case: Case, options: Options, progress: Progress, gap: float = GAP) -> Best:
    """The cheapest power and energy of the increment, within the bounds of the case's question.

    To build nothing is one of the answers. Raises what `prepare` and the solve raise.
    """
    sizing, finance = asked(case)
    prepared = prepare(standing(case), year_times(case))
    yearly, name, devices = annuity(finance, sizing), sizing.device, prepared.case.devices
    power, hours = sizing.power_mw, sizing.duration_hours
    limits = Limits(
        lower=np.array([power.min, power.min * hours.min]),
        upper=np.array([power.max, power.max * hours.max]),
        matrix=np.array([[hours.min, -1.0], [-hours.max, 1.0]]),
        most=np.zeros(2),
    )
    start = np.array([0.5 * (power.min + power.max)] * 2) * [1.0, 0.5 * (hours.min + hours.max)]
    price = np.array([yearly.yuan_per_mw, yearly.yuan_per_mwh])

    def tiled_at(numbers: Array) -> Tiled:
        return tiled_with(prepared, resized(devices, name, float(numbers[0]), float(numbers[1])))

    with ThreadPoolExecutor(options.threads or os.cpu_count() or 1) as pool:
        search = Search(tiled_at, limits, price, pool, lambda said: progress(f"sizes: {said}"))
        found = search.run(start, gap, SEARCH_S)
    progress("sizes: the park without the increment")
    nothing = prepared.case.with_devices({n: device for n, device in devices.items() if n != name})
    without = solved(prepared.of(nothing), options, progress).proof
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
    case: Case, power_mw: float, energy_mwh: float, options: Options, progress: Progress
) -> Marginal:
    """What a little more of the increment is worth at a size in its first year, and when it pays."""
    sizing, finance = asked(case)
    prepared = prepare(standing(case), year_times(case))
    devices = resized(prepared.case.devices, sizing.device, power_mw, energy_mwh)
    here: Prepared = prepared.of(prepared.case.with_devices(devices))
    optimum = solved(here, options, progress)
    if (
        optimum.priced is None and options.solver == "highs"
    ):  # equal to what stands, and solved as one with it
        optimum = optimize(
            devices, here.times, here.hours, here.series, time_limit_s=options.time_limit_s, apart=True
        )
    of_mw, of_mwh = marginal_values(here, sizing.device, optimum)
    by_steps = differences(here, sizing.device, optimum, SIDE, options, progress)
    yearly = annuity(finance, sizing)
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
