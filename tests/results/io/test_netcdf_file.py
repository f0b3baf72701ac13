"""NetCDF files hold what xarray would have written, so that any reader of the format finds it."""

import doctest
import io

import h5py
import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.results.io import netcdf_file
from parkdispatch.results.io.netcdf_file import netcdf_bytes


def every_kind() -> xr.Dataset:
    """Numbers of each kind, gaps, text, times, a scalar, a dimension without a variable, labels beside it."""
    rng = np.random.default_rng(1)
    return xr.Dataset(
        {
            "yuan": (
                ("choice", "year"),
                rng.random((2, 3)),
                {"units": "yuan", "first": 3, "steps": [1.0, 2.0]},
            ),
            "share": ((), 0.25),
            "pays": ("year", np.array([1, 0, 1], np.int8)),
            "count": ("choice", [1, 2]),
            "name": ("choice", ["甲", "b"]),
            "gaps": ("year", [np.nan, 1.0, 2.0]),
            "drawn": (("choice", "draw", "year"), rng.random((2, 4, 3))),
        },
        coords={
            "choice": ["one", "二"],
            "year": [1, 2, 3],
            "label": ("choice", ["L1", "标签"]),
            "time": pd.date_range("2026-07-15", periods=5, freq="15min"),
        },
        attrs={"title": "文", "hours": 0.25, "ends": [1.0, 2.0]},
    )


def by_xarray(dataset: xr.Dataset, group: str | None) -> xr.Dataset:
    content = io.BytesIO()
    dataset.to_netcdf(content, engine="h5netcdf", group=group)
    return xr.load_dataset(io.BytesIO(content.getvalue()), engine="h5netcdf", group=group)


def test_what_is_read_is_what_xarray_would_have_written() -> None:
    first, second = every_kind(), every_kind()[["yuan", "gaps"]] * 2.0
    content = netcdf_bytes({"/": first, "risk": second})
    for group, dataset in ((None, first), ("risk", second)):
        read = xr.load_dataset(io.BytesIO(content), engine="h5netcdf", group=group)
        assert read.identical(by_xarray(dataset, group))
        assert read.identical(dataset)
        assert list(read.data_vars) == list(dataset.data_vars)
        assert read["gaps"].encoding["_FillValue"] != read["gaps"].encoding["_FillValue"]  # not a number


def test_the_dimensions_are_those_of_the_format() -> None:
    """Scales with numbers of their own in the whole file; each array names the scales of its axes."""
    content = netcdf_bytes({"/": every_kind(), "risk": every_kind()})
    with h5py.File(io.BytesIO(content)) as file:
        numbers = {}
        for group in (file, file["risk"]):
            scales = {name: group[name] for name in ("choice", "year", "draw", "time")}
            assert all(scale.is_scale for scale in scales.values())
            assert (
                scales["draw"].attrs["NAME"]
                == b"This is a netCDF dimension but not a netCDF variable.         4"
            )
            numbers |= {scale.name: int(scale.attrs["_Netcdf4Dimid"]) for scale in scales.values()}
            axes = [axis[0].name for axis in group["drawn"].dims]
            assert axes == [scales[name].name for name in ("choice", "draw", "year")]
            ids = [numbers[name] for name in axes]
            assert group["drawn"].attrs["_Netcdf4Coordinates"].tolist() == ids
        assert sorted(numbers.values()) == list(range(8))
        assert file["drawn"].compression == "gzip" and file["share"].compression is None


def test_the_same_data_make_the_same_bytes() -> None:
    assert netcdf_bytes({"/": every_kind()}) == netcdf_bytes({"/": every_kind()})


def test_the_example_of_the_docstring_runs() -> None:
    assert doctest.testmod(netcdf_file) == (0, 3)
