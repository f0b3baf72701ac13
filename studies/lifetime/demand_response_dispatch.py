"""Demand-response events: dispatch the year again at raised prices in the events, and settle it by its meter.

    the optimum ──▶ events ──▶ purchase price + response price in the events ──▶ another dispatch
                                                                                      │
                     real bill of both, settlement from the new meter ◀───────────────┘

The bills of both dispatches and the settlement are exact; baselines come from the meter readings of the
chosen dispatch. The dispatch itself is a heuristic. It is optimal for the raised price, which pays for every
kilowatt-hour not bought in an event as if baselines were fixed and bids had no upper limit. A participant
who also raised the baselines, or bid otherwise, may earn more: the response pays, but is not proven to be the
best one. On the other hand it has perfect foresight of load and PV.

Where several dispatches of a day cost the same, as in an evening of one price, the payment depends on which
of them the baseline days have. The contract's `baselines` decides: with the lowest baselines, the payment is
the least possible; with the highest, it may be much larger at the same bill.

Not all of the payment is for what the storage does: because baselines err, a park that does not respond is
paid on some days too (`unmoved_yuan`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import xarray as xr

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.proof.certificate import ProofMethod
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.results.audit import bills
from parkdispatch.results.billing.baseline import Event
from parkdispatch.results.billing.demand_response import (
    EventAnswer,
    SettledEvent,
    baseline_counts,
    choose_events,
    event_price_yuan_per_kwh,
    settle_events,
)
from parkdispatch.results.solution import cost_yuan, values
from parkdispatch.studies.solve_options import SolveContext

ROUNDS = 2  # of dropping events that do not pay; a third adds 0.2 % on the built-in case
PRICE = "purchase_price_yuan_per_mwh"
# [yuan/MWh] largest price added to import in baseline hours; small enough to choose only between dispatches
# of equal cost
TIE_BREAK_YUAN_PER_MWH = 0.01


@dataclass(frozen=True)
class DemandResponseDispatch:
    """A year whose demand-response events are answered where that pays; money in yuan, VAT included."""

    optimum: Optimum  # the chosen dispatch, at the case's own prices
    events: Sequence[EventAnswer]  # every event called, in order of time
    revenue_yuan: float  # payment for the response
    bill_cost_yuan: float  # what the response adds to the bill
    other_cost_yuan: float  # what it adds to costs outside the bill, such as wear
    gap: float  # largest of the dispatches involved, each at the prices it was solved for

    @property
    def unmoved_yuan(self) -> float:
        """Payment that the dispatch without a response would receive for the same bids."""
        return sum(answer.unmoved_yuan for answer in self.events)

    @property
    def gain_yuan(self) -> float:
        """Revenue less the added costs."""
        return self.revenue_yuan - self.bill_cost_yuan - self.other_cost_yuan


@dataclass(frozen=True)
class _MeteredDispatch:
    """A dispatch as the meter and the bill see it."""

    optimum: Optimum
    import_mw: Array
    energy_yuan: Array  # purchases and sales, by interval
    bill_yuan: float
    other_yuan: float  # costs of all devices but the connection
    gap: float


@dataclass(frozen=True)
class _ResponseProblem:
    """A prepared case whose metered contract calls events, and its dispatch without a response."""

    prepared: Prepared
    contract: MeteredResponse
    grid: str  # the connection whose meter settles
    events: Sequence[Event]
    plain: _MeteredDispatch

    def settle(self, import_mw: Array) -> list[SettledEvent]:
        """Settle every event for a metered import, (intervals,)."""
        prepared = self.prepared
        times, hours, tariff = prepared.times, prepared.hours, prepared.case.tariff
        return settle_events(self.contract, tariff, times, hours, import_mw, self.events)

    @cached_property
    def unmoved(self) -> list[SettledEvent]:
        """Every event settled for the dispatch without a response."""
        return self.settle(self.plain.import_mw)


def dispatch_demand_response(
    prepared: Prepared, optimum: Optimum, context: SolveContext
) -> DemandResponseDispatch:
    """Answer the events of a prepared case's contract; `optimum` is its dispatch without a response.

    After each dispatch at raised prices, the events that pay less than their energy costs are dropped. The
    dispatch with the largest gain is chosen; the one without a response is a candidate too. Without a metered
    contract there are no events. Raises InputError unless the case has exactly one grid connection.
    """
    contract = prepared.case.contracts.demand_response
    if not isinstance(contract, MeteredResponse):
        return DemandResponseDispatch(optimum, (), 0.0, 0.0, 0.0, optimum.proof.gap)
    grid = _connection(prepared)
    solution = to_dataset(optimum, {})
    plain = _metered(prepared, grid, optimum, solution, optimum.proof.gap)
    need_mw = _need_mw(prepared, grid, solution)
    events = choose_events(contract, prepared.case.tariff, prepared.times, prepared.hours, need_mw)
    problem = _ResponseProblem(prepared, contract, grid, events, plain)
    best = _settled(problem, (), plain)
    tie_break = _tie_break_yuan_per_mwh(problem)
    bid, warm_start = list(events), optimum.warm
    for number in range(ROUNDS):
        if not bid:
            break
        context.progress(f"demand response: {len(bid)} events, round {number + 1}")
        raised = optimize(
            prepared.case.devices,
            prepared.times,
            prepared.hours,
            _raised_prices(problem, bid, tie_break),
            time_limit_s=context.options.time_limit_s,
            gap=context.options.gap,
            threads=context.options.threads,
            warm=warm_start,
        )
        warm_start = raised.warm
        answer = _at_own_prices(optimum, raised)
        metered = _metered(prepared, grid, answer, to_dataset(answer, {}), raised.proof.gap)
        candidate = _settled(problem, bid, metered)
        if candidate.gain_yuan > best.gain_yuan:
            best = candidate
        profitable = [
            answer.settled.event
            for answer in candidate.events
            if answer.bid and answer.settled.yuan > max(0.0, answer.energy_cost_yuan)
        ]
        if len(profitable) == len(bid):
            break
        bid = profitable
    return best


def _tie_break_yuan_per_mwh(problem: _ResponseProblem) -> Array:
    """Price on import in baseline hours that chooses between dispatches of equal cost, (intervals,)."""
    prepared, contract = problem.prepared, problem.contract
    uses = baseline_counts(contract, prepared.case.tariff, prepared.times, prepared.hours, problem.events)
    sign = 1.0 if contract.baselines == "lowest" else -1.0
    return np.asarray(sign * TIE_BREAK_YUAN_PER_MWH * uses / max(1.0, uses.max()))


def _raised_prices(problem: _ResponseProblem, bid: Sequence[Event], tie_break: Array) -> dict[Key, Array]:
    """The series of the case with the response price added to the purchase price in the events bid for."""
    prepared, key = problem.prepared, (problem.grid, PRICE)
    series = dict(prepared.series)
    prices = dict(
        zip(problem.events, event_price_yuan_per_kwh(problem.contract, problem.events), strict=True)
    )
    added = tie_break.copy()
    for event in bid:
        added[event.intervals(prepared.times)] += prices[event] * KW_PER_MW
    series[key] = series[key] + added
    return series


def _connection(prepared: Prepared) -> str:
    """The name of the only grid connection. Raises InputError unless there is exactly one."""
    grids = prepared.case.priced_connections
    if len(grids) != 1:
        raise InputError(
            f"`contract.demand_response.kind` = 'metered': the case has {len(grids)} grid connections, must"
            " have one, whose meter settles"
        )
    return grids[0]


def _need_mw(prepared: Prepared, grid: str, solution: xr.Dataset) -> Array:
    """Net import of the connection without the storage on its bus [MW]; negative where it would export."""
    case = prepared.case
    bus = getattr(case.devices[grid], "bus", "")
    need_mw = values(solution, f"{grid}.import_mw") - values(solution, f"{grid}.export_mw")
    for name in case.storage:
        if (injection := f"{name}.injection_{bus}_mw") in solution:
            need_mw = need_mw + values(solution, injection)
    return np.asarray(need_mw)


def _at_own_prices(optimum: Optimum, raised: Optimum) -> Optimum:
    """The dispatch at raised prices, with its cost and its gap at the case's own prices."""
    proof = replace(
        optimum.proof,
        objective_yuan=optimum.tiled.program.objective(raised.x),
        method=ProofMethod("answers_events", {}),
        primal_infeasibility=raised.proof.primal_infeasibility,
    )
    return replace(optimum, x=raised.x, proof=proof)


def _metered(
    prepared: Prepared, grid: str, optimum: Optimum, solution: xr.Dataset, gap: float
) -> _MeteredDispatch:
    """Import, bill and other costs of a dispatch at the case's own prices; `solution` is its dataset."""
    costs = cost_yuan(solution)
    of_grid = sum(yuan for name, yuan in costs.items() if name.device == grid)
    bill = bills(solution, prepared.case).get(grid)  # None for a connection of the user's own kind
    return _MeteredDispatch(
        optimum=optimum,
        import_mw=values(solution, f"{grid}.import_mw"),
        energy_yuan=values(solution, f"{grid}.purchase_yuan") + values(solution, f"{grid}.sale_yuan"),
        bill_yuan=bill.total_yuan if bill else of_grid,
        other_yuan=sum(yuan for name, yuan in costs.items() if name.device != grid),
        gap=gap,
    )


def _unpaid(settled: SettledEvent) -> SettledEvent:
    """An event that no bid was made for."""
    return replace(settled, bid_mw=0.0, paid_mwh=0.0, yuan=0.0, capacity_yuan=0.0)


def _settled(
    problem: _ResponseProblem, bid: Sequence[Event], metered: _MeteredDispatch
) -> DemandResponseDispatch:
    """Settle a dispatch: its payment for the events bid for, and its costs above those without a response."""
    times, plain, events, answered = problem.prepared.times, problem.plain, problem.events, set(bid)
    settled_events = problem.unmoved if metered is plain else problem.settle(metered.import_mw)
    added_yuan = np.concatenate([[0.0], np.cumsum(metered.energy_yuan - plain.energy_yuan)])
    starts = [int(times.searchsorted(event.begins.normalize())) for event in events]
    answers = [
        EventAnswer(
            settled if settled.event in answered else _unpaid(settled),
            settled.event in answered,
            unmoved.response_mw,
            unmoved.yuan if settled.event in answered else 0.0,
            float(added_yuan[after] - added_yuan[first]),
        )
        for settled, unmoved, (first, after) in zip(
            settled_events, problem.unmoved, pairwise([*starts, len(times)]), strict=True
        )
    ]
    return DemandResponseDispatch(
        optimum=metered.optimum,
        events=answers,
        revenue_yuan=sum(answer.settled.yuan for answer in answers),
        bill_cost_yuan=metered.bill_yuan - plain.bill_yuan,
        other_cost_yuan=metered.other_yuan - plain.other_yuan,
        gap=max(plain.gap, metered.gap),
    )
