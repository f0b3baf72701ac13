"""The series of further charges: where demand is metered, monthly prices, floors, and parts of months."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.calendar.quarter_hours import quarter_starts
from parkdispatch.models.charges.further_charges import DemandCharge, FurtherCharges, NetMetering
from parkdispatch.models.device import Array, Park, SeriesSpec, energy_spec, power_spec, price_spec
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import (
    LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH,
    LARGEST_MONEY_YUAN,
    LARGEST_POWER_MW,
)
from parkdispatch.models.units import KW_PER_MW, KWH_PER_MWH

MONTHS = 12
CREDIT = "credit_"  # beginning of the names of series that are differences of prices, not prices
WHOLE = 1.0 - 1e-9  # share of a month that is all of it
ROUNDING_YUAN_PER_MWH = 1e-6  # by which equal prices may differ


def share_spec(title: str) -> SeriesSpec:
    """A share of one [-], that a case does not give."""
    return SeriesSpec(title=title, unit="1", lower=0.0, upper=1.0, internal=True)


def charge_specs(charges: FurtherCharges) -> dict[str, SeriesSpec]:
    """The series that these charges need."""
    specs: dict[str, SeriesSpec] = {}
    for charge in charges.demand:
        name = charge.key
        specs |= {
            f"{name}_free_mw": _hidden(power_spec(f"Demand outside the periods of {charge.name}")),
            f"{name}_price_yuan_per_mw_month": SeriesSpec(
                title=f"Demand price {charge.name}", unit="yuan/MW/month", lower=0.0,
                upper=LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH, internal=True,
            ),
        }  # fmt: skip
        for step in charge.steps:
            specs[f"{step.key}_floor_mw"] = _hidden(power_spec(f"Least billed demand {charge.name}"))
        specs |= _ratchet_specs(charge)
        if charges.minimum_yuan_per_month:
            specs[f"{name}_part_yuan_per_mw"] = SeriesSpec(
                title=f"Part of the demand price {charge.name}", unit="yuan/MW", lower=0.0,
                upper=LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH, internal=True,
            )  # fmt: skip
    for number, _ in enumerate(charges.tiers, start=1):
        specs[f"tier_{number}_above_mwh"] = _hidden(energy_spec(f"Energy below tier {number}"))
    if charges.minimum_yuan_per_month:
        specs["minimum_left_yuan"] = SeriesSpec(
            title="Least amount of the month besides fixed charges", unit="yuan", lower=-LARGEST_MONEY_YUAN,
            upper=LARGEST_MONEY_YUAN, internal=True,
        )  # fmt: skip
    of_month = any(charge.ratchet_share or charge.tiers for charge in charges.demand)
    if charges.tiers or charges.minimum_yuan_per_month or of_month:
        specs["part_of_month"] = share_spec("One over the intervals of the month")
    if charges.net_metering:
        specs["part_of_span"] = share_spec("One over the intervals of the span of net metering")
        specs["credit_yuan_per_mwh"] = _hidden(price_spec("Purchase price above the sale price"))
        for period in charges.net_metering.periods:
            specs[f"netted_{period}"] = share_spec(f"1 in the period {period}")
            specs[f"credit_{period}_yuan_per_mwh"] = _hidden(price_spec(f"Credit in the period {period}"))
            if charges.minimum_yuan_per_month:
                title = f"Part of the credit in the period {period}"
                specs[f"credit_{period}_part_yuan_per_mwh"] = _hidden(price_spec(title))
    return specs


def _ratchet_specs(charge: DemandCharge) -> dict[str, SeriesSpec]:
    """Where a ratchet looks, and each month's share of a ratchet over all of a year or over fewer months."""
    if not charge.ratchet_share:
        return {}
    name = charge.key
    overlooked = power_spec(f"Demand that the ratchet of {charge.name} does not look at")
    specs = {f"{name}_overlooked_mw": _hidden(overlooked)}
    if not charge.in_window:
        return specs | {
            f"{name}_ratchet": share_spec(f"Least share of the year's highest demand, {charge.name}")
        }
    months = {f"{name}_month_{month}": share_spec(f"Part of month {month + 1}") for month in range(MONTHS)}
    pairs = {
        f"{name}_ratchet_{month}_{before}": share_spec("Least share of the highest demand of a month before")
        for month, before in charge.ratchet_pairs
    }
    return specs | months | pairs


def _hidden(spec: SeriesSpec) -> SeriesSpec:
    """The same, not for a case to give."""
    return spec.model_copy(update={"internal": True})


def charge_series(
    charges: FurtherCharges,
    park: Park,
    purchase: Array,
    sale: Array,
    peaks_mw: Mapping[str, float],
    before_mw: Mapping[str, float],
) -> dict[str, Array]:
    """The series of `charge_specs` at `park.times`, each of shape (intervals,).

    `purchase` and `sale` are the prices of the connection [yuan/MWh]; `peaks_mw` the highest demand of the
    month before the horizon, and `before_mw` that of the eleven months before, by charge. Raises InputError
    for charges that cannot be computed over this horizon.
    """
    times = park.times
    of_month = (12 * times.year + times.month).to_numpy()
    part = _one_over_count(of_month)
    share = _share_of_month(times, park.hours)
    series: dict[str, Array] = {}
    periods = park.tariff.period(quarter_starts(times, park.hours)).reshape(len(times), -1)
    for charge in charges.demand:
        series |= _demand_series(charge, park, periods, share, peaks_mw, before_mw)
        if charges.minimum_yuan_per_month:
            price = series[f"{charge.key}_price_yuan_per_mw_month"]
            series[f"{charge.key}_part_yuan_per_mw"] = price * part
    for number, tier in enumerate(charges.tiers, start=1):
        series[f"tier_{number}_above_mwh"] = share * (tier.above_kwh / KWH_PER_MWH)
    if charges.minimum_yuan_per_month:
        fixed = share * charges.fixed_yuan_per_month
        days = share * times.days_in_month.to_numpy() * charges.fixed_yuan_per_day
        series["minimum_left_yuan"] = share * charges.minimum_yuan_per_month - fixed - days
    series["part_of_month"] = part
    if charges.net_metering:
        of_year = charges.net_metering.within == "year"
        span = times.year.to_numpy() if of_year else of_month
        series |= _net_series(charges.net_metering, park, periods, purchase - sale, span)
        for period in charges.net_metering.periods:
            credit = series[f"credit_{period}_yuan_per_mwh"]
            series[f"credit_{period}_part_yuan_per_mwh"] = credit * part
    needed = charge_specs(charges)
    return {name: array for name, array in series.items() if name in needed}


def _demand_series(
    charge: DemandCharge,
    park: Park,
    periods: NDArray[np.str_],
    share: Array,
    peaks_mw: Mapping[str, float],
    before_mw: Mapping[str, float],
) -> dict[str, Array]:
    times, name = park.times, charge.key
    months = times.month.to_numpy()
    of_month = (12 * times.year + times.month).to_numpy()
    partial = share < WHOLE
    if partial.any() and charge.name not in peaks_mw:
        raise InputError(
            f"`charged_peaks_mw.{charge.name}` is missing: of a month of which the horizon has a part, the"
            " demand that is paid for anyway must be given"
        )
    metered: NDArray[np.bool_] = np.ones(len(times), dtype=bool)
    if charge.periods:
        metered = np.asarray(np.isin(periods, charge.periods).any(axis=1))
    floor_mw: Array = peaks_mw.get(charge.name, 0.0) * (partial & (of_month == of_month[0]))
    price = np.array(charge.price_yuan_per_kw_month)[months - 1] * KW_PER_MW
    series = {
        f"{name}_free_mw": np.where(metered, 0.0, LARGEST_POWER_MW),
        f"{name}_price_yuan_per_mw_month": price,
    }
    if charge.ratchet_share:
        whole_year = len(np.unique(of_month)) == MONTHS and not partial.any()
        looked_at = metered & np.isin(months, charge.ratchet_months)
        series[f"{name}_overlooked_mw"] = np.where(looked_at, 0.0, LARGEST_POWER_MW)
        part, place = _one_over_count(of_month), of_month - of_month[0]
        if charge.in_window:
            series |= _window_series(charge, part, place, whole_year)
        else:
            series[f"{name}_ratchet"] = np.asarray(charge.ratchet_share * float(whole_year) * part)
        before = charge.ratchet_share * before_mw.get(charge.name, 0.0)
        floor_mw = np.maximum(floor_mw, before * (place < charge.ratchet_window_months))
    floor_mw = np.maximum(floor_mw, charge.least_kw / KW_PER_MW)
    for step in charge.steps:
        series[f"{step.key}_floor_mw"] = np.clip(floor_mw - step.from_mw, 0.0, step.width_mw)
    return series


def _window_series(
    charge: DemandCharge, part: Array, place: NDArray[np.int64], whole_year: bool
) -> dict[str, Array]:
    """Of each pair of months the parts of their billed and of their highest demand; zero where it has none.

    `place` is that of each interval's month in the horizon. A month before the first is one of the same year
    where that is whole.
    """
    if place.max() >= MONTHS:
        raise InputError(
            f"charge '{charge.name}': `ratchet_window_months` = {charge.ratchet_window_months}: a horizon"
            f" must have at most {MONTHS} months"
        )
    parts = [part * (place == month) for month in range(MONTHS)]
    series = {f"{charge.key}_month_{month}": parts[month] for month in range(MONTHS)}
    for month, before in charge.ratchet_pairs:
        counts = (whole_year or before < month) and month <= place.max()
        series[f"{charge.key}_ratchet_{month}_{before}"] = charge.ratchet_share * counts * parts[before]
    return series


def _net_series(
    net: NetMetering, park: Park, periods: NDArray[np.str_], credit: Array, span: NDArray[np.int64]
) -> dict[str, Array]:
    if (periods != periods[:, :1]).any():
        raise InputError("`charges.net_metering`: intervals must lie in one period of the tariff each")
    if (credit < -ROUNDING_YUAN_PER_MWH).any():
        raise InputError(
            "`charges.net_metering`: the sale price must not be above the purchase price, which is credited"
        )
    series = {"part_of_span": _one_over_count(span), "credit_yuan_per_mwh": credit}
    for period in net.periods:
        inside = periods[:, 0] == period
        of_span = np.zeros(len(credit))
        for number in np.unique(span):
            prices = credit[inside & (span == number)]
            if len(prices) and np.ptp(prices) > ROUNDING_YUAN_PER_MWH:
                raise InputError(
                    f"`charges.net_metering.within`: prices of the period {period} differ within the span, so"
                    " that kWh are not worth the same; `month` must be given"
                )
            of_span[span == number] = prices[0] if len(prices) else 0.0
        series[f"netted_{period}"] = inside.astype(np.float64)
        series[f"credit_{period}_yuan_per_mwh"] = of_span
    return series


def _one_over_count(labels: NDArray[np.int64]) -> Array:
    _, place, count = np.unique(labels, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[place])


def _share_of_month(times: pd.DatetimeIndex, hours: float) -> Array:
    """Share of each interval's month that lies in the horizon [-], (intervals,)."""
    _, place, count = np.unique(
        (12 * times.year + times.month).to_numpy(), return_inverse=True, return_counts=True
    )
    return np.asarray(np.minimum(count[place] * hours / (24.0 * times.days_in_month.to_numpy()), 1.0))
