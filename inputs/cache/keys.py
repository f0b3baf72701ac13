"""Keys of what is kept: a digest of the inputs, and of all by which the same inputs give the same bits."""

import hashlib
import json
import platform
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from parkdispatch.models.device import Device


def digest(content: Any) -> str:
    """Digest of any JSON content, independent of the order of keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def declaration(device: Device) -> list[Any]:
    """What a device's equations and series follow from, as JSON: its kind and all its fields but titles."""
    return [type(device).__qualname__, device.untitled().model_dump(mode="json")]


def source_digest(layers: Iterable[str]) -> str:
    """Digest of the source of these layers of the program, which may change without its version."""
    return digest([_layer_digest(layer) for layer in layers])


@cache
def _layer_digest(layer: str) -> str:
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for path in sorted((root / layer).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def program_digest(layers: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """Digest of what computes: layers of this program, versions of libraries, Python, the processor.

    Of the processor the vector instructions count that numpy uses, which round differently.
    """
    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    return digest(
        [source_digest(layers), versions(libraries), platform.python_version(), platform.machine(), simd]
    )


def versions(names: Iterable[str]) -> dict[str, str]:
    """The installed versions of packages."""
    installed = {}
    for name in names:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # run from a checkout that is not installed
            installed[name] = "not installed"
    return installed
