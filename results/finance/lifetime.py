"""The years of a storage, each dispatched as aged as it is, and what each is worth to the park.

What the storage saves is told twice: by stream, from the price in each interval and the basic charge, and as
the accountant's bill without the storage less the bill with it. The two must agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery
from parkdispatch.results.audit import MONEY_TOLERANCE, bills
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.contract_revenue import YearFacts, contract_revenue_yuan
from parkdispatch.results.billing.demand_response import EventAnswer
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.solution import of_kind, seen, values

ARBITRAGE, DEMAND = "arbitrage", "demand"
STREAMS = (ARBITRAGE, DEMAND)  # that come of the dispatch itself
AGREEMENT = 1e-6  # of the year's saving, within which its two computations agree
NOTHING: Mapping[str, Array] = MappingProxyType({})


@dataclass(frozen=True)
class OperationYear:
    """One year of operation. Money in yuan, VAT included; what is saved is plus."""

    year: int  # of operation, from 1
    state_of_health: Mapping[str, float]  # by battery, at the start of the year
    full_cycles: Mapping[str, float]  # by battery
    # by stream: "arbitrage", energy bought and sold, before auxiliary energy; "demand", the basic charge
    saved_yuan: Mapping[str, float]
    charged_mwh: float  # AC, of all batteries
    discharged_mwh: float
    auxiliary_mwh: float  # cooling and control
    auxiliary_yuan: float  # at the price of each interval
    bill_yuan: float  # the accountant's, with the storage
    bill_without_yuan: float
    curtailed_mwh: float  # PV
    curtailed_without_mwh: float
    gap: float  # the larger of the dispatches with and without the storage
    dispatched: bool  # False: interpolated between dispatched years
    contract_yuan: Mapping[str, float] = field(default_factory=dict)  # received, by stream of the contracts
    events: tuple[EventAnswer, ...] = ()  # of demand response called in the year, none of an interpolated one
    response_cost_yuan: float = 0.0  # what answering them adds to the bill; arbitrage and demand have it off

    @property
    def net_saving_yuan(self) -> float:
        """What the storage saves in the year, its auxiliary energy paid; without what contracts pay."""
        return sum(self.saved_yuan.values()) - self.auxiliary_yuan

    @property
    def difference_yuan(self) -> float:
        """What the streams save less what the bills differ by: rounding, no more."""
        return self.net_saving_yuan - (self.bill_without_yuan - self.bill_yuan)


@dataclass(frozen=True)
class Lifetime:
    """Every year of operation of a case's storage, in order."""

    case: Case
    years: tuple[OperationYear, ...]
    added: tuple[str, ...] | None = None  # batteries whose worth this is, the others stand; None: of all

    @property
    def storage(self) -> dict[str, Battery]:
        """The batteries whose worth this is."""
        found = batteries(self.case)
        return found if self.added is None else {name: found[name] for name in self.added}

    @property
    def largest_gap(self) -> float:
        """The largest gap of a year that was dispatched."""
        return max(year.gap for year in self.years if year.dispatched)

    @property
    def largest_difference_yuan(self) -> float:
        """The most that a year's streams and bills differ by."""
        return max(abs(year.difference_yuan) for year in self.years)

    def operation(self, extra: Mapping[str, Array] = NOTHING) -> Operation:
        """What the cash flow is given; `extra` adds streams [yuan, VAT included], each (years,).

        Raises ValueError if a stream of that name comes of the dispatch.
        """
        earned = {name: np.array([year.saved_yuan[name] for year in self.years]) for name in STREAMS}
        earned |= {
            name: np.array([year.contract_yuan[name] for year in self.years])
            for name in self.years[0].contract_yuan
        }
        if taken := set(extra) & set(earned):
            raise ValueError(f"the dispatch has a stream of that name: {', '.join(sorted(taken))}")
        return Operation(
            revenue_yuan=earned | dict(extra),
            discharged_mwh=np.array([year.discharged_mwh for year in self.years]),
            auxiliary_yuan=np.array([year.auxiliary_yuan for year in self.years]),
            power_mw=sum(battery.largest_power_mw for battery in self.storage.values()),
        )


def batteries(case: Case) -> dict[str, Battery]:
    """The batteries of a case by name."""
    return {name: device for name, device in case.devices.items() if isinstance(device, Battery)}


def all_cells(case: Case, year: OperationYear) -> tuple[float, float]:
    """State of health and full cycles of all batteries together, by rated energy."""
    owned = batteries(case)
    return _together(owned, year.state_of_health, 1.0), _together(owned, year.full_cycles, 0.0)


def mean_health(owned: Mapping[str, Battery]) -> float:
    """State of health of several batteries together: energy they take over that of new ones [-]."""
    return _together(owned, {name: battery.state_of_health for name, battery in owned.items()}, 1.0)


def _together(owned: Mapping[str, Battery], shares: Mapping[str, float], of_none: float) -> float:
    """The mean by rated energy of what each battery has; `of_none` where there is no energy to go by."""
    rated_mwh = {name: largest_capacity(battery.energy_mwh) for name, battery in owned.items()}
    whole_mwh = sum(rated_mwh.values())
    return (
        sum(mwh * shares[name] for name, mwh in rated_mwh.items()) / whole_mwh if whole_mwh > 0 else of_none
    )


def year_of(
    year: int,
    case: Case,
    solution: xr.Dataset,
    without: xr.Dataset,
    events: Sequence[EventAnswer] = (),
    response_cost_yuan: float = 0.0,
    beside: Case | None = None,
) -> OperationYear:
    """A dispatched year: the case as aged as it was then, its solution, and that without the storage.

    `beside` is the case of the solution without; where it keeps batteries, only the others are what is added,
    and all but states of health and cycles is theirs alone. `events` are the calls for demand response as the
    solution answers them, `response_cost_yuan` what that adds to the bill. Raises SolverError if what the
    streams save is not what the bills differ by.
    """
    beside = beside or case.without_storage()
    hours, every = float(solution.attrs["hours"]), batteries(case)
    owned = {name: battery for name, battery in every.items() if name not in beside.devices}

    def energy_mwh(suffix: str, of: xr.Dataset, names: list[str] | None = None) -> float:
        found = [f"{name}.{suffix}" for name in names or case.devices if f"{name}.{suffix}" in of]
        return sum(float(of[name].sum()) for name in found) * hours

    with_it, without_it = _Paid.of(solution, case), _Paid.of(without, beside)
    auxiliary_mw = {
        n: battery.auxiliary_share * largest_capacity(battery.power_mw) for n, battery in owned.items()
    }
    auxiliary_yuan = sum(
        mw * hours * float(_price_yuan_per_mwh(solution, case, owned[name].bus).sum())
        for name, mw in auxiliary_mw.items()
    )
    made = OperationYear(
        year=year,
        state_of_health={name: battery.state_of_health for name, battery in every.items()},
        full_cycles={
            name: battery.indicators(seen(solution, name))["full_cycles"] for name, battery in every.items()
        },
        saved_yuan={
            ARBITRAGE: without_it.energy_yuan - with_it.energy_yuan + auxiliary_yuan,
            DEMAND: without_it.basic_yuan - with_it.basic_yuan,
        },
        charged_mwh=energy_mwh("charge_mw", solution, list(owned)),
        discharged_mwh=energy_mwh("discharge_mw", solution, list(owned)),
        auxiliary_mwh=sum(auxiliary_mw.values()) * hours * len(solution["time"]),
        auxiliary_yuan=auxiliary_yuan,
        bill_yuan=with_it.bill_yuan,
        bill_without_yuan=without_it.bill_yuan,
        curtailed_mwh=energy_mwh("curtailed_mw", solution),
        curtailed_without_mwh=energy_mwh("curtailed_mw", without),
        gap=max(float(solution.attrs["gap"]), float(without.attrs["gap"])),
        dispatched=True,
    )
    _reconcile(made)
    facts = YearFacts(
        health=mean_health(owned),
        curtailed_mwh=made.curtailed_mwh,
        curtailed_without_mwh=made.curtailed_without_mwh,
        settled=[event.settled for event in events],
    )
    return replace(
        made,
        contract_yuan=contract_revenue_yuan(case.contracts, facts),
        events=tuple(events),
        response_cost_yuan=response_cost_yuan,
    )


def _reconcile(made: OperationYear) -> None:
    """Hold what the streams save against what the bills differ by."""
    billed = made.bill_without_yuan - made.bill_yuan
    turnover = abs(made.bill_yuan) + abs(made.bill_without_yuan)
    allowed = max(AGREEMENT * abs(billed), MONEY_TOLERANCE * max(1.0, turnover))
    if not abs(made.difference_yuan) <= allowed:
        raise SolverError(
            f"year {made.year} of operation: the streams save {made.net_saving_yuan:.6f} yuan,"
            f" the bills differ by {billed:.6f}"
        )


@dataclass(frozen=True)
class _Paid:
    """What a dispatch costs its connections: as billed in all, and by another way in parts [yuan]."""

    bill_yuan: float  # line by line, from the meter and the tariff; where there is none, the named costs
    energy_yuan: float  # price x power in each interval, sales deducted
    basic_yuan: float  # for demand or capacity

    @classmethod
    def of(cls, solution: xr.Dataset, case: Case) -> "_Paid":
        made = bills(solution, case)
        grids = [name for name, device in case.devices.items() if isinstance(device, Grid)]
        return cls(
            bill_yuan=sum(
                made[name].total_yuan if name in made else _named(solution, name) for name in grids
            ),
            energy_yuan=sum(_energy_yuan(solution, name) for name in grids),
            basic_yuan=sum(_basic_yuan(solution, name, made.get(name)) for name in grids),
        )


def _named(solution: xr.Dataset, grid: str, dims: tuple[str, ...] | None = None) -> float:
    """Named costs of a connection whose prices the user gave as series, of which there is no bill."""
    costs = [solution[name] for name in of_kind(solution, "cost", grid)]
    return sum(float(cost.sum()) for cost in costs if dims is None or cost.dims == dims)


def _energy_yuan(solution: xr.Dataset, grid: str) -> float:
    part = {
        key: values(solution, f"{grid}.{key}")
        for key in ("purchase_price_yuan_per_mwh", "import_mw", "sale_price_yuan_per_mwh", "export_mw")
    }
    bought = part["purchase_price_yuan_per_mwh"] @ part["import_mw"]
    sold = part["sale_price_yuan_per_mwh"] @ part["export_mw"]
    return float(bought - sold) * float(solution.attrs["hours"])


def _basic_yuan(solution: xr.Dataset, grid: str, billed: Bill | None) -> float:
    return _named(solution, grid, ("month",)) if billed is None else billed.basic_yuan


def _price_yuan_per_mwh(solution: xr.Dataset, case: Case, bus: str) -> Array:
    """Price of a megawatt-hour more on a bus, its cheapest connection's; zero where there is none."""
    prices = [
        values(solution, f"{name}.purchase_price_yuan_per_mwh")
        for name, device in case.devices.items()
        if isinstance(device, Grid) and device.bus == bus
    ]
    return np.min(prices, axis=0) if prices else np.zeros(len(solution["time"]))


def cycles_expected(dispatched: Sequence[OperationYear], name: str, health: float) -> float:
    """Full cycles of a battery in a year not dispatched, by its state of health.

    Along the straight line through the last two years that were. An aged battery turns over less, but no less
    than in proportion to its energy: what lies beyond is not believed. With one such year, in proportion.
    """
    known = [(year.state_of_health[name], year.full_cycles[name]) for year in dispatched[-2:]]
    before, last = (known[0] if len(known) > 1 else (0.0, 0.0)), known[-1]
    slope = (last[1] - before[1]) / (last[0] - before[0]) if last[0] != before[0] else 0.0
    least = last[1] * health / last[0]
    return min(max(last[1] + slope * (health - last[0]), least), last[1])


def interpolated_year(
    before: OperationYear, after: OperationYear, year: int, health: Mapping[str, float]
) -> OperationYear:
    """A year that was not dispatched: on the straight line between two that were, but for its health."""
    share = (year - before.year) / (after.year - before.year)

    def line(one: float, other: float) -> float:
        return (1.0 - share) * one + share * other

    def lines(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
        return {name: line(one[name], other[name]) for name in one}

    straight = (
        "charged_mwh", "discharged_mwh", "auxiliary_mwh", "auxiliary_yuan", "bill_yuan", "bill_without_yuan",
        "curtailed_mwh", "curtailed_without_mwh", "response_cost_yuan",
    )  # fmt: skip
    return OperationYear(
        year=year,
        state_of_health=dict(health),
        full_cycles=lines(before.full_cycles, after.full_cycles),
        saved_yuan=lines(before.saved_yuan, after.saved_yuan),
        contract_yuan=lines(before.contract_yuan, after.contract_yuan),
        gap=max(before.gap, after.gap),
        dispatched=False,
        events=(),
        **{name: line(getattr(before, name), getattr(after, name)) for name in straight},
    )
