"""The reduced demand price of months whose full use is certain, as the optimizer is given it.

Where the load alone makes a month reach full use, whatever is dispatched, its demand price is the reduced one
from the start. In other months it depends on the dispatch, and stays out of the optimization. A part of a
month does not show it: of that, the month as a whole says so (`certain_connections`).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array
from parkdispatch.models.network.declared_connection import DeclaredConnection
from parkdispatch.models.network.full_use import in_certain_full_use

DEMAND_PRICE = "demand_price_yuan_per_mw_month"
Series = Mapping[tuple[str, str], Array]


def listed_demand_prices(case: Case, series: Series) -> dict[str, Array]:
    """The demand price in `series` of each connection to which full use applies, by name, (intervals,).

    Prices that the user gives as a series are final: full use does not apply to them.
    """
    if case.tariff.demand_rules is None:
        return {}
    return {
        name: series[name, DEMAND_PRICE]
        for name, device in case.devices.items()
        if isinstance(device, DeclaredConnection) and device.pays_for_demand and device.transformer_kva
        if (name, DEMAND_PRICE) in series and (name, DEMAND_PRICE) not in case.series
    }


def reduced_demand_prices(
    case: Case, series: Series, listed: Mapping[str, Array], times: pd.DatetimeIndex, hours: float
) -> dict[tuple[str, str], Array]:
    """The `listed` demand prices, reduced in whole months whose full use is certain, and only there."""
    prices, rules = {}, case.tariff.demand_rules
    for name, price in listed.items():
        device = case.devices.get(name)
        if rules is None or not isinstance(device, DeclaredConnection) or not device.transformer_kva:
            continue
        needed_kwh = rules.full_use_kwh_per_kva * device.transformer_kva
        certain = in_certain_full_use(case.devices, name, series, times, hours, needed_kwh)
        prices[name, DEMAND_PRICE] = np.where(certain, price * rules.full_use_price_share, price)
    return prices


def certain_connections(listed: Mapping[str, Array], series: Series) -> frozenset[str]:
    """The connections whose demand price in `series`, of a whole month, is below the `listed` one."""
    return frozenset(name for name, price in listed.items() if (series[name, DEMAND_PRICE] < price).all())


def prices_in_months(
    case: Case,
    series: Series,
    listed: Mapping[str, Array],
    times: pd.DatetimeIndex,
    certain: Mapping[str, frozenset[str]],
) -> dict[tuple[str, str], Array]:
    """Demand prices, reduced in months ("2026-03") in which full use of a connection is certain."""
    prices, rules, months = {}, case.tariff.demand_rules, times.strftime("%Y-%m")
    for name, price in listed.items():
        inside = months.isin([month for month, names in certain.items() if name in names])
        if rules is not None and inside.any():
            prices[name, DEMAND_PRICE] = np.where(
                inside, price * rules.full_use_price_share, series[name, DEMAND_PRICE]
            )
    return prices
