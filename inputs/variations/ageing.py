"""A prepared case after some years: aged batteries and PV, prices and load by their yearly changes."""

from collections.abc import Mapping
from dataclasses import replace

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.variations.uncertainties import with_spread
from parkdispatch.models.device import Device
from parkdispatch.models.finance.yearly_changes import YearFactors
from parkdispatch.models.markets.services import Services
from parkdispatch.models.network.declared_connection import DeclaredConnection


def aged_prepared(prepared: Prepared, health: Mapping[str, float], years: float) -> Prepared:
    """The prepared case after `years`, with batteries of the given states of health and aged sources.

    What falls with age, such as available PV power, is recomputed. Where it was read from a file, the file is
    taken as that of the first year and is scaled by the degradation. All other series are unchanged.
    """
    case, series = prepared.case, dict(prepared.series)
    devices = dict(case.devices)
    for name, state_of_health in health.items():
        devices[name] = devices[name].model_copy(update={"state_of_health": state_of_health})
    recomputed = {}
    for name, device in case.devices.items():
        older, shares = device.aged(years), device.shares_after(years)
        if older is device and not shares:
            continue
        devices[name] = older
        given = {key: share for key, share in shares.items() if (name, key) in case.series}
        for key, share in given.items():
            series[name, key] = series[name, key] * share
        if not given:
            recomputed[name] = older
    aged_case = case.with_devices(devices)
    if recomputed and years > 0:
        series |= prepare(aged_case.with_devices(recomputed), prepared.times).series
    aged = Prepared(
        aged_case, prepared.times, prepared.hours, series, listed_demand_price=prepared.listed_demand_price
    )
    return aged.with_certain_full_use()


def with_yearly_changes(prepared: Prepared, factors: YearFactors) -> Prepared:
    """The prepared case with prices and load times these factors.

    A load is scaled as a whole, whether it was computed or read from a file, with its machines. So are prices
    that were read from a file, but for the spread, which only a tariff has.
    """
    series = dict(prepared.series)
    for name, device in prepared.case.devices.items():
        for key in device.growing_series:
            series[name, key] = series[name, key] * factors.load
    grown = {name: device.grown(factors.load) for name, device in prepared.case.devices.items()}
    case, listed = prepared.case.with_devices(grown), prepared.listed_demand_price
    if factors.contract_price != 1.0:
        case = replace(case, contracts=case.contracts.times(factors.contract_price))
    changed = _with_device_prices(case, factors)
    repriced = {
        name: by_key for name, device in changed.devices.items() if (by_key := _moved(device, factors))
    }
    if factors.changes_prices:
        changed = _with_price_factors(changed, factors)
        repriced |= {name: dict(_factors_of_series(factors)) for name in changed.of_role("grid")}
    if repriced:
        again = prepare(
            changed.with_devices({name: changed.devices[name] for name in repriced}), prepared.times
        )
        series |= again.series
        listed = {**listed, **again.listed_demand_price}
        for name, by_key in repriced.items():
            for key, factor in by_key.items():
                if (name, key) in changed.series:
                    series[name, key] = series[name, key] * factor
    priced = Prepared(changed, prepared.times, prepared.hours, series, listed_demand_price=listed)
    return priced.with_certain_full_use()


def _moved(device: Device, factors: YearFactors) -> dict[str, float]:
    """By field or series of a price of a device, the factor of the year where it is not one."""
    by_key = {key: float(getattr(factors, change)) for key, change in device.yearly_prices.items()}
    return {key: factor for key, factor in by_key.items() if factor != 1.0}


def _with_device_prices(case: Case, factors: YearFactors) -> Case:
    """The case with the prices of fuels and markets that its devices declare times these factors."""
    devices = dict(case.devices)
    for name, device in case.devices.items():
        prices = {}
        for key, factor in _moved(device, factors).items():
            price = getattr(device, key, None)
            if price is not None:
                prices[key] = price.times(factor) if isinstance(price, Services) else price * factor
        if prices:
            devices[name] = device.model_copy(update=prices)
    return case.with_devices(devices)


def _factors_of_series(factors: YearFactors) -> Mapping[str, float]:
    """The factors on prices of a connection that are read from files."""
    return {
        "purchase_price_yuan_per_mwh": factors.purchase_price,
        "sale_price_yuan_per_mwh": factors.sale_price,
        "demand_price_yuan_per_mw_month": factors.demand_price,
    }


def _with_price_factors(case: Case, factors: YearFactors) -> Case:
    """The case with the prices of its tariff and its connections times these factors."""
    tariff = case.tariff
    prices = tuple(price * factors.purchase_price for price in tariff.purchase_price_yuan_per_kwh)
    voltages = {name: level.with_demand_price_times(factors.demand_price) for name, level in
                tariff.voltages.items()}  # fmt: skip
    tariff = tariff.model_copy(update={"purchase_price_yuan_per_kwh": prices, "voltages": voltages})
    devices = {
        name: device.with_sale_price_times(factors.sale_price)
        if isinstance(device, DeclaredConnection)
        else device
        for name, device in case.devices.items()
    }
    return replace(case.with_devices(devices), tariff=with_spread(tariff, factors.spread))
