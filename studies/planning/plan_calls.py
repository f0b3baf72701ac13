"""Calls for demand response in a plan: their baselines, and which of them it pays to answer.

An answered call costs price x (import - baseline) in its intervals. What is paid is never negative, so the
best plan is the cheapest among those that answer any of the calls: for each set of calls one linear cost, and
the least of the optima is the optimum with payments of at least zero.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.inputs.schema.orders import CallOrder
from parkdispatch.inputs.variations.operator_orders import TimedOrder
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.network.demand_calls import DemandCall
from parkdispatch.studies.demand_peak import expected_demand_mw
from parkdispatch.studies.planning.plan_variants import with_calls

MOST_CALLS = 4  # in one plan: sixteen sets of them
BASELINE_DAYS = 5  # working days, where no contract says how many
SATURDAY = 5


@dataclass(frozen=True)
class PlacedCall:
    """A call with its connection and its baseline."""

    timed: TimedOrder
    connection: str
    call: DemandCall
    baseline_days: tuple[str, ...]  # of which the baseline is the mean; empty: it was given


def placed_calls(case: Case, orders: Sequence[TimedOrder]) -> tuple[PlacedCall, ...]:
    """The calls among the orders with their baselines. Raises InputError where one has none."""
    calls, problems = [], []
    for timed in orders:
        if isinstance(timed.order, CallOrder):
            try:
                calls.append(_placed(case, timed, timed.order))
            except InputError as error:
                problems += error.problems
    if len(calls) > MOST_CALLS:
        problems.append(f"argument `call`: {len(calls)} calls in one plan, must be {MOST_CALLS} or fewer")
    if problems:
        raise InputError(problems)
    return tuple(calls)


def _placed(case: Case, timed: TimedOrder, order: CallOrder) -> PlacedCall:
    connections = [name for name, device in case.devices.items() if "calls" in type(device).model_fields]
    name = order.device or connections[0]
    baseline_mw, days = order.baseline_mw, tuple[str, ...]()
    if baseline_mw is None:
        baseline_mw, days = _expected_baseline(case, name, timed)
    call = DemandCall(
        begin=timed.begin,
        end=timed.end,
        price_yuan_per_kwh=order.price_yuan_per_kwh,
        baseline_mw=baseline_mw,
    )
    return PlacedCall(timed, name, call, days)


def _expected_baseline(case: Case, name: str, timed: TimedOrder) -> tuple[float, tuple[str, ...]]:
    """Mean demand at the same times over the last working days [MW], by the cheapest dispatch of them."""
    contract = case.contracts.demand_response
    count = contract.baseline_days if isinstance(contract, MeteredResponse) else BASELINE_DAYS
    day, day_means = pd.Timestamp(timed.begin).normalize(), list[tuple[str, float]]()
    length = timed.end - timed.begin
    while len(day_means) < count:
        day -= pd.Timedelta(days=1)
        if day.year != case.calendar.year or case.tariff.unpriced(day.date(), day.date()):
            raise InputError(
                f"{timed.path}: must have its baseline, because {case.calendar.year} has {len(day_means)}"
                f" working days before {timed.begin:%Y-%m-%d}, not {count}"
            )
        if day.weekday() >= SATURDAY or case.tariff.holiday_on(day.date()):
            continue
        demand_mw = expected_demand_mw(case, day.date()).get(name)
        if demand_mw is None:
            raise InputError(f"{timed.path}: must have its baseline, because no month's demand is known")
        begin = day + (timed.begin - pd.Timestamp(timed.begin).normalize())
        during = demand_mw[(demand_mw.index >= begin) & (demand_mw.index < begin + length)]
        day_means.append((f"{day:%Y-%m-%d}", float(during.mean())))
    days = tuple(label for label, _ in reversed(day_means))
    return sum(mw for _, mw in day_means) / count, days


def answers(
    prepared: Prepared, calls: Sequence[PlacedCall]
) -> Iterator[tuple[Sequence[PlacedCall], Prepared]]:
    """Every set of calls that may be answered, all first, with the plan in which just these are."""
    for count in range(len(calls), -1, -1):
        for answered in combinations(calls, count):
            by_connection: Mapping[str, list[DemandCall]] = {call.connection: [] for call in calls}
            for placed in answered:
                by_connection[placed.connection].append(placed.call)
            yield answered, with_calls(prepared, by_connection)
