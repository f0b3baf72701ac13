"""What the ledger needs beside the package's own dependencies: the extra `ledger`."""

from parkdispatch.inputs.messages.extras import missing_libraries
from parkdispatch.models.errors import InputError

LIBRARIES = ("sqlalchemy", "alembic")


def require_ledger_extra(*drivers: str) -> None:
    """Raise InputError where the libraries of the ledger, or of a driver, are not installed."""
    if missing := missing_libraries((*LIBRARIES, *drivers)):
        raise InputError(
            f"a ledger needs {missing.names}, which {missing.are} not installed: pip install"
            " 'parkdispatch[ledger]'"
        )
