"""Mechanism price of new renewable plants: a payment of the difference to the market's mean price.

    payment = share x exported energy x (mechanism price - mean market price)

beside what the energy earns in the market; where the market is dearer, the plant pays (发改价格〔2025〕136号,
second-hand).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Fraction,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    price_spec,
)
from parkdispatch.models.limits import Price, SignedPrice
from parkdispatch.models.markets.market_terms import IN_FORCE, in_force, ordered_days, words_of
from parkdispatch.models.tariff.tariff_tables import Day
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.models.vocabulary import Interval, Terms

MECHANISM = "mechanism"
NOTICE = "发改价格〔2025〕136号; cap of new plants in Jiangxi 0.38, second-hand"


class MechanismPrice(Device):
    """Difference payment for a share of the energy that the park exports; it is on no bus itself."""

    role: ClassVar[Role] = "network"
    market_costs: ClassVar[tuple[str, ...]] = (MECHANISM,)
    yearly_prices: ClassVar[Mapping[str, str]] = {  # the mechanism price itself is fixed for its term
        "market_price_yuan_per_kwh": "market_price", "market_price_yuan_per_mwh": "market_price",
    }  # fmt: skip
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {}
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "market_price_yuan_per_mwh": price_spec("Mean market price", ("market_price_yuan_per_kwh",)),
        "in_force": IN_FORCE,
    }
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = words_of(
        "mechanism_price", "mechanism price", "机制电价",
        costs={MECHANISM: ("difference payment", "差价结算")},
        quantities={"covered_mwh": ("energy with the mechanism price", "机制电量")},
        checks={"covered": ("share of the export", "上网电量份额")},
        prices={"Mean market price": ("Mean market price", "市场交易均价")},
    )  # fmt: skip

    kind: Literal["mechanism_price"] = declared("-", "Kind of device", default="mechanism_price")
    price_yuan_per_kwh: Price = declared("yuan/kWh", "Mechanism price", NOTICE, 0.38)
    market_price_yuan_per_kwh: SignedPrice | None = declared(
        "yuan/kWh", "Mean price of the same plants in the market; left out: the series is given", default=None
    )
    share: Fraction = declared("-", "Share of the exported energy that has the mechanism", ASSUMED, 0.8)
    first_day: Day | None = declared("-", "First day of the mechanism; left out: always", default=None)
    last_day: Day | None = declared("-", "Last day, included; left out: always", default=None)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        ordered_days(self.first_day, self.last_day)
        return self

    @classmethod
    def example(cls) -> Self:
        """A price above the market's."""
        return cls(market_price_yuan_per_kwh=0.3)

    def missing_for_series(self) -> list[str]:
        """The market's price."""
        return [] if self.market_price_yuan_per_kwh is not None else ["market_price_yuan_per_kwh"]

    def series(self, park: Park) -> Mapping[str, Array]:
        """The market's price, where declared, and when the mechanism holds, each of shape (intervals,)."""
        series = {"in_force": in_force(park.times, self.first_day, self.last_day)}
        if self.market_price_yuan_per_kwh is not None:
            market = np.full(len(park.times), self.market_price_yuan_per_kwh * KW_PER_MW)
            series["market_price_yuan_per_mwh"] = market
        return series

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the energy that is covered, and return the payment as a negative cost."""
        covered_mwh = self.share * interval.series("in_force") * interval.park_amount("export_mwh")
        block.covered_mwh = pyo.Var(bounds=(0, None))
        block.covered = pyo.Constraint(expr=block.covered_mwh == covered_mwh)
        difference = self.price_yuan_per_kwh * KW_PER_MW - interval.series("market_price_yuan_per_mwh")
        return Terms(costs={MECHANISM: -difference * block.covered_mwh})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Compare the covered energy with its share of the export."""
        wanted_mwh = self.share * seen.values["in_force"] * seen.values["export_mwh"]
        return {"covered_mwh": largest_residual(np.abs(seen.values["covered_mwh"] - wanted_mwh))}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The payment of each interval."""
        market = seen.values["market_price_yuan_per_mwh"]
        return {MECHANISM: seen.values["covered_mwh"] * (market - self.price_yuan_per_kwh * KW_PER_MW)}
