"""Sizing of one more battery: bounds, prices, offers, yearly trends and uncertainties. Declarations only.

The increment is one battery of the case whose size is sought; all other devices are unchanged. A choice is a
size at a price, and one choice is always to build nothing. Money is in yuan, VAT included.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN, Declaration, declared
from parkdispatch.models.device import Array, Fraction
from parkdispatch.models.finance.correlation import Correlation, correlation_problems
from parkdispatch.models.finance.finance_terms import YearlyChange
from parkdispatch.models.finance.range_source import (
    RangeEnd,
    RangeSource,
    RangeSources,
    complete_sources,
    declared_source,
)
from parkdispatch.models.finance.waiting import Waiting
from parkdispatch.models.finance.yearly_changes import YearFactors
from parkdispatch.models.limits import (
    Factor,
    Money,
    Number,
    PositiveEnergy,
    PositiveFactor,
    PositiveMoney,
    PositiveNumber,
    PositivePower,
    Power,
    Seed,
    UnitCost,
)
from parkdispatch.models.tariff.tariff_tables import Name
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH, WH_PER_MWH

MAX_STEPS = 101  # grid points along one axis of a surface; more are most likely a mistake
RANGE_ENDS: tuple[RangeEnd, ...] = ("low", "high", "mode", "mean", "std", "values", "weights")
STEP_TOLERANCE = 1e-9  # [-] of a step, within which the last grid point equals the end of the range


class GridRange(Declaration):
    """A range and the step of its grid points; both ends are grid points."""

    min: Power = declared("MW or h", "Lower end of the range", GIVEN)
    max: PositivePower = declared("MW or h", "Upper end of the range", GIVEN)
    step: PositivePower = declared("MW or h", "Distance of grid points; the last may be shorter", GIVEN)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min = {self.min:.15g} must be below max = {self.max:.15g}")
        if (self.max - self.min) / self.step > MAX_STEPS - 1:
            raise ValueError(
                f"step = {self.step:.15g}: makes more than {MAX_STEPS} of {self.min:.15g} to {self.max:.15g},"
                f" must be at least {(self.max - self.min) / (MAX_STEPS - 1):.15g}"
            )
        return self

    @property
    def values(self) -> Array:
        """Grid points in ascending order; the last step may be shorter."""
        count = int(np.floor((self.max - self.min) / self.step + STEP_TOLERANCE))
        grid: Array = self.min + self.step * np.arange(count + 1, dtype=np.float64)
        return grid if self.max - grid[-1] <= STEP_TOLERANCE * self.step else np.append(grid, self.max)


class Price(Declaration):
    """Turn-key price of a battery by power and energy."""

    yuan_per_kwh: UnitCost = declared("yuan/kWh", "Of rated energy: cells, racks, containers", GIVEN)
    yuan_per_kw: UnitCost = declared("yuan/kW", "Of rated power: converters, transformer, bay", ASSUMED, 0.0)
    fixed_yuan: Money = declared(
        "yuan", "Fixed cost, independent of the size, if anything is built", ASSUMED, 0.0
    )

    def investment_yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Investment in a battery of this size; zero if nothing is built [yuan]."""
        if power_mw <= 0 or energy_mwh <= 0:
            return 0.0
        size_dependent = (
            self.yuan_per_kwh * KWH_PER_MWH * energy_mwh + self.yuan_per_kw * KW_PER_MW * power_mw
        )
        return self.fixed_yuan + size_dependent


class PresentPrice(Declaration):
    """A dated price that batteries are bought at now, beside the prices of the case."""

    yuan_per_wh: Annotated[float, Field(gt=0, le=1000)] = declared(
        "yuan/Wh", "Price per rated energy, turn-key, VAT included", GIVEN
    )
    date: Annotated[str, Field(pattern=r"^\d{4}(-\d{2}){0,2}$")] = declared(
        "-", "When it was paid: a year, month or day, such as 2025-11", GIVEN
    )
    source: Annotated[str, Field(min_length=1)] = declared("-", "Where the price is from", GIVEN)
    source_zh: str = declared("-", "The same in Chinese; left out: `source`", default="")


class Offer(Declaration):
    """A battery that is offered for sale, whole or in any number of equal modules up to the whole."""

    name: Name = declared("-", "Name of the offer", GIVEN)
    name_zh: str = declared("-", "Name in Chinese; left out: `name`", default="")
    power_mw: PositivePower = declared("MW", "Rated power of the whole offer", GIVEN)
    energy_mwh: PositiveEnergy = declared("MWh", "Rated energy of the whole offer", GIVEN)
    investment_yuan: PositiveMoney | None = declared(
        "yuan", "Price of the whole offer; either this or `yuan_per_wh` must be given", default=None
    )
    yuan_per_wh: Annotated[float, Field(gt=0, le=1000)] | None = declared(
        "yuan/Wh", "Price per rated energy; either this or `investment_yuan` must be given", default=None
    )
    modules: Annotated[int, Field(ge=1, le=1000)] = declared(
        "-", "Number of equal modules the offer consists of; 1: only the whole can be bought", ASSUMED, 1
    )
    source: str = declared("-", "Where the offer is from", default=ASSUMED)

    @model_validator(mode="after")
    def _priced(self) -> Self:
        if self.investment_yuan is None and self.yuan_per_wh is None:
            raise ValueError(
                "investment_yuan, yuan_per_wh: must be one of them, because an offer has a price"
            )
        if self.investment_yuan is not None and self.yuan_per_wh is not None:
            raise ValueError("investment_yuan and yuan_per_wh: must be one of them, not both")
        return self

    @property
    def price_yuan(self) -> float:
        """Price of the whole offer [yuan]."""
        if self.investment_yuan is not None:
            return self.investment_yuan
        return (self.yuan_per_wh or 0.0) * WH_PER_MWH * self.energy_mwh


class YearlyChanges(Declaration):
    """Yearly relative change of prices and load from the year of the case on; 0: no change.

    Those of purchased energy, spread and load come on top of the case's `yearly_changes`.
    """

    battery_price: YearlyChange = declared(
        "1/year", "Yearly change of the price of the increment", ASSUMED, 0.0
    )
    battery_fade: YearlyChange = declared(
        "1/year", "Yearly change of the capacity fade of newly bought cells", ASSUMED, 0.0
    )
    purchase_price: YearlyChange = declared(
        "1/year", "Yearly change of the price of purchased energy in the flat period", ASSUMED, 0.0
    )
    spread: YearlyChange = declared(
        "1/year", "Yearly change of each period's price difference from the flat period", ASSUMED, 0.0
    )
    load: YearlyChange = declared("1/year", "Yearly change of the park's energy", ASSUMED, 0.0)

    def factors(self, years: int) -> YearFactors:
        """Prices and load after so many years, over those of the case's year."""
        return YearFactors(
            purchase_price=(1.0 + self.purchase_price) ** years,
            spread=(1.0 + self.spread) ** years,
            load=(1.0 + self.load) ** years,
        )


class Uncertainty(Declaration):
    """An uncertain number of the case and its probability distribution.

    `fields` are paths of the case, such as "finance.discount_rate", "sizing.price_multiple" or
    "sizing.paths.load"; or "tariff.spread", a multiple of each period's price difference from the flat
    period; or "tariff.midday_valley", 1 if the valley period between 10:00 and 16:00 remains, 0 if it becomes
    flat.
    """

    name: Name = declared("-", "Name of the uncertain number", GIVEN)
    name_zh: str = declared("-", "Name in Chinese; left out: `name`", default="")
    fields: Annotated[tuple[Name, ...], Field(min_length=1)] = declared(
        "-", "Paths of the fields that take the value", GIVEN
    )
    kind: Literal["uniform", "triangular", "normal", "choice"] = declared(
        "-", "Kind of distribution; choice: one of `values`", GIVEN
    )
    low: Number | None = declared(
        "unit of the field", "Lower limit of a uniform or triangular distribution, or truncation of a normal",
        default=None,
    )  # fmt: skip
    high: Number | None = declared(
        "unit of the field", "Upper limit of a uniform or triangular distribution, or truncation of a normal",
        default=None,
    )  # fmt: skip
    mode: Number | None = declared(
        "unit of the field", "Mode of a triangular distribution; left out: the middle", default=None
    )
    mean: Number | None = declared("unit of the field", "Mean of a normal distribution", default=None)
    std: PositiveNumber | None = declared(
        "unit of the field", "Standard deviation of a normal distribution", default=None
    )
    values: tuple[Number, ...] = declared("unit of the field", "Values of a choice", default=())
    weights: tuple[Factor, ...] = declared(
        "-", "Weights of the values of a choice; left out: equal", default=()
    )
    times: bool = declared("-", "Whether the numbers are multiples of the number of the case", default=False)
    source: RangeSources = declared_source("Where the distribution is from")

    @property
    def ends(self) -> tuple[RangeEnd, ...]:
        """Names of the numbers that the distribution has."""
        return tuple(name for name in RANGE_ENDS if getattr(self, name) not in (None, ()))

    @property
    def sources(self) -> tuple[RangeSource, ...]:
        """Where each number of the distribution is from; what has no source is an assumption."""
        return complete_sources(self.source, self.ends)

    @model_validator(mode="after")
    def _distribution_complete(self) -> Self:
        problems = list(self._distribution_problems())
        problems += [
            f"source.of: '{end}' is no number of this distribution, must be of {', '.join(self.ends)}"
            for source in self.source
            for end in source.of
            if end not in self.ends
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _distribution_problems(self) -> Iterator[str]:
        """Problems where numbers of the distribution are missing, superfluous or out of order."""
        required = {
            "uniform": ("low", "high"),
            "triangular": ("low", "high"),
            "normal": ("mean", "std"),
            "choice": ("values",),
        }[self.kind]
        optional = {"triangular": ("mode",), "normal": ("low", "high"), "choice": ("weights",)}.get(
            self.kind, ()
        )
        for name in RANGE_ENDS:
            given = getattr(self, name) not in (None, ())
            if name in required and not given:
                yield f"{name} is missing: must be given for kind = '{self.kind}'"
            elif given and name not in required + optional:
                yield f"{name}: cannot matter for kind = '{self.kind}', must be left out"
        ascending = [x for x in (self.low, self.mode, self.high) if x is not None]
        if self.kind != "choice" and any(a > b for a, b in pairwise(ascending)):
            yield f"low, mode, high = {', '.join(f'{x:.15g}' for x in ascending)}: must rise"
        if self.kind == "uniform" and self.low is not None and self.low == self.high:
            yield f"low = high = {self.low:.15g}: must differ, or nothing is in doubt"
        if self.weights and (len(self.weights) != len(self.values) or sum(self.weights) <= 0):
            yield f"weights: must be {len(self.values)} like the values, and not all zero"


class Sizing(Declaration):
    """Sizing problem: which battery is sized, within what bounds, at what price, under what uncertainty."""

    device: Name = declared(
        "-", "Name of the battery whose size is sought; all other devices are unchanged", GIVEN
    )
    power_mw: GridRange = declared("MW", "Range of rated power", GIVEN)
    duration_hours: GridRange = declared("h", "Range of duration: rated energy over rated power", GIVEN)
    price: Price = declared("-", "General price, by power and energy", GIVEN)
    shared_station_yuan_per_kw: UnitCost = declared(
        "yuan/kW", "Part of every price for the transformer station that stands already, which the increment"
        " does not pay; of rated power", ASSUMED, 0.0,
    )  # fmt: skip
    price_multiple: PositiveFactor = declared(
        "-", "Factor on all prices, those of offers included, for an uncertainty to vary", ASSUMED, 1.0
    )
    standing: dict[Name, Number] = declared(
        "unit of the field", "Numbers of the case, by path, that differ when the increment is commissioned,"
        " such as the state of health of existing batteries", default={},
    )  # fmt: skip
    offer: tuple[Offer, ...] = declared("-", "Batteries offered for sale", default=())
    present_price: PresentPrice | None = declared(
        "-", "A dated price of now, at which the decision is stated too; left out: none", default=None
    )
    paths: YearlyChanges = declared("-", "Yearly changes of prices and load", default=YearlyChanges())
    last_commissioning_year: Annotated[int, Field(ge=0, le=30)] = declared(
        "years", "Latest commissioning of the increment, in years after the year of the case", ASSUMED, 10
    )
    co2_t_per_mwh: Annotated[float, Field(ge=0, le=2)] = declared(
        "t/MWh", "CO2 emission factor of energy drawn from the grid; Jiangxi 2023 by default",
        "Emission factors of electricity, Ministry of Ecology and Environment", 0.5836,
    )  # fmt: skip
    doubt: tuple[Uncertainty, ...] = declared("-", "Uncertain numbers", default=())
    correlation: tuple[Correlation, ...] = declared(
        "-", "Rank correlations of uncertain numbers; left out: each is drawn independently", default=()
    )
    wait: Waiting | None = declared(
        "-", "A decision some years later that is valued in the scenarios as an option; left out: none",
        default=None,
    )  # fmt: skip
    scenarios: Annotated[int, Field(ge=1, le=100_000)] = declared(
        "-", "Number of scenarios drawn from the uncertain numbers", ASSUMED, 64
    )
    seed: Seed = declared("-", "Seed of the scenarios", ASSUMED, 1)
    tail: Annotated[Fraction, Field(gt=0)] = declared(
        "-", "Share of worst scenarios over which CVaR is the mean", ASSUMED, 0.1
    )

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        problems = []
        for what, names in (("offer", [o.name for o in self.offer]), ("doubt", [d.name for d in self.doubt])):
            repeated = sorted({name for name in names if names.count(name) > 1})
            problems += [f"{what}: '{name}' is the name of several, must be of one" for name in repeated]
        doubts = [doubt.name for doubt in self.doubt]
        problems += correlation_problems(doubts, self.correlation)
        problems += [] if self.wait is None else self.wait.problems(doubts)
        if self.duration_hours.min <= 0:
            problems.append(
                "duration_hours.min = 0: must be above 0, because a battery without energy is none"
            )
        if self.shared_station_yuan_per_kw > self.price.yuan_per_kw:
            problems.append(
                f"shared_station_yuan_per_kw = {self.shared_station_yuan_per_kw:.15g}: must be at most"
                f" price.yuan_per_kw = {self.price.yuan_per_kw:.15g}, of which it is a part"
            )
        problems += [
            f"shared_station_yuan_per_kw = {self.shared_station_yuan_per_kw:.15g}: leaves nothing of"
            f" the price of offer '{offer.name}', must be less"
            for offer in self.offer
            if self.shared_yuan(offer.power_mw) >= offer.price_yuan
        ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def shared_yuan(self, power_mw: float) -> float:
        """What the station that stands already is of a price for this power, before the multiple [yuan]."""
        return self.shared_station_yuan_per_kw * KW_PER_MW * power_mw

    @property
    def modular_price(self) -> Price:
        """The general price without the station that stands already."""
        of_power = self.price.yuan_per_kw - self.shared_station_yuan_per_kw
        return self.price.model_copy(update={"yuan_per_kw": of_power})

    def investment_yuan(self, power_mw: float, energy_mwh: float) -> float:
        """Investment in the increment of this size at the general price [yuan]."""
        return self.price_multiple * self.modular_price.investment_yuan(power_mw, energy_mwh)
