"""Contract revenue of storage besides arbitrage: demand response, and absorption of surplus PV.

Declarations only. Each contract has one of two kinds: `stated`, energy and price as a study states them, or
`metered`, settled from a dispatch. `results/billing/demand_response.py` chooses and settles events,
`results/billing/contract_revenue.py` computes the yearly revenue. Prices include VAT.
"""

from collections import Counter
from datetime import date
from itertools import islice
from typing import Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, field_validator, model_validator

from parkdispatch.models.calendar.quarter_hours import QUARTERS_PER_DAY, QUARTERS_PER_HOUR
from parkdispatch.models.calendar.working_days import arranged_years
from parkdispatch.models.declaration import ASSUMED, GIVEN, NO_UNIT, Declaration, declared
from parkdispatch.models.device import Fraction
from parkdispatch.models.limits import Energy, PositivePower, UnitCost, YearlyEnergy
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import Month, Period, listed
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH

PILOT_PLAN = "published carbon-peak pilot plan, as far as its revenue can be taken apart (computed)"
COAL_BENCHMARK = "coal benchmark of Jiangxi, 0.4143 yuan/kWh"
SATURDAY = 5  # of `date.weekday`
MAX_PRICE_YUAN_PER_KWH = 100.0  # a higher price is most likely in yuan/MWh
PRICES = ("price_yuan_per_kwh", "price_yuan_per_kw_year", "capacity_price_yuan_per_kw_month")  # of contracts

Price = Annotated[float, Field(ge=0, le=MAX_PRICE_YUAN_PER_KWH)]
Events = Annotated[int, Field(ge=0, le=366)]


class StatedResponse(Declaration):
    """Demand response as stated by a study: events x energy x price."""

    kind: Literal["stated"] = declared(NO_UNIT, "Energy and price as stated", GIVEN)
    events_per_year: Events = declared("1/year", "Events responded to", PILOT_PLAN, 60)
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Price of the energy of an event", PILOT_PLAN, 4.0)
    energy_mwh_per_event: Energy = declared(
        "MWh", "Energy of the new storage that is paid for in each event", GIVEN
    )
    fades: bool = declared(NO_UNIT, "Whether that energy falls with the state of health", ASSUMED, False)

    def yuan(self, health: float) -> float:
        """Revenue of a year in which the storage has this state of health [-], VAT included [yuan]."""
        share = health if self.fades else 1.0
        return (
            self.events_per_year * self.price_yuan_per_kwh * KWH_PER_MWH * self.energy_mwh_per_event * share
        )


class MeteredResponse(Declaration):
    """Demand response settled from meters: baseline less import, paid within limits around the bid.

    No price and no rule of Jiangxi was found: every default is an assumption.
    """

    kind: Literal["metered"] = declared(NO_UNIT, "Settled from the dispatch", GIVEN)
    notice: Literal["day_ahead"] = declared(
        NO_UNIT, "When an event is known; day_ahead: before the day is planned", ASSUMED,
        "day_ahead",
    )  # fmt: skip
    events_per_year: Events = declared("1/year", "Events called, at most one a day", PILOT_PLAN, 60)
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Price of the response", PILOT_PLAN, 4.0)
    hours: Annotated[float, Field(gt=0, le=24)] = declared(
        "h", "Length of an event, whole quarter-hours; 1 to 2 usual", ASSUMED, 2.0
    )
    months: Annotated[tuple[Month, ...], Field(min_length=1)] = declared(
        NO_UNIT, "Months in which events are called; 1 is January", ASSUMED, (7, 8, 12, 1)
    )
    periods: Annotated[tuple[Period, ...], Field(min_length=1)] = declared(
        NO_UNIT, "Time-of-use periods that contain each event entirely", ASSUMED, ("sharp", "peak")
    )
    events_per_week: Annotated[int, Field(ge=1, le=7)] = declared(
        "1/week", "Most events in a week from Monday to Sunday", ASSUMED, 3
    )
    days_between_events: Annotated[int, Field(ge=1, le=30)] = declared(
        "days", "Least distance of two events; 1: on consecutive days", ASSUMED, 1
    )
    baseline_days: Annotated[int, Field(ge=1, le=30)] = declared(
        "days", "Working days without an event, whose mean import at a quarter-hour is its baseline",
        ASSUMED, 5,
    )  # fmt: skip
    baseline_of_days: Annotated[int, Field(ge=1, le=60)] | None = declared(
        "days", "Last working days without an event that those are chosen from; left out: no more than those",
        ASSUMED, None,
    )  # fmt: skip
    baseline_pick: Literal["highest", "middle"] = declared(
        NO_UNIT, "Which of them are used: those of highest import in the event, or those in between",
        "New York ISO, customer baseline load: the highest five of ten (from memory)", "highest",
    )  # fmt: skip
    baseline_max_age_days: Annotated[int, Field(ge=1, le=366)] = declared(
        "days", "Oldest day of a baseline, in calendar days before the event",
        "New York ISO: thirty days (from memory)", 30,
    )  # fmt: skip
    same_day_adjustment: bool = declared(
        NO_UNIT, "Whether the baseline is scaled by the import from four to two hours before the event",
        ASSUMED, False,
    )  # fmt: skip
    same_day_limit: Fraction = declared(
        "-", "Largest change of a baseline by the same-day adjustment",
        "New York ISO: 20 per cent (from memory)", 0.2,
    )  # fmt: skip
    capacity_price_yuan_per_kw_month: Price = declared(
        "yuan/kW in a month", "Price of the mean paid response of each month with events",
        ASSUMED, 0.0,
    )  # fmt: skip
    baselines: Literal["lowest", "highest"] = declared(
        NO_UNIT, "Which of several dispatches of equal cost is taken: of lowest or highest baselines",
        ASSUMED, "lowest",
    )  # fmt: skip
    bid_mw: PositivePower | None = declared(
        "MW", "Response bid for each event; left out: exactly what is delivered, as with perfect foresight",
        ASSUMED, None,
    )  # fmt: skip
    paid_from: Fraction = declared(
        "- of the bid", "Least response that is paid; less is not paid at all", ASSUMED, 0.8
    )
    paid_to: Annotated[float, Field(ge=1, le=10)] = declared(
        "- of the bid", "Largest response that is paid; what exceeds it is not", ASSUMED, 1.2
    )

    @field_validator("hours")
    @classmethod
    def _quarters(cls, hours: float) -> float:
        if not (hours * QUARTERS_PER_HOUR).is_integer():
            raise ValueError("must consist of whole quarter-hours, such as 1.5 or 1.75")
        return hours

    @field_validator("months", "periods")
    @classmethod
    def _once(cls, names: tuple[int | str, ...]) -> tuple[int | str, ...]:
        repeated = sorted(str(name) for name, count in Counter(names).items() if count > 1)
        if repeated:
            raise ValueError(f"must name each once; twice: {listed(repeated)}")
        return names

    @model_validator(mode="after")
    def _enough_days(self) -> Self:
        if self.baseline_of_days is not None and self.baseline_of_days < self.baseline_days:
            raise ValueError(
                f"baseline_of_days = {self.baseline_of_days}: must be at least baseline_days ="
                f" {self.baseline_days}"
            )
        return self

    @property
    def candidates(self) -> int:
        """Number of the last working days without an event that baseline days are chosen from."""
        return self.baseline_of_days or self.baseline_days

    @property
    def quarters(self) -> int:
        """Number of quarter-hours of an event."""
        return round(self.hours * QUARTERS_PER_HOUR)

    def problems(
        self, minutes: int | None, year: int | None, grids: int | None, tariff: Tariff | None
    ) -> list[str]:
        """Conflicts with the case's interval, year, grid connections or tariff; None: not known."""
        problems, path = [], "`contract.demand_response"
        if minutes is not None and (60 * self.hours) % minutes:
            problems.append(
                f"{path}.hours` = {self.hours:.15g}: must consist of whole intervals of {minutes} minutes"
            )
        if grids is not None and grids != 1:
            problems.append(
                f"{path}.kind` = 'metered': the case has {grids} grid connections, must have one, whose meter"
                " settles"
            )
        if tariff is not None and (
            not set(self.periods) & set(tariff.ratios) or not set(self.periods) <= set(tariff.periods)
        ):
            problems.append(
                f"{path}.periods` = {listed(self.periods)}: must be periods of tariff {tariff.name}:"
                f" {listed(tariff.ratios)}"
            )
        elif tariff is not None and year is not None:
            longest = self._longest_hours(year, tariff)
            if longest is not None and longest < self.hours:
                problems.append(
                    f"{path}.hours` = {self.hours:.15g}: must be at most {longest:.15g}, because no more"
                    f" hours on end are {' or '.join(self.periods)} in month {listed(self.months)} of tariff"
                    f" {tariff.name}"
                )
        return problems

    def _longest_hours(self, year: int, tariff: Tariff) -> float | None:
        """Longest continuous span of the periods on ordinary days of the months [h]; None without a price."""
        ordinary: list[date] = []
        for month in self.months:
            days = pd.date_range(date(year, month, 1), periods=28, freq="D").date
            weekdays = (day for day in days if day.weekday() < SATURDAY)
            priced = (day for day in weekdays if not (tariff.unpriced(day, day) or tariff.holiday_on(day)))
            ordinary += islice(priced, 1)
        if not ordinary:
            return None
        quarters = pd.timedelta_range(0, periods=QUARTERS_PER_DAY, freq="15min")
        starts = np.add.outer(pd.DatetimeIndex(ordinary).to_numpy(), quarters.to_numpy())
        names = tariff.period(pd.DatetimeIndex(starts.ravel())).reshape(starts.shape)
        inside = ("".join("x" if name in self.periods else " " for name in day) for day in names)
        return max(len(span) for day in inside for span in (*day.split(), "")) / QUARTERS_PER_HOUR


class StatedAbsorption(Declaration):
    """Absorption of surplus PV as stated by a study: energy x price."""

    kind: Literal["stated"] = declared(NO_UNIT, "Energy and price as stated", GIVEN)
    energy_mwh_per_year: YearlyEnergy = declared("MWh a year", "PV energy stored instead of curtailed", GIVEN)
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Price of that energy", COAL_BENCHMARK, 0.4143)

    def yuan(self) -> float:
        """Revenue of a year, VAT included [yuan]."""
        return self.energy_mwh_per_year * KWH_PER_MWH * self.price_yuan_per_kwh


class MeteredAbsorption(Declaration):
    """Absorption of surplus PV from dispatches: curtailment avoided by the storage, at a price.

    The stored energy also saves purchases later; that saving is part of arbitrage, not of this contract.
    """

    kind: Literal["metered"] = declared(NO_UNIT, "Settled from the dispatch", GIVEN)
    price_yuan_per_kwh: Price = declared(
        "yuan/kWh", "Price paid in addition to the purchases saved", COAL_BENCHMARK, 0.4143
    )


class CapacityPayment(Declaration):
    """A yearly payment for the capacity of the storage: a lease by renewable plants, or a capacity price."""

    price_yuan_per_kw_year: UnitCost = declared("yuan/kW a year", "Price of a kilowatt for a year", GIVEN)
    share: Fraction = declared("-", "Share of the power of the storage that is paid for", ASSUMED, 1.0)
    availability: Fraction = declared("-", "Share of the year for which it is paid", ASSUMED, 1.0)
    fades: bool = declared(NO_UNIT, "Whether it falls with the state of health", ASSUMED, False)
    source: str = declared(NO_UNIT, "Notice and date that the price is from", default="")

    def yuan(self, power_mw: float, health: float) -> float:
        """Revenue of a year of a storage of this power and state of health, VAT included [yuan]."""
        share = self.share * self.availability * (health if self.fades else 1.0)
        return share * power_mw * KW_PER_MW * self.price_yuan_per_kw_year


class Contracts(Declaration):
    """Contracts of the storage; those left out have no revenue."""

    demand_response: Annotated[StatedResponse | MeteredResponse, Field(discriminator="kind")] | None = (
        declared(NO_UNIT, "Contract for demand response; left out: none", default=None)
    )
    absorption: Annotated[StatedAbsorption | MeteredAbsorption, Field(discriminator="kind")] | None = (
        declared(NO_UNIT, "Contract for the absorption of surplus PV; left out: none", default=None)
    )
    capacity_lease: CapacityPayment | None = declared(
        NO_UNIT, "Lease of capacity to renewable plants; left out: none", default=None
    )
    capacity_price: CapacityPayment | None = declared(
        NO_UNIT, "Capacity price of new storage; left out: none", default=None
    )

    @property
    def none(self) -> bool:
        """Whether there is no contract."""
        return all(getattr(self, contract) is None for contract in type(self).model_fields)

    def times(self, factor: float) -> "Contracts":
        """The same contracts at prices times a factor."""
        changed = {}
        for contract in type(self).model_fields:
            if (terms := getattr(self, contract)) is not None:
                prices = {
                    name: getattr(terms, name) * factor for name in PRICES if name in type(terms).model_fields
                }
                changed[contract] = terms.model_copy(update=prices)
        return self.model_copy(update=changed)

    def warnings(self, storage_mw: float, year: int | None = None) -> list[str]:
        """A sentence for each value given without effect, and for working days that are not known.

        `storage_mw` is the power of all storage [MW], `year` that of the case.
        """
        warnings = []
        response, path = self.demand_response, "`contract.demand_response"
        if response is not None and response.events_per_year == 0:
            warnings.append(f"{path}.events_per_year` = 0: without an event nothing else in it matters")
        if isinstance(response, MeteredResponse):
            if response.bid_mw is not None and response.paid_from * response.bid_mw > storage_mw:
                warnings.append(
                    f"{path}.bid_mw` = {response.bid_mw:.15g}: is never paid, because the storage has"
                    f" {storage_mw:.15g} MW, less than {response.paid_from:.15g} of the bid"
                )
            if response.bid_mw is None:
                warnings += [
                    f"{path}.{name}` = {getattr(response, name):.15g}: cannot matter, because without"
                    " `bid_mw` the bid is what is delivered"
                    for name in ("paid_from", "paid_to")
                    if name in response.model_fields_set
                ]
            if not response.same_day_adjustment and "same_day_limit" in response.model_fields_set:
                warnings.append(
                    f"{path}.same_day_limit` = {response.same_day_limit:.15g}: cannot matter, because"
                    " `same_day_adjustment` is false"
                )
            if response.baseline_of_days is None and "baseline_pick" in response.model_fields_set:
                warnings.append(
                    f"{path}.baseline_pick` = '{response.baseline_pick}': cannot matter, because without"
                    " `baseline_of_days` there is nothing to choose from"
                )
            if year is not None and year not in (known := arranged_years()):
                warnings.append(
                    f"{path}`: weekends worked for public holidays are known from {known[0]} to {known[-1]},"
                    f" not of {year}; its working days are Monday to Friday except public holidays"
                )
        return warnings
