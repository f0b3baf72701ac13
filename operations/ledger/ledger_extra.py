"""What the ledger needs beside the package's own dependencies: the extra `ledger`."""

from importlib.util import find_spec

from parkdispatch.models.errors import InputError

LIBRARIES = ("sqlalchemy", "alembic")


def require_ledger_extra(*drivers: str) -> None:
    """Raise InputError where the libraries of the ledger, or of a driver, are not installed."""
    missing = [name for name in (*LIBRARIES, *drivers) if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"a ledger needs {' and '.join(missing)}, which {are} not installed: pip install"
            " 'parkdispatch[ledger]'"
        )
