"""A prepared case after some years: aged batteries and PV, prices and load by their yearly changes."""

from collections.abc import Mapping
from dataclasses import replace

from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.variations.uncertainties import with_spread
from parkdispatch.models.finance.sizing_section import YearlyChanges


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


def with_yearly_changes(prepared: Prepared, paths: YearlyChanges, years: int) -> Prepared:
    """The prepared case after `years` of the yearly changes of energy price, price spread and load.

    A load is scaled as a whole, whether it was computed or read from a file, with its machines. Prices that
    were read from a file are unchanged.
    """
    series, growth = dict(prepared.series), (1.0 + paths.load) ** years
    for name, device in prepared.case.devices.items():
        for key in device.growing_series:
            series[name, key] = series[name, key] * growth
    grown = {name: device.grown(growth) for name, device in prepared.case.devices.items()}
    case, tariff = prepared.case.with_devices(grown), prepared.case.tariff
    if years and (paths.purchase_price or paths.spread):
        price_factor = (1.0 + paths.purchase_price) ** years
        prices = tuple(price * price_factor for price in tariff.purchase_price_yuan_per_kwh)
        tariff = tariff.model_copy(update={"purchase_price_yuan_per_kwh": prices})
        case = replace(case, tariff=with_spread(tariff, (1.0 + paths.spread) ** years))
        grids = {name: case.devices[name] for name in case.of_role("grid")}
        series |= prepare(case.with_devices(grids), prepared.times).series
    changed = Prepared(
        case, prepared.times, prepared.hours, series, listed_demand_price=prepared.listed_demand_price
    )
    return changed.with_certain_full_use()
