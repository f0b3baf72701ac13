"""Libraries of an extra that are not installed."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import NamedTuple


class MissingLibraries(NamedTuple):
    """Their names as a sentence has them, and the verb that follows."""

    names: str
    are: str


def missing_libraries(libraries: Sequence[str]) -> MissingLibraries | None:
    """Those that are not installed; None where all of them are."""
    missing = [name for name in libraries if find_spec(name) is None]
    return MissingLibraries(" and ".join(missing), "is" if len(missing) == 1 else "are") if missing else None
