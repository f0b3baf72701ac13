"""A prepared case some years on: batteries and PV aged, prices and load where their paths bring them."""

from collections.abc import Mapping
from dataclasses import replace

from parkdispatch.inputs.prepare import Prepared, prepare
from parkdispatch.inputs.variations.uncertainties import with_spread
from parkdispatch.models.finance.sizing_section import Paths
from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.sources.photovoltaic_plant import Pv

SUN = "available_mw"  # the series of a PV plant that its age takes from
DEMAND = "demand_mw"  # the series of a load that grows


def aged(prepared: Prepared, health: Mapping[str, float], years: float) -> Prepared:
    """The same numbers so many years on: aged batteries, aged PV, all else as it was.

    What the sun makes available is computed anew. Where it was read from a file there is nothing to compute
    it from, so the file is taken as the first year's and loses what the modules lose.
    """
    case, series = prepared.case, dict(prepared.series)
    devices = dict(case.devices)
    for name, share in health.items():
        devices[name] = devices[name].model_copy(update={"state_of_health": share})
    plants = {name: device for name, device in devices.items() if isinstance(device, Pv)}
    for name, plant in plants.items():
        devices[name] = plant.model_copy(update={"age_years": plant.age_years + years})
        if (name, SUN) in case.series:
            series[name, SUN] = series[name, SUN] * plant.kept(years)
    older = case.with_devices(devices)
    computed = {name: devices[name] for name in plants if (name, SUN) not in case.series}
    if computed and years > 0:
        series |= prepare(older.with_devices(computed), prepared.times).series
    return Prepared(older, prepared.times, prepared.hours, series)


def with_paths(prepared: Prepared, paths: Paths, years: int) -> Prepared:
    """The same park so many years on as its paths have it: price of energy, spread of its periods, load.

    A load moves as a whole, whether it was computed or read from a file; prices that were read from a file
    are the user's own and stay as they are.
    """
    series = dict(prepared.series)
    for name, device in prepared.case.devices.items():
        if isinstance(device, Load):
            series[name, DEMAND] = series[name, DEMAND] * (1.0 + paths.load) ** years
    case, tariff = prepared.case, prepared.case.tariff
    if years and (paths.purchase_price or paths.spread):
        level = (1.0 + paths.purchase_price) ** years
        prices = tuple(price * level for price in tariff.purchase_price_yuan_per_kwh)
        tariff = tariff.model_copy(update={"purchase_price_yuan_per_kwh": prices})
        case = replace(case, tariff=with_spread(tariff, (1.0 + paths.spread) ** years))
        grids = {name: device for name, device in case.devices.items() if isinstance(device, Grid)}
        series |= prepare(case.with_devices(grids), prepared.times).series
    return Prepared(case, prepared.times, prepared.hours, series)
