"""What the service needs beside the package's own dependencies: the extra `service`."""

from parkdispatch.inputs.messages.extras import missing_libraries
from parkdispatch.models.errors import InputError

LIBRARIES = ("fastapi", "uvicorn", "itsdangerous", "prometheus_client", "sqlalchemy", "alembic")


def require_service_extra() -> None:
    """Raise InputError where the libraries of the service are not installed."""
    if missing := missing_libraries(LIBRARIES):
        raise InputError(
            f"the service needs {missing.names}, which {missing.are} not installed: pip install"
            " 'parkdispatch[service]'"
        )
