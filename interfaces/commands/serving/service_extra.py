"""What the service needs beside the package's own dependencies: the extra `service`."""

from importlib.util import find_spec

from parkdispatch.models.errors import InputError

LIBRARIES = ("fastapi", "uvicorn", "itsdangerous", "prometheus_client", "sqlalchemy", "alembic")


def require_service_extra() -> None:
    """Raise InputError where the libraries of the service are not installed."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"the service needs {' and '.join(missing)}, which {are} not installed: pip install"
            " 'parkdispatch[service]'"
        )
