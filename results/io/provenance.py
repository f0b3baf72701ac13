"""Provenance of a result: versions of the program and its numerical packages, and a digest of its code."""

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
PACKAGES = ("models", "inputs", "optimizer", "results", "studies", "operations", "interfaces")


def versions() -> dict[str, str]:
    """Versions of Python, the program and its numerical packages."""
    return dict(_installed_versions())


@cache
def _installed_versions() -> tuple[tuple[str, str], ...]:
    """The same; looking them up takes a tenth of the time of writing a plan."""
    installed = {"python": platform.python_version()}
    for name in NAMED_VERSIONS:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # run from a checkout that is not installed
            installed[name] = "not installed"
    return tuple(installed.items())


@cache
def program_versions() -> dict[str, str]:
    """Versions, and as `code` a digest of the program's source, which may change without its version.

    If two of these differ in any entry, figures may differ in the last bit.
    """
    root, digest = Path(__file__).parents[2], hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return {**versions(), "code": digest.hexdigest()[:16]}


def version_differences(stored: dict[str, str], current: dict[str, str]) -> list[str]:
    """The entries in which the versions stored with a result differ from the current ones, as text."""
    return [
        f"{name} {stored.get(name, 'none')} there and {current.get(name, 'none')} here"
        for name in dict.fromkeys([*current, *stored])
        if stored.get(name) != current.get(name)
    ]
