"""What computed a result: versions of the program and of what its figures rest on, and its code."""

import hashlib
import importlib.metadata
import platform
from functools import cache
from pathlib import Path

NAMED_VERSIONS = (
    "parkdispatch",
    "pyomo",
    "highspy",
    "numba",
    "pvlib",
    "pandas",
    "numpy",
    "scipy",
    "xarray",
    "pydantic",
)
PACKAGES = ("models", "inputs", "optimizer", "results", "studies", "interfaces")


def versions() -> dict[str, str]:
    """Versions of what the figures rest on."""
    found = {"python": platform.python_version()}
    for name in NAMED_VERSIONS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
            found[name] = "not installed"
    return found


@cache
def program_versions() -> dict[str, str]:
    """Names and versions; where two of these differ in anything, their figures may differ in the last bit.

    `code` is a digest of the program's own source, for a checkout changes while its version stays.
    """
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return {**versions(), "code": digest.hexdigest()[:16]}


def version_differences(there: dict[str, str], here: dict[str, str]) -> list[str]:
    """What differs between two programs, a few words each."""
    return [
        f"{name} {there.get(name, 'none')} there and {here.get(name, 'none')} here"
        for name in dict.fromkeys([*here, *there])
        if there.get(name) != here.get(name)
    ]
