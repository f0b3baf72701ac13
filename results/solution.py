"""Access to a solution dataset: quantities by name or kind, one device's part, reading and writing."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.models.device import Array, Seen
from parkdispatch.models.errors import InputError

PERIODS = {"day": "%Y-%m-%d", "month": "%Y-%m"}


def times_of(solution: xr.Dataset) -> pd.DatetimeIndex:
    """Local start times of the intervals."""
    return pd.DatetimeIndex(solution["time"].to_numpy())


def values(solution: xr.Dataset, name: str) -> Array:
    """One quantity as an array of shape (intervals,).

    A quantity that the intervals of a day, a month or the horizon share is repeated for each of them.
    """
    quantity = solution[name]
    array = quantity.to_numpy().astype(np.float64)
    dim = str(quantity.dims[0])
    if dim == "time":
        return array
    times = times_of(solution)
    labels = times.strftime(PERIODS[dim]) if dim in PERIODS else pd.Index(["horizon"] * len(times))
    positions = pd.Index(solution[dim].to_numpy()).get_indexer(labels)
    return np.asarray(array[positions])


def of_kind(solution: xr.Dataset, kind: str, device: str | None = None) -> list[str]:
    """Names of the quantities of one kind (such as "cost"), of one device or of all."""
    return [
        str(name)
        for name, quantity in solution.data_vars.items()
        if quantity.attrs["kind"] == kind and (device is None or str(name).split(".")[0] == device)
    ]


def device_quantities(solution: xr.Dataset, device: str) -> Seen:
    """The quantities of one device, in the form that its self-check and indicators take."""

    def part(*kinds: str) -> Mapping[str, Array]:
        names = [name for kind in kinds for name in of_kind(solution, kind, device)]
        return {name.split(".", 1)[1]: values(solution, name) for name in names}

    injection = {
        name.removeprefix("injection_").removesuffix("_mw"): power_mw
        for name, power_mw in part("injection").items()
    }
    return Seen(
        times=times_of(solution),
        hours=float(solution.attrs["hours"]),
        values=part("variable", "derived", "series"),
        shared=part("shared"),
        injection=injection,
    )


def dispatch_table(solution: xr.Dataset) -> pd.DataFrame:
    """Series, variables and derived quantities, one row an interval; the unit ends each column's name."""
    names = [name for kind in ("series", "variable", "derived") for name in of_kind(solution, kind)]
    index = pd.DatetimeIndex(times_of(solution), name="time")
    return pd.DataFrame({name: solution[name].to_numpy() for name in names}, index=index)


def cost_yuan(solution: xr.Dataset) -> dict[str, float]:
    """Each named cost over the horizon [yuan]; positive is paid."""
    return {name: float(solution[name].sum()) for name in of_kind(solution, "cost")}


def save_solution(solution: xr.Dataset, path: Path) -> None:
    """Write the solution as a NetCDF file."""
    encoding = {str(name): {"zlib": True, "complevel": 1} for name in solution.data_vars}
    solution.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def read_solution(path: Path) -> xr.Dataset:
    """Read a solution written by `save`. Raises InputError where the file is not one."""
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            return dataset.load()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no solution this program wrote: {error}") from error
