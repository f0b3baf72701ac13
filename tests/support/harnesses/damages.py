"""Random damages of a solved answer, none of which an audit may let pass."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.prepare import Prepared
from parkdispatch.models.device import Park
from parkdispatch.models.site import Site
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.solution import of_kind
from tests.support.audited import with_series_file
from tests.support.cases.round_tariff import ROUND, grid
from tests.support.parks.demand_election_parks import CONTRACT, case_of, park_of
from tests.support.small_parks import SmallPark

Random = np.random.Generator
Answer = tuple[xr.Dataset, Prepared]
PRICE = "purchase_price_yuan_per_mwh"  # of the second connection, from a file of the user
DISTINCT = 1e-2  # values closer than this are not swapped: within tolerance the damage would be none


def _park_of_two_buses() -> SmallPark:
    """Two buses whose names differ behind a dot, a battery to be sized, one with minimum powers."""
    park = park_of(grid(), 32, 60)
    park.battery(
        "battery_1",
        power_mw=4.0,
        energy_mwh=8.0,
        initial_soc=0.5,
        wear_yuan_per_mwh=3.0,
        max_cycles_per_day=1.0,
    )
    park.battery(
        "battery_2",
        power_mw={"max": 3.0, "cost_yuan_per_unit": 20.0},
        energy_mwh={"min": 1.0, "max": 6.0, "cost_yuan_per_unit": 30.0},
    )
    park.battery("battery_3", power_mw=5.0, energy_mwh=6.0, min_charge_mw=1.0, min_discharge_mw=2.0)
    park.devices = {
        name: device.model_copy(update={"bus": "0.69kV"}) for name, device in park.devices.items()
    }
    second, steps = grid(bus="0.4kV"), np.arange(32.0)
    site = Site(latitude_deg=28, longitude_deg=115)
    series = second.series(Park(park.times, park.hours, site, ROUND, pd.DataFrame))
    park.add("grid_2", second, **{**series, PRICE: 300.0 + 10.0 * steps})
    return park.load(3 + np.sin(steps), name="load_2", bus="0.4kV")


@cache
def answers() -> tuple[Answer, ...]:
    """Answers of parks whose connections pay for demand in different ways, in different intervals."""
    parks = [
        park_of(grid(), 48, 15),
        park_of(grid(power_factor=0.8, **CONTRACT), 36, 5),
        _park_of_two_buses(),
    ]
    solved = []
    for park in parks:
        case = with_series_file(case_of(park), "grid_2", PRICE)
        solution = to_dataset(park.solve().optimum, {"case": "small"})
        solved.append((solution, Prepared(case, park.times, park.hours, park.series)))
    return tuple(solved)


def _changed(solution: xr.Dataset, name: str, values: np.ndarray) -> xr.Dataset:
    quantity = solution[name]
    return solution.assign({name: (quantity.dims, values, quantity.attrs)})


def _any_name(solution: xr.Dataset, random: Random, *kinds: str) -> str:
    kinds = kinds or ("variable", "derived", "series", "injection", "cost", "shared")
    return str(random.choice([name for kind in kinds for name in of_kind(solution, kind)]))


def not_finite(solution: xr.Dataset, random: Random) -> xr.Dataset:
    """NaN or infinity in one value, or in every value, of any quantity."""
    name = _any_name(solution, random)
    values = solution[name].to_numpy().copy()
    where = slice(None) if random.random() < 0.2 else random.integers(len(values))
    values[where] = random.choice([np.nan, np.inf, -np.inf])
    return _changed(solution, name, values)


def moved_cost(solution: xr.Dataset, random: Random) -> xr.Dataset | None:
    """Money moved from one interval to another; the total stays."""
    name = _any_name(solution, random, "cost")
    values = solution[name].to_numpy().copy()
    if len(values) < 2:
        return None
    first, other = random.choice(len(values), 2, replace=False)
    yuan = random.uniform(0.05, 100.0)
    values[first], values[other] = values[first] + yuan, values[other] - yuan
    return _changed(solution, name, values)


def swapped_values(solution: xr.Dataset, random: Random) -> xr.Dataset | None:
    """Two intervals of one quantity exchanged."""
    name = _any_name(solution, random)
    values = solution[name].to_numpy().copy()
    if len(values) < 2:
        return None
    first, other = random.choice(len(values), 2, replace=False)
    if abs(values[first] - values[other]) < DISTINCT:
        return None
    values[[first, other]] = values[[other, first]]
    return _changed(solution, name, values)


def swapped_intervals(solution: xr.Dataset, random: Random) -> xr.Dataset:
    """Two intervals of every quantity exchanged, under the same stamps."""
    order = np.arange(solution.sizes["time"])
    first, other = random.choice(len(order), 2, replace=False)
    order[[first, other]] = order[[other, first]]
    return solution.isel(time=order).assign_coords(time=solution["time"].to_numpy())


def moved_stamps(solution: xr.Dataset, random: Random) -> xr.Dataset:
    """All stamps shifted, or two of them exchanged."""
    stamps = solution["time"].to_numpy().copy()
    if random.random() < 0.5:
        return solution.assign_coords(time=stamps + np.timedelta64(int(random.integers(1, 60)), "m"))
    first, other = random.choice(len(stamps), 2, replace=False)
    stamps[[first, other]] = stamps[[other, first]]
    return solution.assign_coords(time=stamps)


def changed_series(solution: xr.Dataset, random: Random) -> xr.Dataset:
    """An input changed in one interval, or throughout."""
    name = _any_name(solution, random, "series")
    values = solution[name].to_numpy().copy()
    where = slice(None) if random.random() < 0.3 else random.integers(len(values))
    values[where] += random.choice([-1, 1]) * 10.0 ** random.uniform(-6, 1) * max(1.0, np.abs(values).max())
    return _changed(solution, name, values)


def changed_total(solution: xr.Dataset, random: Random) -> xr.Dataset:
    """Objective, bound, gap or length of the intervals changed, or not a number."""
    name = random.choice(["objective_yuan", "bound_yuan", "gap", "hours"])
    value = float(solution.attrs[name])
    change = 10.0 ** random.uniform(-5, 1) * (1.0 + abs(value)) * random.choice([-1, 1])
    return solution.assign_attrs({name: np.nan if random.random() < 0.1 else value + change})


def scaled_values(solution: xr.Dataset, random: Random) -> xr.Dataset | None:
    """A quantity multiplied by a number near one, or with its sign changed."""
    name = _any_name(solution, random)
    values = solution[name].to_numpy().copy()
    factor = -1.0 if random.random() < 0.2 else 1.0 + random.choice([-1, 1]) * random.uniform(0.001, 0.2)
    if np.abs(values * (factor - 1.0)).max() < DISTINCT:
        return None
    return _changed(solution, name, values * factor)


def small_shift(solution: xr.Dataset, random: Random) -> xr.Dataset:
    """One value a little further off than the tolerance: 10 W or 10 Wh, a cent of money or of a capacity."""
    name = _any_name(solution, random)
    values = solution[name].to_numpy().copy()
    coarse = solution[name].attrs["kind"] in ("cost", "shared")
    values[random.integers(len(values))] += random.choice([-1, 1]) * (0.02 if coarse else 2e-5)
    return _changed(solution, name, values)


def exchanged_quantities(solution: xr.Dataset, random: Random) -> xr.Dataset | None:
    """Two quantities of one kind, each under the other's name."""
    kind = str(random.choice(["variable", "injection", "cost", "series"]))
    names = [name for name in of_kind(solution, kind) if solution[name].dims == ("time",)]
    quantity, other_quantity = (str(name) for name in random.choice(names, 2, replace=False))
    first, second = solution[quantity].to_numpy(), solution[other_quantity].to_numpy()
    if np.abs(first - second).max() < DISTINCT:
        return None
    return _changed(_changed(solution, quantity, second), other_quantity, first)


def renamed_month(solution: xr.Dataset, random: Random) -> xr.Dataset | None:
    """A month's decision under the name of a month that is not there."""
    labels = solution["month"].to_numpy().copy() if "month" in solution.coords else np.array([])
    if not len(labels):
        return None
    labels[random.integers(len(labels))] = "1999-01"
    return solution.assign_coords(month=labels)


DAMAGES: tuple[Callable[[xr.Dataset, Random], xr.Dataset | None], ...] = (
    not_finite,
    moved_cost,
    swapped_values,
    swapped_intervals,
    moved_stamps,
    changed_series,
    changed_total,
    scaled_values,
    small_shift,
    exchanged_quantities,
    renamed_month,
)
