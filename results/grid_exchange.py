"""Exchange with the public grid: where exports come from, and whether stores keep their rules about it."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.device import Array, Display, largest_residual
from parkdispatch.models.markets.market_terms import PricesNetImport
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.results.solution import device_of, device_quantities, key_of, of_kind, values

LEAST_MW = 1e-6  # less is rounding
POWER = Display("power", "set_point", {INJECTION: 1.0})  # of a store that declares no set point


def set_point_mw(solution: xr.Dataset, case: Case, name: str) -> Array:
    """What a store gives to its bus, less what it takes [MW], shape (intervals,)."""
    displays = case.devices[name].displays
    set_point = next((display for display in displays if display.kind == "set_point"), POWER)
    return set_point.power_mw(device_quantities(solution, name))


def market_price_yuan_per_mwh(solution: xr.Dataset, case: Case) -> Array | None:
    """What markets add to the price of import and of export, (intervals,); None without such a market."""
    prices = [
        device.net_import_price_yuan_per_mwh(device_quantities(solution, name))
        for name, device in case.devices.items()
        if isinstance(device, PricesNetImport)
    ]
    return np.sum(prices, axis=0) if prices else None


def connected_devices(solution: xr.Dataset) -> list[set[str]]:
    """Devices by the connected buses they stand on; a device on two buses connects them."""
    groups: list[tuple[set[str], set[str]]] = []  # buses, devices
    for name in of_kind(solution, "injection"):
        device, bus = device_of(solution, name), key_of(solution, name)
        touching = [group for group in groups if bus in group[0] or device in group[1]]
        buses, devices = {bus}.union(*(g[0] for g in touching)), {device}.union(*(g[1] for g in touching))
        groups = [group for group in groups if group not in touching] + [(buses, devices)]
    return [devices for _, devices in groups]


def exchange_residuals_mw(solution: xr.Dataset, case: Case) -> dict[tuple[str, str], float]:
    """How far each variable that never runs with an exchange does so [MW], by device and rule."""
    residuals = {}
    groups = connected_devices(solution)
    for name, device in case.devices.items():
        for variable, exchange in device.never_with.items():
            beside = next((group for group in groups if name in group), set())
            exchanged_mw = [
                values(solution, f"{grid}.{exchange}_mw") for grid in case.of_role("grid") if grid in beside
            ]
            both_mw = np.minimum(values(solution, f"{name}.{variable}"), sum(exchanged_mw, np.zeros(1)))
            rule = f"{variable.removesuffix('_mw')}_without_{exchange}_mw"
            residuals[name, rule] = largest_residual(both_mw)
    return residuals


def export_by_origin_mw(solution: xr.Dataset, case: Case) -> dict[str, Array]:
    """Exported power by the device it comes from [MW], (intervals,); the sum is the whole export.

    Storage exports what it discharges beyond what the park draws besides it, stores in proportion to their
    discharge. The rest is surplus generation: that of the other devices in proportion to what they feed in.
    """
    origin: dict[str, Array] = {}
    for devices in connected_devices(solution):
        grids = [name for name in case.of_role("grid") if name in devices]
        export_mw = sum((values(solution, f"{grid}.export_mw") for grid in grids), np.zeros(_count(solution)))
        stores = {
            name: np.maximum(set_point_mw(solution, case, name), 0.0)
            for name in case.storage
            if name in devices
        }
        stored_mw = np.minimum(sum(stores.values(), np.zeros(_count(solution))), export_mw)
        fed_in = {
            name: np.maximum(electric_mw(solution, case, name), 0.0)
            for name in case.devices
            if name in devices and name not in stores and name not in grids
        }
        fed_in |= {grid: values(solution, f"{grid}.import_mw") for grid in grids}  # passed on to another one
        origin |= _shared_out(stored_mw, stores) | _shared_out(export_mw - stored_mw, fed_in)
    return {name: power_mw for name, power_mw in origin.items() if power_mw.max() > LEAST_MW}


def _count(solution: xr.Dataset) -> int:
    return int(solution.sizes["time"])


def electric_mw(solution: xr.Dataset, case: Case, device: str) -> Array:
    """Electric power of a device into all buses, without heat, cold and gas [MW]."""
    carriers = case.carriers
    powers = [
        values(solution, name)
        for name in of_kind(solution, "injection", device)
        if carriers.get(key_of(solution, name), "electricity") == "electricity"
    ]
    return sum(powers, np.zeros(_count(solution)))


def _shared_out(total_mw: Array, weights: Mapping[str, Array]) -> dict[str, Array]:
    """A power shared out in proportion to the weights; nothing where all are zero."""
    sum_mw = sum(weights.values(), np.zeros(len(total_mw)))
    return {
        name: np.divide(total_mw * weight, sum_mw, out=np.zeros(len(total_mw)), where=sum_mw > 0)
        for name, weight in weights.items()
    }
