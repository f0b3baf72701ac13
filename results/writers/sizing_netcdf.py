"""NetCDF files of a sizing study: `surface.nc`, and `size.nc` with one group per part of the study."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr

from parkdispatch.models.errors import InputError
from parkdispatch.results.io.netcdf_file import netcdf_bytes
from parkdispatch.results.sizing.sizing_results import SizeStudy
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.sizing_frames import UNITS

GROUPS = ("surface", "when", "risk")  # of size.nc


def study_groups(study: SizeStudy) -> dict[str, xr.Dataset]:
    """The datasets that a study has, by group of size.nc, with units."""
    return {name: with_units(part) for name in GROUPS if (part := getattr(study, name)) is not None}


def with_units(dataset: xr.Dataset | None) -> xr.Dataset:
    """A copy of the dataset with units and long names, so that the file is self-describing.

    Booleans become integers, which NetCDF can store.
    """
    assert dataset is not None
    names = load_words("en", "size")["size_measures"]
    described = dataset.copy()
    for name in map(str, described.variables):
        if name in UNITS:
            described[name].attrs["units"] = UNITS[name]
        if name in names:
            described[name].attrs.setdefault("long_name", str(names[name]).rpartition(", ")[0] or names[name])
        if described[name].dtype == np.bool_:
            described[name] = described[name].astype(np.int8).assign_attrs(described[name].attrs)
    return described


def save_groups(groups: Mapping[str, xr.Dataset], path: Path) -> None:
    """Write datasets as the groups of one NetCDF file; "/" is the root group.

    It is made in memory first, as the solution is.
    """
    path.write_bytes(netcdf_bytes(groups))


def read_group(path: Path, group: str) -> xr.Dataset:
    """Read one group of size.nc: "surface", "when" or "risk". Raises InputError where it is missing."""
    try:
        with xr.open_dataset(path, engine="h5netcdf", group=group) as dataset:
            return dataset.load()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path}: holds no `{group}` this program wrote: {error}") from error
