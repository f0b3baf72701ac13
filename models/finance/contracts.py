"""What a storage earns by contract beside its arbitrage: demand response, and PV that would be curtailed.

Declarations only. Each comes in two ways, told by `kind`: `stated`, energy and price as a study writes them
down, or `metered`, settled from a dispatch. `results/billing/demand_response.py` chooses events and
settles them, `results/billing/contract_revenue.py` makes the yearly revenue. Prices have VAT in them.
"""

from collections import Counter
from datetime import date
from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, field_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN, declared
from parkdispatch.models.device import Fraction, NonNegative, Positive
from parkdispatch.models.quarter_hours import QUARTERS_PER_DAY
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import Declaration, Month, Period, listed
from parkdispatch.models.units import KWH_PER_MWH

PLAN = "published carbon-peak pilot plan, as far as its revenue can be taken apart (computed)"
COAL = "coal benchmark of Jiangxi, 0.4143 yuan/kWh"
QUARTERS_PER_HOUR = 4
DEAREST_YUAN_PER_KWH = 100.0  # a price beyond is most likely one of yuan/MWh

Price = Annotated[float, Field(ge=0, le=DEAREST_YUAN_PER_KWH)]
Events = Annotated[int, Field(ge=0, le=366)]


class StatedResponse(Declaration):
    """Demand response as a study states it: events x energy x price."""

    kind: Literal["stated"]
    events_per_year: Events = declared("a year", "Events that are answered", PLAN, 60)
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Paid for the energy of an event", PLAN, 4.0)
    energy_mwh_per_event: NonNegative = declared("MWh", "Paid in each event, of the new storage", GIVEN)
    fades: bool = declared(
        "true or false", "Whether that energy shrinks with the state of health", ASSUMED, False
    )

    def yuan(self, health: float) -> float:
        """Revenue of a year whose storage has that state of health [-], VAT included [yuan]."""
        share = health if self.fades else 1.0
        return (
            self.events_per_year * self.price_yuan_per_kwh * KWH_PER_MWH * self.energy_mwh_per_event * share
        )


class MeteredResponse(Declaration):
    """Demand response settled as a utility would: baseline less import, paid near the bid.

    No price and no rule of Jiangxi was found: every default is an assumption.
    """

    kind: Literal["metered"]
    notice: Literal["day_ahead"] = declared(
        "", "An event is known when the day before is over, so the day is planned with it", ASSUMED,
        "day_ahead",
    )  # fmt: skip
    events_per_year: Events = declared("a year", "Events called, at most one a day", PLAN, 60)
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Paid for the response", PLAN, 4.0)
    hours: Annotated[float, Field(gt=0, le=24)] = declared(
        "h", "Length of an event, whole quarter-hours; 1 to 2 usual", ASSUMED, 2.0
    )
    months: Annotated[tuple[Month, ...], Field(min_length=1)] = declared(
        "", "In which events are called; 1 is January", ASSUMED, (7, 8, 12, 1)
    )
    periods: Annotated[tuple[Period, ...], Field(min_length=1)] = declared(
        "", "Periods of the tariff inside which an event lies whole", ASSUMED, ("sharp", "peak")
    )
    baseline_days: Annotated[int, Field(ge=1, le=30)] = declared(
        "days", "Last working days without an event whose mean at the same quarter-hours is the baseline",
        ASSUMED, 5,
    )  # fmt: skip
    baselines: Literal["lowest", "highest"] = declared(
        "", "Which of dispatches that cost the same are lived: those with the lowest or highest baselines",
        ASSUMED, "lowest",
    )  # fmt: skip
    bid_mw: Positive | None = declared(
        "MW", "Response offered for each event; left out: just what is then delivered, known beforehand",
        ASSUMED, None,
    )  # fmt: skip
    paid_from: Fraction = declared("- of the bid", "Less response than this is not paid at all", ASSUMED, 0.8)
    paid_to: Annotated[float, Field(ge=1, le=10)] = declared(
        "- of the bid", "Response beyond this is not paid", ASSUMED, 1.2
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
        twice = sorted(str(name) for name, count in Counter(names).items() if count > 1)
        if twice:
            raise ValueError(f"must name each once; twice: {listed(twice)}")
        return names

    @property
    def quarters(self) -> int:
        """Quarter-hours of an event."""
        return round(self.hours * QUARTERS_PER_HOUR)

    def problems(
        self, minutes: int | None, year: int | None, grids: int | None, tariff: Tariff | None
    ) -> list[str]:
        """What does not fit the case's step and year, its connections or its tariff; None: not known."""
        found, at = [], "`contract.demand_response"
        if minutes is not None and (60 * self.hours) % minutes:
            found.append(
                f"{at}.hours` = {self.hours:g}: must consist of whole intervals of {minutes} minutes"
            )
        if grids is not None and grids != 1:
            found.append(
                f"{at}.kind` = 'metered': the case has {grids} grid connections, must have one, whose meter"
                " settles"
            )
        if tariff is not None and not set(self.periods) & set(tariff.ratios):
            found.append(
                f"{at}.periods` = {listed(self.periods)}: must be periods of tariff {tariff.name}:"
                f" {listed(tariff.ratios)}"
            )
        elif tariff is not None and year is not None:
            longest = self._longest_hours(year, tariff)
            if longest is not None and longest < self.hours:
                found.append(
                    f"{at}.hours` = {self.hours:g}: must be at most {longest:g}, because no more hours on end"
                    f" are {' or '.join(self.periods)} in month {listed(self.months)} of tariff {tariff.name}"
                )
        return found

    def _longest_hours(self, year: int, tariff: Tariff) -> float | None:
        """Longest stretch of the periods on ordinary days of the months [h]; None where none is priced."""
        longest = []
        for month in self.months:
            days = pd.date_range(date(year, month, 1), periods=28, freq="D").date
            usual = (day for day in days if not (tariff.unpriced(day, day) or tariff.holiday_on(day)))
            if (day := next(usual, None)) is not None:
                names = tariff.period(pd.date_range(day, periods=QUARTERS_PER_DAY, freq="15min"))
                inside = "".join("x" if name in self.periods else " " for name in names)
                longest.append(max(map(len, inside.split()), default=0) / QUARTERS_PER_HOUR)
        return max(longest, default=None)


class StatedAbsorption(Declaration):
    """Storing PV that would be curtailed, as a study states it: energy x price."""

    kind: Literal["stated"]
    energy_mwh_per_year: NonNegative = declared("MWh a year", "Stored instead of curtailed", GIVEN)
    price_yuan_per_kwh: Price = declared("yuan/kWh", "What it is worth", COAL, 0.4143)

    def yuan(self) -> float:
        """Revenue of a year, VAT included [yuan]."""
        return self.energy_mwh_per_year * KWH_PER_MWH * self.price_yuan_per_kwh


class MeteredAbsorption(Declaration):
    """What the dispatch curtails without the storage less what it curtails with it, at a price.

    The energy so stored is used later and saves its purchase too; that is in the arbitrage, not here.
    """

    kind: Literal["metered"]
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Paid on top of what its use saves", COAL, 0.4143)


class Contracts(Declaration):
    """Income by contract; what is left out earns nothing."""

    demand_response: Annotated[StatedResponse | MeteredResponse, Field(discriminator="kind")] | None = None
    absorption: Annotated[StatedAbsorption | MeteredAbsorption, Field(discriminator="kind")] | None = None

    @property
    def none(self) -> bool:
        """Whether nothing is earned by contract."""
        return self.demand_response is None and self.absorption is None

    def warnings(self, storage_mw: float) -> list[str]:
        """What was given but cannot matter, one sentence each; `storage_mw` is the power of all storage."""
        found = []
        response, at = self.demand_response, "`contract.demand_response"
        if response is not None and response.events_per_year == 0:
            found.append(f"{at}.events_per_year` = 0: without an event nothing else in it matters")
        if isinstance(response, MeteredResponse):
            if response.bid_mw is not None and response.paid_from * response.bid_mw > storage_mw:
                found.append(
                    f"{at}.bid_mw` = {response.bid_mw:g}: is never paid, because the storage has"
                    f" {storage_mw:g} MW, less than {response.paid_from:g} of the bid"
                )
            if response.bid_mw is None:
                found += [
                    f"{at}.{name}` = {getattr(response, name):g}: cannot matter, because without `bid_mw` the"
                    " bid is what is delivered"
                    for name in ("paid_from", "paid_to")
                    if name in response.model_fields_set
                ]
        return found
