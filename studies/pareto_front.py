"""Cost against CO2 by the epsilon-constraint method: the cheapest dispatch under each of several caps.

The ends are the cheapest dispatch, of those of equal cost the one that emits least, and the dispatch that
avoids every tonne up to a high price; between them caps are even. Each point is solved, proven and audited
like any dispatch.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.network.park_rules import ParkRules
from parkdispatch.results.carbon.pareto_points import ParetoFront, ParetoPoint
from parkdispatch.results.park_indicators import ParkIndicators
from parkdispatch.results.solution import cost_yuan
from parkdispatch.studies.solve_case import audited_solution, solve_prepared
from parkdispatch.studies.solve_options import SolveContext

LIMIT = "co2_limit"  # the device that caps or prices CO2
TIE_YUAN_PER_T = 1e-3  # of dispatches of equal cost the one that emits least
HIGH_YUAN_PER_T = 1e5  # a thousand times the price of the national market
SAME_T = 1e-6  # CO2 that counts as equal


def pareto_front(prepared: Prepared, context: SolveContext, points: int) -> ParetoFront:
    """The front of a prepared case over its horizon, with at most `points` points, two or more.

    One point where the cheapest dispatch emits least. Raises InfeasibleError where the park has no dispatch.
    """
    cheapest = _point(prepared, context, co2_price_yuan_per_t=TIE_YUAN_PER_T)
    cleanest = _point(prepared, context, co2_price_yuan_per_t=HIGH_YUAN_PER_T)
    front = [cheapest]
    if cheapest.co2_t - cleanest.co2_t > SAME_T:
        caps_t = np.linspace(cheapest.co2_t, cleanest.co2_t, points)[1:-1]
        for number, cap_t in enumerate(caps_t, start=2):
            context.progress(f"point {number} of {points}")
            front.append(
                _point(prepared, context, co2_price_yuan_per_t=TIE_YUAN_PER_T, horizon_co2_cap_t=float(cap_t))
            )
        front.append(cleanest)
    first, last = prepared.times[0], prepared.times[-1]
    return ParetoFront(prepared.case, str(first), str(last), tuple(front), HIGH_YUAN_PER_T)


def _point(prepared: Prepared, context: SolveContext, **rule: float) -> ParetoPoint:
    """The cheapest dispatch under one more rule, its cost without what the rule charges."""
    limited = _with_rule(prepared, rule)
    optimum = solve_prepared(limited, context)
    solution, _ = audited_solution(limited, optimum)
    charged_yuan = sum(yuan for name, yuan in cost_yuan(solution).items() if name.device == LIMIT)
    proof = optimum.proof
    return ParetoPoint(
        cap_t=rule.get("horizon_co2_cap_t"),
        co2_t=ParkIndicators.of(solution, limited.case).emissions_t_co2,
        cost_yuan=proof.objective_yuan - charged_yuan,
        bound_yuan=proof.bound_yuan - charged_yuan,
        gap=proof.gap,
    )


def _with_rule(prepared: Prepared, rule: Mapping[str, float]) -> Prepared:
    devices = {**prepared.case.devices, LIMIT: ParkRules.model_validate(dict(rule))}
    none = np.zeros(len(prepared.times))
    series = {**prepared.series, (LIMIT, "binds"): none, (LIMIT, "least_own_use"): none}
    return replace(prepared, case=prepared.case.with_devices(devices), series=series)
