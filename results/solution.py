"""A solution seen from outside the optimizer: one device's part of it, and the file it travels in."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.models.device import Array, Seen
from parkdispatch.models.errors import InputError

PERIODS = {"day": "%Y-%m-%d", "month": "%Y-%m"}


def times_of(solution: xr.Dataset) -> pd.DatetimeIndex:
    """Local starts of the intervals."""
    return pd.DatetimeIndex(solution["time"].to_numpy())


def values(solution: xr.Dataset, name: str) -> Array:
    """One quantity as an array, shape (intervals,), a shared one repeated for each of its intervals."""
    quantity = solution[name]
    found = quantity.to_numpy().astype(np.float64)
    dim = str(quantity.dims[0])
    if dim == "time":
        return found
    times = times_of(solution)
    labels = times.strftime(PERIODS[dim]) if dim in PERIODS else pd.Index(["horizon"] * len(times))
    where = pd.Index(solution[dim].to_numpy()).get_indexer(labels)
    return np.asarray(found[where])


def of_kind(solution: xr.Dataset, kind: str, device: str | None = None) -> list[str]:
    """Names of the quantities of a kind, of one device or of all."""
    return [
        str(name)
        for name, quantity in solution.data_vars.items()
        if quantity.attrs["kind"] == kind and (device is None or str(name).split(".")[0] == device)
    ]


def seen(solution: xr.Dataset, device: str) -> Seen:
    """What one device did, in the form its self-check takes."""

    def part(*kinds: str) -> Mapping[str, Array]:
        names = [name for kind in kinds for name in of_kind(solution, kind, device)]
        return {name.split(".", 1)[1]: values(solution, name) for name in names}

    injection = {
        name.removeprefix("injection_").removesuffix("_mw"): power
        for name, power in part("injection").items()
    }
    return Seen(
        times=times_of(solution),
        hours=float(solution.attrs["hours"]),
        values=part("variable", "derived", "series"),
        shared=part("shared"),
        injection=injection,
    )


def cost_yuan(solution: xr.Dataset) -> dict[str, float]:
    """Every named cost over the horizon; plus is paid."""
    return {name: float(solution[name].sum()) for name in of_kind(solution, "cost")}


def save(solution: xr.Dataset, path: Path) -> None:
    """Write the whole solution as NetCDF."""
    encoding = {str(name): {"zlib": True, "complevel": 1} for name in solution.data_vars}
    solution.to_netcdf(path, engine="h5netcdf", encoding=encoding)


def read(path: Path) -> xr.Dataset:
    """Read a solution written by `save`. Raises InputError if it is none."""
    try:
        with xr.open_dataset(path, engine="h5netcdf") as found:
            return found.load()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: is no solution this program wrote: {error}") from error
