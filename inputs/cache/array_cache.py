"""Arrays kept in the cache folder by a digest of all they follow from."""

import io
from collections.abc import Callable, Mapping

import numpy as np

from parkdispatch.inputs.cache.cache_folder import cache_folder, read_entry, write_entry
from parkdispatch.models.device import Array

PREFIX = "array."  # of names in a file: numpy would take some for arguments


def kept(key: str, compute: Callable[[], Mapping[str, Array]]) -> Mapping[str, Array]:
    """The arrays that were kept by a key, or else those that `compute` gives, which are kept.

    Both are equal to the last bit. Errors of `compute` are raised, and nothing is kept.
    """
    if cache_folder() is None:
        return compute()
    content = read_entry(key)
    if content is not None:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name.removeprefix(PREFIX): file[name] for name in file.files}
    arrays = compute()
    buffer, named = io.BytesIO(), {f"{PREFIX}{name}": array for name, array in arrays.items()}
    np.savez(buffer, **named)  # type: ignore[arg-type] # numpy's types take a name for its `allow_pickle`
    write_entry(key, buffer.getvalue())
    return arrays
