"""What forecasts need beside the package's own dependencies: the extra `forecast`."""

from importlib.util import find_spec

from parkdispatch.models.errors import InputError

LEARNING_LIBRARIES = ("lightgbm",)


def require_forecast_extra() -> None:
    """Raise InputError where the libraries of forecasts are not installed."""
    missing = [name for name in LEARNING_LIBRARIES if find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise InputError(
            f"a forecast needs {' and '.join(missing)}, which {are} not installed: pip install"
            " 'parkdispatch[forecast]'"
        )
