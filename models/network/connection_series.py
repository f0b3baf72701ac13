"""The series of a connection to the public grid: prices, limits, and what its demand is counted from."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
import pandas as pd
from pydantic import ConfigDict

from parkdispatch.models.calendar.quarter_hours import quarter_starts, quarters_per_interval
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.device import Array, Park, SeriesSpec, power_spec, price_spec
from parkdispatch.models.limits import (
    LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH,
    LARGEST_POWER_MW,
    LARGEST_PRICE_YUAN_PER_MWH,
    SignedPrice,
)
from parkdispatch.models.network.blackouts import Blackout, blacked_out
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import PERIODS, Period, Scheme
from parkdispatch.models.units import KW_PER_MW


class PeriodPrices(Declaration):
    """A price for each time-of-use period of the tariff, those of its own by their names."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, SignedPrice]  # by names of the tariff's own periods

    sharp: SignedPrice | None = declared("yuan/kWh", "Price in the sharp peak", default=None)
    peak: SignedPrice | None = declared("yuan/kWh", "Price in the peak", default=None)
    flat: SignedPrice | None = declared("yuan/kWh", "Price in the flat period", default=None)
    valley: SignedPrice | None = declared("yuan/kWh", "Price in the valley", default=None)
    deep_valley: SignedPrice | None = declared("yuan/kWh", "Price in the deep valley", default=None)

    @property
    def by_period(self) -> Mapping[Period, float]:
        """The prices that are given, by period [yuan/kWh]."""
        prices = {period: getattr(self, period) for period in PERIODS} | (self.__pydantic_extra__ or {})
        return {period: price for period, price in prices.items() if price is not None}

    def times(self, factor: float) -> Self:
        """The prices times a factor."""
        return self.model_copy(update={period: factor * price for period, price in self.by_period.items()})


SalePrice = SignedPrice | PeriodPrices  # yuan/kWh

CONNECTION_SERIES: Mapping[str, SeriesSpec] = {
    "purchase_price_yuan_per_mwh": price_spec("Purchase price"),
    "sale_price_yuan_per_mwh": price_spec("Sale price", ("sale_price_yuan_per_kwh",)),
    "demand_price_yuan_per_mw_month": SeriesSpec(
        title="Demand price",
        unit="yuan/MW/month",
        lower=0.0,
        upper=LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH,
    ),
    "peak_floor_mw": power_spec("Peak of the month before the horizon", ("peak_so_far_mw",)),
    "demand_free_mw": power_spec("Demand without extra charge"),
    "import_limit_mw": power_spec("Import limit", ("import_limit_mw", "import_reserve_mw", "blackouts")),
    "export_limit_mw": power_spec("Export limit", ("export_limit_mw", "blackouts")),
    "quarter_continues": SeriesSpec(
        title="1 if the interval is in the quarter-hour of the one before",
        unit="1",
        lower=0.0,
        upper=1.0,
        internal=True,
    ),
}

CO2_SERIES: Mapping[str, SeriesSpec] = {  # of a connection whose CO2 differs from interval to interval
    "co2_factor_t_per_mwh": SeriesSpec(
        title="CO2 of imported energy", unit="t/MWh", lower=0.0, upper=2.0, computed_from=("co2_t_per_mwh",)
    ),
}

CALL_SERIES: Mapping[str, SeriesSpec] = {  # of a connection with calls for demand response
    "response_price_yuan_per_mwh": SeriesSpec(
        title="Price of the response",
        unit="yuan/MWh",
        lower=0.0,
        upper=LARGEST_PRICE_YUAN_PER_MWH,
        internal=True,
    ),
    "response_at_zero_yuan_per_h": SeriesSpec(
        title="Payment for a response of the whole baseline",
        unit="yuan/h",
        lower=0.0,
        upper=LARGEST_PRICE_YUAN_PER_MWH * LARGEST_POWER_MW,
        internal=True,
    ),
}


def purchase_price_yuan_per_mwh(
    park: Park, voltage: str, scheme: Scheme, power_factor: float | None
) -> Array:
    """Price of energy bought at `park.times`, power-factor adjustment included, shape (intervals,).

    Raises InputError if the tariff lacks the voltage or scheme or does not cover the times.
    """
    tariff, times = park.tariff, park.times
    price = tariff.energy_price_yuan_per_kwh(times, voltage, scheme, park.hours)
    # the power-factor adjustment applies to all parts but the government funds
    funds = np.array(tariff.government_funds_yuan_per_kwh)[times.month.to_numpy() - 1]
    return np.asarray((price + tariff.power_factor_share(power_factor) * (price - funds)) * KW_PER_MW)


def sale_price_yuan_per_mwh(park: Park, price_yuan_per_kwh: SalePrice) -> Array:
    """Price of energy sold at `park.times`, by tariff period if it is a table, shape (intervals,).

    An interval of several quarter-hours gets their mean. Raises InputError for times that the tariff does
    not cover.
    """
    if not isinstance(price_yuan_per_kwh, PeriodPrices):
        return np.full(len(park.times), price_yuan_per_kwh * KW_PER_MW)
    starts = quarter_starts(park.times, park.hours)
    by_quarter = pd.Series(park.tariff.period(starts)).map(price_yuan_per_kwh.by_period).to_numpy(np.float64)
    return np.asarray(by_quarter.reshape(len(park.times), -1).mean(axis=1) * KW_PER_MW)


def refund_yuan_per_mwh(park: Park, voltage: str, scheme: Scheme) -> Array:
    """Transmission and government funds of a MWh fed back by independent storage, shape (intervals,)."""
    funds = np.array(park.tariff.government_funds_yuan_per_kwh)[park.times.month.to_numpy() - 1]
    transmission = park.tariff.level(voltage).transmission_yuan_per_kwh(scheme) or 0.0
    return np.asarray((transmission + funds) * KW_PER_MW)


def periods_without_price(tariff: Tariff, price_yuan_per_kwh: SalePrice) -> list[Period]:
    """Time-of-use periods of the tariff that a table of prices does not name."""
    if not isinstance(price_yuan_per_kwh, PeriodPrices):
        return []
    used = {table.period for table in tariff.day} | {table.period for table in tariff.holiday_day}
    used |= set() if tariff.otherwise is None else {tariff.otherwise}
    by_period = price_yuan_per_kwh.by_period
    return [period for period in tariff.periods if period in used and period not in by_period]


def prices_without_period(tariff: Tariff, price_yuan_per_kwh: SalePrice) -> list[Period]:
    """Periods in a table of prices that the tariff does not have."""
    if not isinstance(price_yuan_per_kwh, PeriodPrices):
        return []
    return [period for period in price_yuan_per_kwh.by_period if period not in tariff.periods]


def limit_mw(park: Park, largest_mw: float, blackouts: Sequence[Blackout]) -> Array:
    """Largest power at `park.times` [MW], shape (intervals,); zero in a blackout."""
    return np.where(blacked_out(park.times, park.hours, blackouts), 0.0, largest_mw)


def quarter_continues(park: Park) -> Array:
    """1 where an interval is in the quarter-hour of the one before, else 0, shape (intervals,).

    Raises InputError for intervals that straddle quarter-hours.
    """
    quarters_per_interval(park.times, park.hours)
    quarter = park.times.floor("15min").to_numpy()
    return np.concatenate([[0.0], quarter[1:] == quarter[:-1]])
