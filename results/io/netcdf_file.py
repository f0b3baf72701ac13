"""NetCDF-4 files written with h5py: what xarray writes through h5netcdf, in a fraction of the time.

h5netcdf looks every variable and every dimension up in the file again for each attribute and each size, which
took longer than planning a day. The format is HDF5 with dimension scales and two attributes of their numbers:
https://docs.unidata.ucar.edu/netcdf-c/current/file_format_specifications.html
"""

import io
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

import numpy as np
import xarray as xr
from xarray.conventions import cf_encoder, encode_dataset_coordinates

NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable.%10d"  # the name of such a scale
PACKED = {"compression": "gzip", "compression_opts": 1}


def netcdf_bytes(groups: Mapping[str, xr.Dataset]) -> bytes:
    """The content of a NetCDF-4 file with datasets as its groups; "/" is the root group.

    Encoded by the conventions of xarray, which reads what was given, identically; data variables of more
    than one value are compressed. A data variable may not have the name of a dimension.

    >>> import xarray as xr
    >>> content = netcdf_bytes({"/": xr.Dataset({"load_mw": ("hour", [1.5, 2.0])})})
    >>> xr.load_dataset(io.BytesIO(content), engine="h5netcdf")["load_mw"].to_numpy()
    array([1.5, 2. ])
    """
    import h5py

    content, numbers = io.BytesIO(), count()
    with h5py.File(content, "w", track_order=True) as file:
        file.attrs["_NCProperties"] = np.bytes_(f"version=2,h5py={h5py.__version__}")
        for name, dataset in groups.items():
            group = file if name == "/" else file.create_group(name, track_order=True)
            _write_group(group, dataset, numbers)
    return content.getvalue()


def _write_group(group: Any, dataset: xr.Dataset, numbers: Iterator[int]) -> None:
    """Write a dataset into a group; `numbers` are those of the dimensions of the file."""
    variables, attributes = cf_encoder(*encode_dataset_coordinates(dataset))
    _set_attributes(group, attributes)
    scales = {}
    for dimension, size in dataset.sizes.items():
        if dimension in variables:
            scale = _array(group, dimension, variables[dimension], packed=False)
            scale.make_scale(dimension)
        else:
            scale = group.create_dataset(dimension, (size,), ">f4")
            scale.make_scale(NO_VARIABLE % size)
        scales[dimension] = (scale, np.int32(next(numbers)))
        scale.attrs["_Netcdf4Dimid"] = scales[dimension][1]
    for name, variable in variables.items():
        if name not in scales:
            array = _array(group, name, variable, packed=name in dataset.data_vars and variable.size > 1)
            _attach(array, [scales[dimension] for dimension in variable.dims])


def _array(group: Any, name: Any, variable: xr.Variable, *, packed: bool) -> Any:
    """The array of an encoded variable, with its attributes."""
    import h5py

    values, attributes = np.asarray(variable.values), dict(variable.attrs)
    fill = attributes.pop("_FillValue", None)
    if values.dtype.kind in "OU":
        values = values.astype(h5py.string_dtype())
    how = PACKED if packed else {}
    array = group.create_dataset(name, data=values, dtype=values.dtype, fillvalue=fill, **how)
    if fill is not None:
        attributes["_FillValue"] = np.asarray(fill, values.dtype)
    _set_attributes(array, attributes)
    return array


def _attach(array: Any, scales: list[tuple[Any, np.int32]]) -> None:
    """Name the dimensions of an array by their scales and their numbers."""
    from h5py import h5ds

    for axis, (scale, _) in enumerate(scales):
        h5ds.attach_scale(array.id, scale.id, axis)
    if scales:
        array.attrs["_Netcdf4Coordinates"] = np.array([number for _, number in scales])


def _set_attributes(place: Any, attributes: Mapping[Any, Any]) -> None:
    """Set text as text, and numbers as arrays of one value or more."""
    for name, value in attributes.items():
        place.attrs[name] = value if isinstance(value, str) else np.atleast_1d(value)
