"""Spot market with two settlements: the position at the day-ahead price, deviations at the real-time price.

    cost = day-ahead price x position + real-time price x (net import - position)

Net import is import less export of all connections of the park. The position is what was cleared the day
before, given as a series; or it is decided with the dispatch, within a deviation from it. The connections'
own tariff has what is not energy of the market: transmission, losses, system operation, funds, and no price
of purchased energy or of sales.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    price_spec,
)
from parkdispatch.models.limits import LARGEST_POWER_MW, LARGEST_PRICE_YUAN_PER_MWH, Power
from parkdispatch.models.markets.market_terms import words_of
from parkdispatch.models.vocabulary import Interval, Terms

DAY_AHEAD, REAL_TIME = "day_ahead", "real_time"
PRICES = {DAY_AHEAD: "Day-ahead price", REAL_TIME: "Real-time price"}

SpotPrice = Annotated[float, Field(ge=-LARGEST_PRICE_YUAN_PER_MWH, le=LARGEST_PRICE_YUAN_PER_MWH)]


class SpotMarket(Device):
    """Settlement of the park's net import at day-ahead and real-time prices; it is on no bus itself."""

    role: ClassVar[Role] = "network"
    market_costs: ClassVar[tuple[str, ...]] = (DAY_AHEAD, REAL_TIME)
    yearly_prices: ClassVar[Mapping[str, str]] = {
        f"{market}_price_yuan_per_mwh": "market_price" for market in PRICES
    }
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {}
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        **{
            f"{market}_price_yuan_per_mwh": price_spec(title, (f"{market}_price_yuan_per_mwh",))
            for market, title in PRICES.items()
        },
        "cleared_mw": SeriesSpec(
            title="Cleared position, positive to buy", unit="MW", lower=-LARGEST_POWER_MW,
            upper=LARGEST_POWER_MW, computed_from=("cleared_mw",),
        ),
    }  # fmt: skip
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = words_of(
        "spot_market", "spot market", "现货市场",
        costs={
            DAY_AHEAD: ("day-ahead settlement", "日前结算"),
            REAL_TIME: ("real-time settlement of deviations", "实时偏差结算"),
        },
        quantities={"position_mw": ("day-ahead position", "日前申报电力")},
        prices={
            PRICES[DAY_AHEAD]: (PRICES[DAY_AHEAD], "日前电价"),
            PRICES[REAL_TIME]: (PRICES[REAL_TIME], "实时电价"),
        },
        checks={"deviation": ("deviation from the position", "与日前申报的偏差")},
    )  # fmt: skip

    kind: Literal["spot_market"] = declared("-", "Kind of device", default="spot_market")
    day_ahead_price_yuan_per_mwh: SpotPrice | None = declared(
        "yuan/MWh", "Day-ahead price of every interval; left out: the series is given", default=None
    )
    real_time_price_yuan_per_mwh: SpotPrice | None = declared(
        "yuan/MWh", "Real-time price of every interval; left out: the series is given", default=None
    )
    position: Literal["decided", "cleared"] = declared(
        "-", "Whether the day-ahead position is decided with the dispatch, or was cleared before and is the"
        " series `cleared_mw`", default="decided",
    )  # fmt: skip
    cleared_mw: Annotated[float, Field(ge=-LARGEST_POWER_MW, le=LARGEST_POWER_MW)] | None = declared(
        "MW", "Cleared position of every interval; left out: the series is given", default=None
    )
    largest_deviation_mw: Power = declared(
        "MW", "Largest difference of net import from a position that is decided", ASSUMED, 0.0
    )

    @model_validator(mode="after")
    def _cleared_or_decided(self) -> Self:
        if self.position == "decided" and self.cleared_mw is not None:
            raise ValueError(
                f"cleared_mw = {self.cleared_mw:.15g}: must be left out, because `position` is decided"
            )
        return self

    @classmethod
    def example(cls) -> Self:
        """Prices that do not vary."""
        return cls(day_ahead_price_yuan_per_mwh=300.0, real_time_price_yuan_per_mwh=320.0)

    @property
    def needed_series(self) -> Mapping[str, SeriesSpec]:
        """The cleared position only where there is one."""
        left_out = "" if self.position == "cleared" else "cleared_mw"
        return {name: spec for name, spec in self.series_specs.items() if name != left_out}

    def missing_for_series(self) -> list[str]:
        """Fields that are left out of those that stand for a series."""
        return [name for name in self.needed_series if getattr(self, name) is None]

    def series(self, park: Park) -> Mapping[str, Array]:
        """The same value at all times, of what is declared, each of shape (intervals,)."""
        return {
            name: np.full(len(park.times), getattr(self, name))
            for name in self.needed_series
            if getattr(self, name) is not None
        }

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the position, and settle it and the deviation from it."""
        hours, series = interval.hours, interval.series
        net_mwh = interval.park_amount("import_mwh") - interval.park_amount("export_mwh")
        block.position_mw = pyo.Var(bounds=(-LARGEST_POWER_MW, LARGEST_POWER_MW))
        if self.position == "cleared":
            block.as_cleared = pyo.Constraint(expr=block.position_mw == series("cleared_mw"))
        else:
            most_mwh = hours * self.largest_deviation_mw
            deviation_mwh = net_mwh - hours * block.position_mw
            block.deviation_above = pyo.Constraint(expr=deviation_mwh <= most_mwh)
            block.deviation_below = pyo.Constraint(expr=deviation_mwh >= -most_mwh)
        position_mwh = hours * block.position_mw
        return Terms(
            costs={
                DAY_AHEAD: series("day_ahead_price_yuan_per_mwh") * position_mwh,
                REAL_TIME: series("real_time_price_yuan_per_mwh") * (net_mwh - position_mwh),
            }
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Compare the position with what was cleared, or with the dispatch."""
        position_mw = seen.values["position_mw"]
        if self.position == "cleared":
            return {"deviation_mw": largest_residual(np.abs(position_mw - seen.values["cleared_mw"]))}
        deviation_mw = np.abs(self._net_mwh(seen) / seen.hours - position_mw)
        return {"deviation_mw": largest_residual(deviation_mw - self.largest_deviation_mw)}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Both settlements of each interval."""
        position_mwh = seen.values["position_mw"] * seen.hours
        return {
            DAY_AHEAD: position_mwh * seen.values["day_ahead_price_yuan_per_mwh"],
            REAL_TIME: (self._net_mwh(seen) - position_mwh) * seen.values["real_time_price_yuan_per_mwh"],
        }

    def net_import_price_yuan_per_mwh(self, seen: Seen) -> Array:
        """The day-ahead price where the position moves with the dispatch, else the real-time price."""
        market = DAY_AHEAD if self.position == "decided" else REAL_TIME
        return seen.values[f"{market}_price_yuan_per_mwh"]

    @staticmethod
    def _net_mwh(seen: Seen) -> Array:
        return seen.values["import_mwh"] - seen.values["export_mwh"]
