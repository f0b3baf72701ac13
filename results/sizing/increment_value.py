"""What the increment alone is worth: the park with it, less the same park without it, year by year.

Streams are those of the certified dispatch of the plain bill. Calls for demand response are answered by a
dispatch of their own; what the increment adds to their payment, less what it adds to what answering costs,
is the stream of demand response. Money is yuan, VAT included.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.finance.contracts import Contracts, MeteredResponse
from parkdispatch.models.finance.investment import Finance
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.lifetime import ARBITRAGE, DEMAND, Lifetime, OperationYear
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.results.solution import values
from parkdispatch.results.summary import peaks_mw

PROJECT = "project_after_tax"  # the flow that decides
PRICES_YUAN_PER_WH = (1e-3, 20.0)  # between which a price is looked for at which a size breaks even
# how income from metered calls for demand response was found: there is none; each year dispatched with and
# without the increment was dispatched anew for the calls; interpolated between choices of which that is
# known; or as a like case has it, in proportion
How = Literal["none", "answered", "interpolated", "scaled"]


@dataclass(frozen=True)
class Worth:
    """A choice, commissioned so many years after the case's; arrays have one entry a year of operation."""

    choice: Choice  # its price is that of the case's year
    commissioned: int  # [years] after the case's
    operation: Operation  # of the increment alone
    cash: CashFlow | None  # None: nothing is built
    saving_yuan: Array  # bill without it less bill with it, before contracts
    state_of_health: Array  # of its cells, at the start of each year
    full_cycles: Array
    dispatched: tuple[
        int, ...
    ]  # years of operation; the others are on the line between, or like another case
    gap: float  # the largest of these dispatches, with and without it
    peak_cut_mw: float  # mean over the months of the first dispatched year
    # share of what the sun makes available that is used in the park, in that year: not curtailed, not
    # exported; and what the increment adds to it. NaN without PV
    self_use: float
    self_use_gain: float
    # [t] in that year: energy drawn from the grid without it less with it, times the grid's factor. What is
    # fed in displaces nothing of the park's own account and does not count
    co2_cut_t: float
    dispatch_yuan: float  # what that year's dispatch costs, with it
    bound_yuan: float  # no dispatch costs less
    dispatch_without_yuan: float
    # what the increment adds to payments for metered demand response, and to the cost of answering
    response_revenue_yuan: Array
    response_cost_yuan: Array
    response: How
    # full cycles a year of each battery that stands, without the increment, in the case's year
    standing_cycles: Mapping[str, float] = field(default_factory=dict)
    # what a MW and a MWh more are worth in the first year, by its multipliers; NaN: not asked for
    value_of_mw_yuan: float = float("nan")
    value_of_mwh_yuan: float = float("nan")
    life: Lifetime | None = None  # its years beside what stands; None: of nothing, or where they are scaled

    @property
    def npv_yuan(self) -> float:
        """Of the project after tax, discounted as its finance says, to its own start; 0 of nothing."""
        return 0.0 if self.cash is None else self.cash.returns[PROJECT].npv_yuan

    @property
    def investment_yuan(self) -> float:
        """In the year it is built."""
        return 0.0 if self.cash is None else self.cash.finance.investment_yuan


def finance_of(finance: Finance, investment_yuan: float) -> Finance:
    """The case's finance for a choice: its own investment, and a replacement in proportion to it."""
    new = finance.replacement
    share = investment_yuan / finance.investment_yuan
    return finance.model_copy(
        update={
            "investment_yuan": investment_yuan,
            "replacement": new.model_copy(update={"cost_yuan": new.cost_yuan * share}),
        }
    )


def cash_of(finance: Finance, investment_yuan: float, operation: Operation) -> CashFlow:
    """The cash flow of a choice that costs something."""
    return cash_flow(finance_of(finance, investment_yuan), operation)


def year_figures(
    sizing: Sizing, solution: xr.Dataset, case: Case, without: xr.Dataset, beside: Case
) -> dict[str, float]:
    """The figures of a dispatched year that `Worth` has of its first one, by their names there."""
    peaks, other = peaks_mw(solution, case), peaks_mw(without, beside)
    drawn_mwh = [
        _energy_mwh(of, park, Grid, "import_mw") for of, park in ((without, beside), (solution, case))
    ]
    self_use, before = _self_use(solution, case), _self_use(without, beside)
    return {
        "peak_cut_mw": float(np.mean([other[month] - peaks[month] for month in peaks])),
        "self_use": self_use,
        "self_use_gain": self_use - before,
        "co2_cut_t": sizing.co2_t_per_mwh * (drawn_mwh[0] - drawn_mwh[1]),
        "dispatch_yuan": float(solution.attrs["objective_yuan"]),
        "bound_yuan": float(solution.attrs["bound_yuan"]),
        "dispatch_without_yuan": float(without.attrs["objective_yuan"]),
    }


def _energy_mwh(solution: xr.Dataset, case: Case, kind: type, quantity: str) -> float:
    names = [name for name, device in case.devices.items() if isinstance(device, kind)]
    hours = float(solution.attrs["hours"])
    return sum(float(values(solution, f"{name}.{quantity}").sum()) * hours for name in names)


def _self_use(solution: xr.Dataset, case: Case) -> float:
    """Share of the sun's energy used in the park [-]; all that is exported is taken for the sun's."""
    available = _energy_mwh(solution, case, Pv, "available_mw")
    lost = _energy_mwh(solution, case, Pv, "curtailed_mw") + _energy_mwh(solution, case, Grid, "export_mw")
    return max(0.0, 1.0 - lost / available) if available > 0 else float("nan")


def contracts_of(contracts: Contracts, share: float) -> Contracts:
    """Contracts of an increment so many times as large as the case's: what is stated is in proportion."""
    changed: dict[str, object] = {}
    for name, energy in (
        ("demand_response", "energy_mwh_per_event"),
        ("absorption", "energy_mwh_per_year"),
    ):
        agreed = getattr(contracts, name)
        if agreed is not None and agreed.kind == "stated":
            changed[name] = agreed.model_copy(update={energy: share * getattr(agreed, energy)})
    return contracts.model_copy(update=changed)


@dataclass(frozen=True)
class ResponseIncome:
    """What increments earn by metered demand response in each year, by the energy they can give in an event.

    That energy is what their cells deliver, as aged as they are, but no more than their power gives in the
    hours of an event. Between nothing and the increments that are known it is interpolated; beyond the
    largest, in proportion to it.
    """

    hours: float  # of an event
    known: tuple[tuple[Array, Array], ...]  # for each year of operation: energy [MWh] rising from 0, and yuan

    @classmethod
    def of(cls, device: str, lives: Sequence[Lifetime]) -> "ResponseIncome | None":
        """From lives in which calls were answered; None where no contract calls."""
        found = [life for life in lives if metered(life.case.contracts) is not None]
        agreed = metered(found[0].case.contracts) if found else None
        if agreed is None:
            return None
        known = []
        for year in range(len(found[0].years)):
            points = {0.0: 0.0}
            for life in found:
                battery, made = life.case.devices[device], life.years[year]
                assert isinstance(battery, Battery)
                energy = event_mwh(battery, made.state_of_health[device], agreed.hours)
                points[energy] = made.contract_yuan[DEMAND_RESPONSE]
            rising = sorted(points)
            known.append((np.array(rising), np.array([points[energy] for energy in rising])))
        return cls(agreed.hours, tuple(known))

    def yuan(self, battery: Battery, health: float, year: int) -> float:
        """Of a battery in a year of operation, the first being 1."""
        energy, yuan = self.known[year - 1]
        own = event_mwh(battery, health, self.hours)
        if own > energy[-1] > 0:
            return float(yuan[-1] * own / energy[-1])
        return float(np.interp(own, energy, yuan))


def event_mwh(battery: Battery, health: float, hours: float) -> float:
    """What a battery of that health can give in an event [MWh AC]."""
    whole = battery.model_copy(update={"state_of_health": health}).deliverable_mwh
    return min(whole, battery.largest_power_mw * hours)


def metered(contracts: Contracts) -> MeteredResponse | None:
    """The contract whose calls are answered by the dispatch, if there is one."""
    response = contracts.demand_response
    return response if isinstance(response, MeteredResponse) else None


def with_scaled_response(
    operation: Operation, like: "Worth", contracts: Contracts, health: Array
) -> tuple[Operation, tuple[Array, Array]]:
    """An operation with what metered calls pay, from a like increment under other terms; and its two parts.

    Payments are in proportion to price, events a year and `health`, the ratio of both states of health in
    each year; what answering costs, to events and health. Other terms of the contract are not seen. Calls
    that would cost more than they pay are not answered.
    """
    new, old = metered(contracts), None if like.life is None else metered(like.life.case.contracts)
    if new is None:
        return operation, (np.zeros_like(health), np.zeros_like(health))
    if old is None or like.response not in ("answered", "interpolated"):
        raise ValueError(f"{like.choice.key}: the like choice must have its years, and calls in them")
    events = new.events_per_year / old.events_per_year if old.events_per_year else 0.0
    price = new.price_yuan_per_kwh / old.price_yuan_per_kwh if old.price_yuan_per_kwh else 0.0
    revenue = like.response_revenue_yuan * health * events * price
    cost = like.response_cost_yuan * health * events
    as_it_is = (like.response_revenue_yuan - like.response_cost_yuan) * health * events
    stays = revenue - cost >= np.minimum(0.0, as_it_is)
    paid = np.where(stays, revenue, 0.0), np.where(stays, cost, 0.0)
    streams = {**operation.revenue_yuan, DEMAND_RESPONSE: paid[0] - paid[1]}
    return replace(operation, revenue_yuan=streams), paid


def stretched(like: Operation, year: OperationYear, streams: Mapping[str, float], health: Array) -> Operation:
    """All years from one that was dispatched, as a like operation has them.

    `streams` are that year's; `health` is the ratio of both states of health in each year. Each stream of the
    like operation is taken in proportion to health; by what the year's own differs from that, each year's is
    moved, in proportion to the year's total. So the total keeps its shape, and no stream runs away that
    happens to be near nothing in one year.
    """
    here = year.year - 1
    own = {name: like.revenue_yuan[name] * health for name in streams}
    total = np.sum(list(own.values()), axis=0)
    shape = total / total[here] if total[here] > 0 else np.ones_like(total)
    return Operation(
        revenue_yuan={name: yuan + (streams[name] - yuan[here]) * shape for name, yuan in own.items()},
        discharged_mwh=_in_proportion(like.discharged_mwh * health, year.discharged_mwh, here),
        auxiliary_yuan=_in_proportion(like.auxiliary_yuan, year.auxiliary_yuan, here),
        power_mw=like.power_mw,
    )


def _in_proportion(shape: Array, value: float, here: int) -> Array:
    return shape * (value / shape[here]) if shape[here] > 0 else np.full_like(shape, value)


def never_operates(years: int) -> Operation:
    """The operation of nothing."""
    nothing = np.zeros(years)
    return Operation({ARBITRAGE: nothing, DEMAND: nothing}, nothing, nothing, 0.0)


def break_even_yuan_per_wh(one: Worth) -> float | None:
    """Price of the whole at which the project's NPV after tax is zero [yuan/Wh].

    None of nothing, and where there is no such price in `PRICES_YUAN_PER_WH`.
    """
    if one.cash is None:
        return None
    finance, operation, wh = one.cash.finance, one.operation, 1e6 * one.choice.energy_mwh

    def npv(yuan_per_wh: float) -> float:
        return cash_of(finance, yuan_per_wh * wh, operation).returns[PROJECT].npv_yuan

    low, high = PRICES_YUAN_PER_WH
    if not npv(low) > 0 > npv(high):
        return None
    return float(brentq(npv, low, high, xtol=1e-9, rtol=1e-12))
