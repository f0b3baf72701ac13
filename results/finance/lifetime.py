"""Lifetime of a storage: operating figures and saving of each year, dispatched at its state of health.

The saving is computed twice: by revenue stream, from interval prices and the basic charge, and as the audited
bill without the storage less the bill with it. The two must agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.reference_park import without_investment
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.audit import MONEY_TOLERANCE
from parkdispatch.results.billing.contract_revenue import YearFacts, contract_revenue_yuan
from parkdispatch.results.billing.demand_response import EventAnswer
from parkdispatch.results.billing.market_revenue import further_revenue_yuan, unbilled_costs_yuan
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.finance.payments import Payments, price_yuan_per_mwh, sold_yuan
from parkdispatch.results.park_indicators import ParkIndicators
from parkdispatch.results.solution import device_quantities

ARBITRAGE, DEMAND = "arbitrage", "demand"
STREAMS = (ARBITRAGE, DEMAND)  # streams that result from the dispatch, not from contracts
AGREEMENT = 1e-6  # relative to the year's saving: tolerance between its two computations
NOTHING: Mapping[str, Array] = MappingProxyType({})


@dataclass(frozen=True)
class OperationYear:
    """One operating year. Money in yuan, VAT included; savings are positive."""

    year: int  # operating year, from 1
    state_of_health: Mapping[str, float]  # by battery, at the start of the year
    full_cycles: Mapping[str, float]  # by battery
    # by stream: "arbitrage" (energy bought and sold, before auxiliary energy), "demand" (basic charge)
    saved_yuan: Mapping[str, float]
    charged_mwh: float  # AC, of the batteries evaluated
    discharged_mwh: float
    auxiliary_mwh: float  # cooling and control
    auxiliary_yuan: float  # at the price of each interval
    bill_yuan: float  # audited bill with the storage
    bill_without_yuan: float
    curtailed_mwh: float  # of PV
    curtailed_without_mwh: float
    gap: float  # the larger optimality gap of the dispatches with and without the storage
    dispatched: bool  # False: estimated from dispatched years
    contract_yuan: Mapping[str, float] = field(default_factory=dict)  # contract revenue by stream
    events: tuple[EventAnswer, ...] = ()  # demand-response events of the year; empty if interpolated
    exported_mwh: float = 0.0  # surplus fed into the grid
    exported_without_mwh: float = 0.0
    sold_yuan: float = 0.0  # revenue of that surplus, a part of the bill
    sold_without_yuan: float = 0.0
    market_without_yuan: Mapping[str, float] = field(default_factory=dict)  # unbilled costs without it
    park_amounts: Mapping[str, float] = field(default_factory=dict)  # with it, as in `ParkIndicators`
    response_cost_yuan: float = 0.0  # cost of the responses in the bill, deducted from arbitrage and demand
    renewed_share: float = 0.0  # of the replacement's cost, that is due at the end of the year
    open_yuan: float = 0.0  # cost of a dispatch above its proven bound, the larger of the two
    error: str = ""  # why a year that was to be dispatched is estimated

    @property
    def net_saving_yuan(self) -> float:
        """Saving of the year, net of auxiliary energy and without contract revenue [yuan]."""
        return sum(self.saved_yuan.values()) - self.auxiliary_yuan

    @property
    def surplus_absorbed_mwh(self) -> float:
        """Surplus neither fed in nor curtailed because of the storage [MWh]; worth a part of arbitrage."""
        without_mwh = self.exported_without_mwh + self.curtailed_without_mwh
        return without_mwh - self.exported_mwh - self.curtailed_mwh

    @property
    def difference_yuan(self) -> float:
        """Saving by streams less the difference of the bills [yuan]; rounding only."""
        return self.net_saving_yuan - (self.bill_without_yuan - self.bill_yuan)


@dataclass(frozen=True)
class EndOfLife:
    """The end of the cells' life: the year of operation at whose end it is reached, and their cycles."""

    year: int
    full_cycles: float  # of the battery with most


@dataclass(frozen=True)
class Lifetime:
    """Every operating year of a case's storage, in order."""

    case: Case
    years: tuple[OperationYear, ...]
    added: tuple[str, ...] | None = None  # batteries evaluated, the others exist already; None: all

    @property
    def storage(self) -> dict[str, Battery]:
        """The batteries under evaluation."""
        owned = self.case.batteries
        return owned if self.added is None else {name: owned[name] for name in self.added}

    @property
    def largest_gap(self) -> float:
        """The largest optimality gap of the dispatched years."""
        return max(year.gap for year in self.years if year.dispatched)

    @property
    def largest_difference_yuan(self) -> float:
        """The largest difference of a year's streams and bills [yuan]."""
        return max(abs(year.difference_yuan) for year in self.years)

    def end_of_life(self, health: float) -> "EndOfLife | None":
        """When cells of the storage first begin a year below a health, or are replaced; None: never."""
        cycles, replaced = dict.fromkeys(self.storage, 0.0), self.replaced_years
        for year in self.years:
            worn = [name for name in cycles if year.state_of_health[name] < health]
            if not worn and year.year - 1 in replaced:
                worn = list(cycles)
            if worn:
                return EndOfLife(year.year - 1, max(cycles[name] for name in worn))
            for name in cycles:
                cycles[name] += year.full_cycles[name]
        return None

    @property
    def replaced_years(self) -> tuple[int, ...]:
        """The years of operation at whose ends cells of the storage are replaced or added."""
        return tuple(year.year for year in self.years if year.renewed_share > 0)

    @property
    def _augmented(self) -> bool:
        """Whether cells are added to the old ones, which go on."""
        return self.case.finance is not None and self.case.finance.replacement.mode == "augmentation"

    def beyond_warranty(self, cycles: float) -> int | None:
        """The year of operation in which cells first exceed so many full cycles; None: in none."""
        had = dict.fromkeys(self.storage, 0.0)
        for year in self.years:
            for name in had:
                had[name] += year.full_cycles[name]
            if max(had.values(), default=0.0) > cycles:
                return year.year
            if year.year in self.replaced_years and not self._augmented:
                had = dict.fromkeys(had, 0.0)
        return None

    def operation(self, extra: Mapping[str, Array] = NOTHING) -> Operation:
        """The operational input of the cash flow; `extra` adds streams [yuan, VAT included], each (years,).

        Raises ValueError if the name of an extra stream is taken.
        """
        revenue_yuan = {name: np.array([year.saved_yuan[name] for year in self.years]) for name in STREAMS}
        revenue_yuan |= {
            name: np.array([year.contract_yuan[name] for year in self.years])
            for name in self.years[0].contract_yuan
        }
        if taken := set(extra) & set(revenue_yuan):
            raise ValueError(f"the dispatch has a stream of that name: {', '.join(sorted(taken))}")
        return Operation(
            revenue_yuan=revenue_yuan | dict(extra),
            discharged_mwh=np.array([year.discharged_mwh for year in self.years]),
            auxiliary_yuan=np.array([year.auxiliary_yuan for year in self.years]),
            power_mw=sum(battery.largest_power_mw for battery in self.storage.values()),
            replaced_shares=np.array([year.renewed_share for year in self.years]),
        )


def storage_health_and_cycles(case: Case, year: OperationYear) -> tuple[float, float]:
    """State of health and full cycles of the case's batteries in service, weighted by rated energy."""
    owned = case.batteries
    return _weighted(owned, year.state_of_health, 1.0), _weighted(owned, year.full_cycles, 0.0)


def mean_health(owned: Mapping[str, Battery]) -> float:
    """Mean state of health of several batteries, weighted by rated energy [-]."""
    return _weighted(owned, {name: battery.state_of_health for name, battery in owned.items()}, 1.0)


def _weighted(owned: Mapping[str, Battery], quantity: Mapping[str, float], default: float) -> float:
    """The mean of a quantity by battery, weighted by rated energy; `default` where that is zero."""
    rated_mwh = {name: largest_capacity(owned[name].energy_mwh) for name in quantity if name in owned}
    total_mwh = sum(rated_mwh.values())
    if total_mwh <= 0:
        return default
    return sum(mwh * quantity[name] for name, mwh in rated_mwh.items()) / total_mwh


def dispatched_year(
    year: int,
    case: Case,
    solution: xr.Dataset,
    without: xr.Dataset,
    events: Sequence[EventAnswer] = (),
    response_cost_yuan: float = 0.0,
    beside: Case | None = None,
) -> OperationYear:
    """The figures of a dispatched operating year.

    `case` has the batteries at the state of health of that year, `solution` is its dispatch. `without` is the
    dispatch of the base case `beside`, by default the case without storage. Batteries that `beside` keeps are
    not evaluated: apart from states of health and cycles, the figures are those of the others. `events` are
    the demand-response events as answered in the solution, `response_cost_yuan` their cost in the bill.
    Raises SolverError if the streams do not save what the bills differ by.
    """
    beside = beside or without_investment(case)
    all_batteries = case.batteries
    evaluated = {name: battery for name, battery in all_batteries.items() if name not in beside.devices}
    paid, base_paid = Payments.of(solution, case), Payments.of(without, beside)
    auxiliary_mwh, auxiliary_yuan = _auxiliary(solution, case, evaluated)
    figures = OperationYear(
        year=year,
        state_of_health={name: battery.state_of_health for name, battery in all_batteries.items()},
        full_cycles={
            name: battery.indicators(device_quantities(solution, name))["full_cycles"]
            for name, battery in all_batteries.items()
        },
        saved_yuan={
            ARBITRAGE: base_paid.energy_yuan - paid.energy_yuan + auxiliary_yuan,
            DEMAND: base_paid.basic_yuan - paid.basic_yuan,
        },
        charged_mwh=energy_of_devices_mwh(solution, evaluated, "charge_mw"),
        discharged_mwh=energy_of_devices_mwh(solution, evaluated, "discharge_mw"),
        auxiliary_mwh=auxiliary_mwh,
        auxiliary_yuan=auxiliary_yuan,
        bill_yuan=paid.bill_yuan,
        bill_without_yuan=base_paid.bill_yuan,
        curtailed_mwh=energy_of_devices_mwh(solution, case.devices, "curtailed_mw"),
        curtailed_without_mwh=energy_of_devices_mwh(without, case.devices, "curtailed_mw"),
        exported_mwh=energy_of_devices_mwh(solution, case.devices, "export_mw"),
        exported_without_mwh=energy_of_devices_mwh(without, case.devices, "export_mw"),
        sold_yuan=sold_yuan(solution, case),
        sold_without_yuan=sold_yuan(without, beside),
        market_without_yuan=unbilled_costs_yuan(without, case),
        park_amounts=ParkIndicators.of(solution, case).amounts,
        gap=max(float(solution.attrs["gap"]), float(without.attrs["gap"])),
        dispatched=True,
    )
    _reconcile(figures)
    return replace(
        figures,
        contract_yuan={
            **_contract_yuan(case, figures, evaluated, events),
            **further_revenue_yuan(solution, without, case),
        },
        events=tuple(events),
        response_cost_yuan=response_cost_yuan,
    )


def energy_of_devices_mwh(solution: xr.Dataset, devices: Iterable[str], quantity: str) -> float:
    """Energy of a power quantity over the horizon, of the named devices that have it [MWh]."""
    names = [f"{name}.{quantity}" for name in devices if f"{name}.{quantity}" in solution]
    return sum(float(solution[name].sum()) for name in names) * float(solution.attrs["hours"])


def _auxiliary(solution: xr.Dataset, case: Case, evaluated: Mapping[str, Battery]) -> tuple[float, float]:
    """Auxiliary energy of the batteries [MWh], and its cost at the price of each interval [yuan]."""
    hours = float(solution.attrs["hours"])
    power_mw = {
        name: unit.auxiliary_share * largest_capacity(unit.power_mw) for name, unit in evaluated.items()
    }
    cost_yuan = sum(
        mw * hours * float(price_yuan_per_mwh(solution, case, evaluated[name].bus).sum())
        for name, mw in power_mw.items()
    )
    return sum(power_mw.values()) * hours * len(solution["time"]), cost_yuan


def _contract_yuan(
    case: Case, figures: OperationYear, owned: Mapping[str, Battery], events: Sequence[EventAnswer]
) -> dict[str, float]:
    """Contract revenue of the year by stream [yuan]."""
    facts = YearFacts(
        health=mean_health(owned),
        power_mw=sum(battery.largest_power_mw for battery in owned.values()),
        curtailed_mwh=figures.curtailed_mwh,
        curtailed_without_mwh=figures.curtailed_without_mwh,
        settled=[event.settled for event in events],
    )
    return contract_revenue_yuan(case.contracts, facts)


def _reconcile(figures: OperationYear) -> None:
    """Check the saving by streams against the difference of the bills. Raises SolverError."""
    billed = figures.bill_without_yuan - figures.bill_yuan
    turnover = abs(figures.bill_yuan) + abs(figures.bill_without_yuan)
    allowed = max(AGREEMENT * abs(billed), MONEY_TOLERANCE * max(1.0, turnover))
    if not abs(figures.difference_yuan) <= allowed:
        raise SolverError(
            f"year {figures.year} of operation: the streams save {figures.net_saving_yuan:.6f} yuan,"
            f" the bills differ by {billed:.6f}"
        )


def expected_cycles(dispatched: Sequence[OperationYear], name: str, health: float) -> float:
    """Expected full cycles of a battery at a state of health, in a year that is not dispatched.

    Linear extrapolation from the last two dispatched years, bounded by the last year's cycles from above and
    by those in proportion to the state of health from below. With one dispatched year: in proportion.
    """
    known = [(year.state_of_health[name], year.full_cycles[name]) for year in dispatched[-2:]]
    before, last = (known[0] if len(known) > 1 else (0.0, 0.0)), known[-1]
    slope = (last[1] - before[1]) / (last[0] - before[0]) if last[0] != before[0] else 0.0
    proportional = last[1] * health / last[0]
    return min(max(last[1] + slope * (health - last[0]), proportional), last[1])


def interpolated_year(
    before: OperationYear, after: OperationYear, year: int, health: Mapping[str, float]
) -> OperationYear:
    """A year that is not dispatched: linear between or beyond two dispatched years, except its health.

    Energies and cycles that a line would take below zero, far beyond both years, are zero.
    """
    share = (year - before.year) / (after.year - before.year)

    def line(first: float, last: float) -> float:
        return (1.0 - share) * first + share * last

    def lines(first: Mapping[str, float], last: Mapping[str, float]) -> dict[str, float]:
        return {name: line(first[name], last[name]) for name in first}

    cycles = lines(before.full_cycles, after.full_cycles)
    interpolated = (
        "charged_mwh", "discharged_mwh", "auxiliary_mwh", "auxiliary_yuan", "bill_yuan", "bill_without_yuan",
        "curtailed_mwh", "curtailed_without_mwh", "exported_mwh", "exported_without_mwh", "sold_yuan",
        "sold_without_yuan", "response_cost_yuan",
    )  # fmt: skip
    numbers: dict[str, Any] = {
        name: line(getattr(before, name), getattr(after, name)) for name in interpolated
    }
    numbers |= {name: max(0.0, value) for name, value in numbers.items() if name.endswith("_mwh")}
    return OperationYear(
        year=year,
        state_of_health=dict(health),
        full_cycles={name: max(0.0, count) for name, count in cycles.items()},
        saved_yuan=lines(before.saved_yuan, after.saved_yuan),
        market_without_yuan=lines(before.market_without_yuan, after.market_without_yuan),
        park_amounts=lines(before.park_amounts, after.park_amounts),
        contract_yuan=lines(before.contract_yuan, after.contract_yuan),
        gap=max(before.gap, after.gap),
        dispatched=False,
        events=(),
        **numbers,
    )
