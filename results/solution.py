"""Access to a solution dataset: quantities by name or kind, one device's part, reading and writing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self, get_args

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.calendar.labels import labels_of_days
from parkdispatch.models.device import Array, Seen
from parkdispatch.models.errors import InputError
from parkdispatch.models.vocabulary import Amount
from parkdispatch.results.io.netcdf_file import netcdf_bytes

PERIODS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
ATTRIBUTES = ("units", "kind", "device", "key")  # of each quantity
IDLE = "idle_"  # begins the name of a shortfall below a minimum power, which is no flow


class QuantityName(str):
    """A name such as "grid.purchase_yuan" that carries its parts, so that nothing has to take it apart.

    `key` is what the device calls the quantity, without its unit; of an injection, the bus. Equal to the
    plain text, under which files and programs know it.
    """

    __slots__ = ("device", "key", "kind")
    device: str
    key: str
    kind: str

    def __new__(cls, text: str, device: str, key: str, kind: str = "") -> Self:
        """Name a quantity of a device."""
        name = super().__new__(cls, text)
        name.device, name.key, name.kind = device, key, kind
        return name

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str, str]]:  # results leave a worker by pickle
        return type(self), (str(self), self.device, self.key, self.kind)


def times_of(solution: xr.Dataset) -> pd.DatetimeIndex:
    """Local start times of the intervals."""
    return pd.DatetimeIndex(solution.variables["time"].to_numpy())


def span_of(solution: xr.Dataset) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The beginning of the first interval and the end of the last."""
    times = times_of(solution)
    return times[0], times[-1] + pd.Timedelta(hours=float(solution.attrs["hours"]))


def is_whole_day(solution: xr.Dataset) -> bool:
    """Whether a solution is of one calendar day, from midnight to midnight."""
    begin, end = span_of(solution)
    return bool(begin == begin.normalize() and end == begin + pd.Timedelta(days=1))


def values(solution: xr.Dataset, name: str) -> Array:
    """One quantity as an array of shape (intervals,).

    A quantity that the intervals of a day, a month or the horizon share is repeated for each of them.
    """
    quantity = solution.variables[name]
    array = quantity.to_numpy().astype(np.float64)
    dim = str(quantity.dims[0])
    if dim == "time":
        return array
    number, names = labels_of_days(times_of(solution), PERIODS.get(dim, dim))
    positions = pd.Index(solution.variables[dim].to_numpy()).get_indexer(names)
    # a period that is not there has no value
    return np.where(positions < 0, np.nan, array[positions])[number]


def of_kind(solution: xr.Dataset, kind: str, device: str | None = None) -> list[str]:
    """Names of the quantities of one kind (such as "cost"), of one device or of all."""
    return [
        str(name)
        for name, quantity in solution.variables.items()
        if quantity.attrs.get("kind") == kind and device in (None, quantity.attrs["device"])
    ]


def device_of(solution: xr.Dataset, name: str) -> str:
    """The device that a quantity belongs to."""
    return str(solution.variables[name].attrs["device"])


def key_of(solution: xr.Dataset, name: str) -> str:
    """What the device calls a quantity; of an injection, the bus."""
    return str(solution.variables[name].attrs["key"])


def device_quantities(solution: xr.Dataset, device: str) -> Seen:
    """The quantities of one device, in the form that its self-check and indicators take."""
    names_of_kind: dict[str, list[tuple[str, str]]] = {}
    for name, quantity in solution.variables.items():
        attributes = quantity.attrs
        if attributes.get("device") == device:
            names_of_kind.setdefault(attributes["kind"], []).append((attributes["key"], str(name)))

    def part(*kinds: str) -> Mapping[str, Array]:
        return {key: values(solution, name) for kind in kinds for key, name in names_of_kind.get(kind, ())}

    return Seen(
        times=times_of(solution),
        hours=float(solution.attrs["hours"]),
        values=part("variable", "derived", "series"),
        shared=part("shared"),
        injection=part("injection"),
    )


def shown_power_mw(solution: xr.Dataset, case: Case, device: str, kind: str) -> Array:
    """The power that a device displays as of this kind, such as "import" [MW], (intervals,); zero if none."""
    seen = device_quantities(solution, device)
    powers = [display.power_mw(seen) for display in case.devices[device].displays if display.kind == kind]
    return np.asarray(sum(powers, np.zeros(len(seen.times))))


def park_amounts(solution: xr.Dataset, case: Case) -> dict[str, float]:
    """What all devices together have of each amount over the horizon, in its unit, such as MWh."""
    totals: dict[str, float] = dict.fromkeys(get_args(Amount), 0.0)
    for name, device in case.devices.items():
        for amount, of_device in device.amounts(device_quantities(solution, name)).items():
            totals[amount] += float(of_device.sum())
    return totals


def dispatch_table(solution: xr.Dataset) -> pd.DataFrame:
    """Series, variables and derived quantities, one row an interval; the unit ends each column's name."""
    names = [name for kind in ("series", "variable", "derived") for name in of_kind(solution, kind)]
    index = pd.DatetimeIndex(times_of(solution), name="time")
    return pd.DataFrame({name: solution[name].to_numpy() for name in names}, index=index)


def cost_yuan(solution: xr.Dataset) -> dict[QuantityName, float]:
    """Each named cost over the horizon [yuan]; positive is paid."""
    return {
        QuantityName(name, device_of(solution, name), key_of(solution, name), "cost"): float(
            solution.variables[name].to_numpy().sum()  # those of a month once, not for each interval
        )
        for name in of_kind(solution, "cost")
    }


def with_roles(solution: xr.Dataset, case: Case) -> xr.Dataset:
    """The solution with the `role` of each quantity's device, and an injection's `carrier`, as attributes."""
    carriers = case.carriers
    for name in map(str, solution.data_vars):
        attributes = solution[name].attrs
        if attributes["device"] in case.devices:
            attributes["role"] = case.devices[attributes["device"]].role
        if attributes["kind"] == "injection":
            attributes["carrier"] = carriers.get(attributes["key"], "electricity")
    return solution


def save_solution(solution: xr.Dataset, path: Path) -> None:
    """Write the solution as a NetCDF file.

    It is made in memory first: where a disk is full, the HDF5 library ends the process instead of failing.
    """
    path.write_bytes(netcdf_bytes({"/": solution}))


def read_solution(path: Path) -> xr.Dataset:
    """Read a solution written by `save`. Raises InputError where the file is not one."""
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            solution = dataset.load()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no solution this program wrote: {error}") from error
    for name, quantity in solution.data_vars.items():
        if missing := [attribute for attribute in ATTRIBUTES if attribute not in quantity.attrs]:
            raise InputError(
                f"{path}: is no solution this program wrote: `{name}` has no attribute {', '.join(missing)}"
            )
    return solution
