"""Incremental value of the increment: the park with it less the same park without it, year by year.

The bill streams come from the certified dispatch without demand response. Metered demand-response events are
answered by separate dispatches; their stream is the increment's addition to the payments less its addition to
the cost of responding. Money is in yuan, VAT included.
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
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.units import WH_PER_MWH
from parkdispatch.results.billing.contract_revenue import DEMAND_RESPONSE
from parkdispatch.results.finance.cash_flow import CashFlow, cash_flow
from parkdispatch.results.finance.lifetime import ARBITRAGE, DEMAND, Lifetime, OperationYear
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.results.solution import park_amounts
from parkdispatch.results.summary import peaks_mw

PROJECT = "project_after_tax"  # the cash flow that decides
PRICES_YUAN_PER_WH = (1e-3, 20.0)  # range of the search for the break-even price
# source of the demand-response income: no metered contract; separate dispatches of each dispatched year, with
# and without the increment; interpolation between choices so dispatched; or scaling of a reference choice
How = Literal["none", "answered", "interpolated", "scaled"]


@dataclass(frozen=True)
class Worth:
    """The incremental value of a choice by commissioning year; arrays have one entry per operating year."""

    choice: Choice  # at the price of the case's year
    commissioned: int  # commissioning year, counted from the case's year
    operation: Operation  # of the increment alone
    cash: CashFlow | None  # None: nothing is built
    saving_yuan: Array  # bill without it less bill with it, before contracts
    state_of_health: Array  # of the increment, at the start of each year
    full_cycles: Array
    # operating years dispatched; the others are interpolated, or scaled from a reference choice
    dispatched: tuple[int, ...]
    gap: float  # largest optimality gap of these dispatches, with and without the increment
    peak_cut_mw: float  # mean over the months of the first dispatched year
    # PV self-consumption rate of that year (neither curtailed nor exported), and the increment's addition to
    # it; NaN without PV
    self_use: float
    self_use_gain: float
    # [t] in that year: avoided grid import times the grid's emission factor; exports earn no credit
    co2_cut_t: float
    dispatch_yuan: float  # cost of that year's dispatch with the increment
    bound_yuan: float  # its lower bound
    dispatch_without_yuan: float
    # the increment's addition to demand-response payments, and to the cost of responding
    response_revenue_yuan: Array
    response_cost_yuan: Array
    response: How
    # full cycles per year of each existing battery without the increment, in the case's year
    standing_cycles: Mapping[str, float] = field(default_factory=dict)
    # marginal values of power and energy in the first year (dual values); NaN: not requested
    value_of_mw_yuan: float = float("nan")
    value_of_mwh_yuan: float = float("nan")
    lifetime: Lifetime | None = None  # of the park with the increment; None: nothing built, or scaled

    @property
    def npv_yuan(self) -> float:
        """NPV of the project after tax in its commissioning year; 0 where nothing is built."""
        return 0.0 if self.cash is None else self.cash.returns[PROJECT].npv_yuan

    @property
    def investment_yuan(self) -> float:
        """Investment in the commissioning year; 0 where nothing is built."""
        return 0.0 if self.cash is None else self.cash.finance.investment_yuan


def increment_finance(finance: Finance, investment_yuan: float) -> Finance:
    """The case's finance for a choice: its investment, and a replacement scaled in proportion."""
    replacement = finance.replacement
    share = investment_yuan / finance.investment_yuan
    return finance.model_copy(
        update={
            "investment_yuan": investment_yuan,
            "replacement": replacement.model_copy(update={"cost_yuan": replacement.cost_yuan * share}),
        }
    )


def increment_cash_flow(finance: Finance, investment_yuan: float, operation: Operation) -> CashFlow:
    """The cash flow of a choice with an investment above zero."""
    return cash_flow(increment_finance(finance, investment_yuan), operation)


def year_figures(
    sizing: Sizing, solution: xr.Dataset, case: Case, without: xr.Dataset, beside: Case
) -> dict[str, float]:
    """The operating figures of a dispatched year that `Worth` holds for its first year, by field name.

    `without` is the dispatch of the case `beside`, which lacks the increment.
    """
    peaks, base_peaks = peaks_mw(solution, case), peaks_mw(without, beside)
    amounts, base_amounts = park_amounts(solution, case), park_amounts(without, beside)
    self_use, base_self_use = _self_use(amounts), _self_use(base_amounts)
    return {
        "peak_cut_mw": float(np.mean([base_peaks[month] - peaks[month] for month in peaks])),
        "self_use": self_use,
        "self_use_gain": self_use - base_self_use,
        "co2_cut_t": sizing.co2_t_per_mwh * (base_amounts["import_mwh"] - amounts["import_mwh"]),
        "dispatch_yuan": float(solution.attrs["objective_yuan"]),
        "bound_yuan": float(solution.attrs["bound_yuan"]),
        "dispatch_without_yuan": float(without.attrs["objective_yuan"]),
    }


def _self_use(amounts: Mapping[str, float]) -> float:
    """Own use of what sun and wind could give [-], all exports counted as theirs; NaN without any."""
    available_mwh = amounts["renewable_available_mwh"]
    used_mwh = amounts["renewable_output_mwh"] - amounts["export_mwh"]
    return max(0.0, used_mwh / available_mwh) if available_mwh > 0 else float("nan")


def scaled_contracts(contracts: Contracts, share: float) -> Contracts:
    """The contracts for an increment of `share` times the case's size: stated energies scale with it."""
    changed: dict[str, object] = {}
    for name, energy in (
        ("demand_response", "energy_mwh_per_event"),
        ("absorption", "energy_mwh_per_year"),
    ):
        contract = getattr(contracts, name)
        if contract is not None and contract.kind == "stated":
            changed[name] = contract.model_copy(update={energy: share * getattr(contract, energy)})
    return contracts.model_copy(update=changed)


@dataclass(frozen=True)
class ResponseIncome:
    """Income from metered demand response in each operating year, as a function of energy per event.

    Energy per event is the deliverable energy at the state of health, limited by power times duration.
    Income is interpolated between zero and the increments that were dispatched, and proportional beyond the
    largest.
    """

    hours: float  # of an event
    known: tuple[tuple[Array, Array], ...]  # by operating year: energies [MWh] from 0, incomes [yuan]

    @classmethod
    def of(cls, device: str, lifetimes: Sequence[Lifetime]) -> "ResponseIncome | None":
        """From lifetimes with events answered; None where no contract is metered."""
        answered = [
            lifetime for lifetime in lifetimes if metered_response(lifetime.case.contracts) is not None
        ]
        contract = metered_response(answered[0].case.contracts) if answered else None
        if contract is None:
            return None
        known = []
        for year in range(len(answered[0].years)):
            income_yuan = {0.0: 0.0}
            for lifetime in answered:
                battery, figures = lifetime.case.batteries[device], lifetime.years[year]
                energy = event_mwh(battery, figures.state_of_health[device], contract.hours)
                income_yuan[energy] = figures.contract_yuan[DEMAND_RESPONSE]
            energies = sorted(income_yuan)
            known.append((np.array(energies), np.array([income_yuan[energy] for energy in energies])))
        return cls(contract.hours, tuple(known))

    def yuan(self, battery: Battery, health: float, year: int) -> float:
        """Income of a battery in an operating year, counted from 1 [yuan]."""
        energies, incomes = self.known[year - 1]
        energy = event_mwh(battery, health, self.hours)
        if energy > energies[-1] > 0:
            return float(incomes[-1] * energy / energies[-1])
        return float(np.interp(energy, energies, incomes))


def event_mwh(battery: Battery, health: float, hours: float) -> float:
    """Energy that a battery at a state of health can deliver in an event [MWh AC]."""
    deliverable_mwh = battery.model_copy(update={"state_of_health": health}).deliverable_mwh
    return min(deliverable_mwh, battery.largest_power_mw * hours)


def metered_response(contracts: Contracts) -> MeteredResponse | None:
    """The metered demand-response contract; None where there is none."""
    response = contracts.demand_response
    return response if isinstance(response, MeteredResponse) else None


def with_scaled_response(
    operation: Operation, like: "Worth", contracts: Contracts, health: Array
) -> tuple[Operation, tuple[Array, Array]]:
    """An operation with the demand-response stream scaled from a reference increment; payments and costs.

    `like` is the reference increment under its own contract. Payments scale with price, events per year and
    `health`, the ratio of the states of health in each year; the cost of responding scales with events and
    health. Other terms of the contract are ignored. Years in which responding would lose are not answered.
    """
    new, old = (
        metered_response(contracts),
        None if like.lifetime is None else metered_response(like.lifetime.case.contracts),
    )
    if new is None:
        return operation, (np.zeros_like(health), np.zeros_like(health))
    if old is None or like.response not in ("answered", "interpolated"):
        raise ValueError(f"{like.choice.key}: the reference choice must have its years, and events in them")
    events = new.events_per_year / old.events_per_year if old.events_per_year else 0.0
    price = new.price_yuan_per_kwh / old.price_yuan_per_kwh if old.price_yuan_per_kwh else 0.0
    revenue = like.response_revenue_yuan * health * events * price
    cost = like.response_cost_yuan * health * events
    at_reference_price = (like.response_revenue_yuan - like.response_cost_yuan) * health * events
    answered = revenue - cost >= np.minimum(0.0, at_reference_price)
    paid = np.where(answered, revenue, 0.0), np.where(answered, cost, 0.0)
    streams = {**operation.revenue_yuan, DEMAND_RESPONSE: paid[0] - paid[1]}
    return replace(operation, revenue_yuan=streams), paid


def extrapolated_operation(
    like: Operation, year: OperationYear, streams: Mapping[str, float], health: Array
) -> Operation:
    """Extrapolate one dispatched year to all operating years along the profile of a reference operation.

    `streams` are those of the dispatched year; `health` is the ratio of the states of health in each year.
    Each reference stream is scaled by health; its deviation from the dispatched year is added to every
    year in proportion to the total revenue. The total keeps its profile, and a stream near zero in one year
    does not diverge.
    """
    index = year.year - 1
    scaled = {name: like.revenue_yuan[name] * health for name in streams}
    total = np.sum(list(scaled.values()), axis=0)
    profile = total / total[index] if total[index] > 0 else np.ones_like(total)
    return Operation(
        revenue_yuan={name: yuan + (streams[name] - yuan[index]) * profile for name, yuan in scaled.items()},
        discharged_mwh=_scaled_to(like.discharged_mwh * health, year.discharged_mwh, index),
        auxiliary_yuan=_scaled_to(like.auxiliary_yuan, year.auxiliary_yuan, index),
        power_mw=like.power_mw,
    )


def _scaled_to(profile: Array, value: float, index: int) -> Array:
    """The profile scaled to a value at one index; constant where the profile is zero there."""
    return profile * (value / profile[index]) if profile[index] > 0 else np.full_like(profile, value)


def zero_operation(years: int) -> Operation:
    """The operation of the alternative to build nothing: zeros."""
    zeros = np.zeros(years)
    return Operation({ARBITRAGE: zeros, DEMAND: zeros}, zeros, zeros, 0.0)


def break_even_yuan_per_wh(worth: Worth) -> float | None:
    """Specific price at which the project's NPV after tax is zero [yuan/Wh], by Brent's method.

    None where nothing is built or `PRICES_YUAN_PER_WH` holds no such price.
    """
    if worth.cash is None:
        return None
    finance, operation = worth.cash.finance, worth.operation
    energy_wh = WH_PER_MWH * worth.choice.energy_mwh

    def npv(yuan_per_wh: float) -> float:
        return increment_cash_flow(finance, yuan_per_wh * energy_wh, operation).returns[PROJECT].npv_yuan

    low, high = PRICES_YUAN_PER_WH
    if not npv(low) > 0 > npv(high):
        return None
    return float(brentq(npv, low, high, xtol=1e-9, rtol=1e-12))
