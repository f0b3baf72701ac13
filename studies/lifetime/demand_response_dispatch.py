"""Answer calls for demand response: the year is dispatched anew with its events in mind, and settled.

    the optimum ──▶ events ──▶ purchase price + response price in the events ──▶ another dispatch
                                                                                      │
                     real bill of both, settlement from the new meter ◀───────────────┘

Exact: the bill of both dispatches, and the settlement of the one that is lived, whose baselines are read off
its own meter. Not exact: the dispatch. It is optimal for the raised price, which counts every kilowatt-hour
not bought in an event as paid, as if baselines stood still and bids had no upper limit. A participant who
also raised his baselines, or bid otherwise, may earn more: this is a response that pays, not a proof of the
best one. On the other hand it has perfect foresight of load and sun.

Where a day has several dispatches that cost the same, as in an evening of one price, the payment hangs on
which of them the days of a baseline have. The contract's `baselines` says which are lived: with the lowest
baselines no more is paid than must be, with the highest a good deal more may be, at the same bill.

Not all of the payment is for what the storage did: baselines err, so that a park which does nothing is paid
on some days too. `unmoved` tells how much.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import MeteredResponse
from parkdispatch.models.network.grid import Grid
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.proof.certificate import ProofMethod
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.results.audit import bills
from parkdispatch.results.billing.demand_response import (
    Event,
    EventAnswer,
    baselines_of,
    choose_events,
    settle_event,
)
from parkdispatch.results.solution import cost_yuan, values
from parkdispatch.results.units import KW_PER_MW
from parkdispatch.studies.dispatch import SolveOptions

ROUNDS = 2  # of leaving out the events that do not pay; a third adds 0.2 % on the built-in case
PRICE = "purchase_price_yuan_per_mwh"
# [yuan/MWh] at most, on import that a baseline is taken from: decides between dispatches of one cost only
TIE_BREAK_YUAN_PER_MWH = 0.01


@dataclass(frozen=True)
class DemandResponseDispatch:
    """A year with its events answered as far as that pays; money in yuan, VAT included."""

    optimum: Optimum  # the dispatch that is lived, at the case's own prices
    events: Sequence[EventAnswer]  # every event called, in order of time
    revenue_yuan: float  # what is paid for the response
    bill_cost_yuan: float  # what the response adds to the bill
    other_cost_yuan: float  # what it adds to costs that are in no bill, such as wear
    gap: float  # the largest of a dispatch it was found by, each at the prices it was dispatched for

    @property
    def unmoved_yuan(self) -> float:
        """What the dispatch without a response would be paid for the same bids."""
        return sum(answer.unmoved_yuan for answer in self.events)

    @property
    def gain_yuan(self) -> float:
        """What is left of the revenue."""
        return self.revenue_yuan - self.bill_cost_yuan - self.other_cost_yuan


@dataclass(frozen=True)
class _Lived:
    """A dispatch as the meter and the bill see it."""

    optimum: Optimum
    import_mw: Array
    energy_yuan: Array  # bought and sold, by interval
    bill_yuan: float
    other_yuan: float  # costs of all devices but the connection
    gap: float


def dispatch_demand_response(
    prepared: Prepared,
    optimum: Optimum,
    options: SolveOptions,
    progress: Callable[[str], None] = lambda _: None,
) -> DemandResponseDispatch:
    """The response of a prepared case to the events of its contract, `optimum` being its dispatch without.

    Events that pay less than their energy costs are left out and the year is dispatched again; of all these
    dispatches and the one without a response the best is lived. Without a metered contract there are none.
    Raises InputError if the case has not one connection to the grid.
    """
    contract = prepared.case.contracts.demand_response
    if not isinstance(contract, MeteredResponse):
        return DemandResponseDispatch(optimum, (), 0.0, 0.0, 0.0, optimum.proof.gap)
    grid = _connection(prepared)
    plain = _lived(prepared, grid, optimum, optimum.proof.gap)
    need_mw = _need_mw(prepared, grid, optimum)
    events = choose_events(contract, prepared.case.tariff, prepared.times, prepared.hours, need_mw)
    best = _valued(prepared, contract, events, (), plain, plain)
    uses = baselines_of(contract, prepared.case.tariff, prepared.times, prepared.hours, events)
    sign = 1.0 if contract.baselines == "lowest" else -1.0
    tie_break = sign * TIE_BREAK_YUAN_PER_MWH * uses / max(1.0, uses.max())
    bid, warm = list(events), optimum.warm
    for number in range(ROUNDS):
        if not bid:
            break
        progress(f"demand response: {len(bid)} events, round {number + 1}")
        series = dict(prepared.series)
        raised = np.any([event.intervals(prepared.times) for event in bid], axis=0)
        dearer = raised * contract.price_yuan_per_kwh * KW_PER_MW + tie_break
        series[grid, PRICE] = series[grid, PRICE] + dearer
        other = optimize(
            prepared.case.devices,
            prepared.times,
            prepared.hours,
            series,
            time_limit_s=options.time_limit_s,
            threads=options.threads,
            warm=warm,
        )
        warm = other.warm
        lived = _lived(prepared, grid, _at_own_prices(optimum, other), other.proof.gap)
        tried = _valued(prepared, contract, events, bid, plain, lived)
        if tried.gain_yuan > best.gain_yuan:
            best = tried
        paying = [
            a.settled.event for a in tried.events if a.bid and a.settled.yuan > max(0.0, a.energy_cost_yuan)
        ]
        if len(paying) == len(bid):
            break
        bid = paying
    return best


def _connection(prepared: Prepared) -> str:
    grids = [name for name, device in prepared.case.devices.items() if isinstance(device, Grid)]
    if len(grids) != 1:
        raise InputError(
            f"`contract.demand_response.kind` = 'metered': the case has {len(grids)} grid connections, must"
            " have one, whose meter settles"
        )
    return grids[0]


def _need_mw(prepared: Prepared, grid: str, optimum: Optimum) -> Array:
    """What the connection would draw without the storage on its bus, below zero where it would feed back."""
    case, solution = prepared.case, to_dataset(optimum, {})
    bus = getattr(case.devices[grid], "bus", "")
    need_mw = values(solution, f"{grid}.import_mw") - values(solution, f"{grid}.export_mw")
    for name in case.storage:
        if (stored := f"{name}.injection_{bus}_mw") in solution:
            need_mw = need_mw + values(solution, stored)
    return np.asarray(need_mw)


def _at_own_prices(optimum: Optimum, other: Optimum) -> Optimum:
    """The dispatch of raised prices at the case's own: what it costs there, and how far from optimal."""
    proof = replace(
        optimum.proof,
        objective_yuan=optimum.tiled.program.objective(other.x),
        how=ProofMethod("answers_events", {}),
        primal_infeasibility=other.proof.primal_infeasibility,
    )
    return replace(optimum, x=other.x, proof=proof)


def _lived(prepared: Prepared, grid: str, optimum: Optimum, gap: float) -> _Lived:
    solution = to_dataset(optimum, {})
    costs = cost_yuan(solution)
    own = {name for name in costs if name.split(".")[0] == grid}
    billed = bills(solution, prepared.case).get(grid)  # none where the prices are series of the user's own
    return _Lived(
        optimum=optimum,
        import_mw=values(solution, f"{grid}.import_mw"),
        energy_yuan=values(solution, f"{grid}.purchase_yuan") + values(solution, f"{grid}.sale_yuan"),
        bill_yuan=billed.total_yuan if billed else sum(costs[name] for name in own),
        other_yuan=sum(yuan for name, yuan in costs.items() if name not in own),
        gap=gap,
    )


def _valued(
    prepared: Prepared,
    contract: MeteredResponse,
    events: Sequence[Event],
    bid: Sequence[Event],
    plain: _Lived,
    lived: _Lived,
) -> DemandResponseDispatch:
    """What a dispatch earns and costs beside the one without a response."""
    times, hours = prepared.times, prepared.hours
    settled = settle_event(contract, prepared.case.tariff, times, hours, lived.import_mw, events)
    unmoved = settle_event(contract, prepared.case.tariff, times, hours, plain.import_mw, events)
    dearer = np.concatenate([[0.0], np.cumsum(lived.energy_yuan - plain.energy_yuan)])
    begins = [int(times.searchsorted(event.begins.normalize())) for event in events]
    answers = [
        EventAnswer(
            one if one.event in bid else replace(one, bid_mw=0.0, paid_mwh=0.0, yuan=0.0),
            one.event in bid,
            still.response_mw,
            still.yuan if one.event in bid else 0.0,
            float(dearer[after] - dearer[first]),
        )
        for one, still, (first, after) in zip(settled, unmoved, pairwise([*begins, len(times)]), strict=True)
    ]
    return DemandResponseDispatch(
        optimum=lived.optimum,
        events=answers,
        revenue_yuan=sum(answer.settled.yuan for answer in answers),
        bill_cost_yuan=lived.bill_yuan - plain.bill_yuan,
        other_cost_yuan=lived.other_yuan - plain.other_yuan,
        gap=max(plain.gap, lived.gap),
    )
