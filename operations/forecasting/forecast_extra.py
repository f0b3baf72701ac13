"""What forecasts need beside the package's own dependencies: the extra `forecast`."""

from parkdispatch.inputs.messages.extras import missing_libraries
from parkdispatch.models.errors import InputError

LEARNING_LIBRARIES = ("lightgbm",)


def require_forecast_extra() -> None:
    """Raise InputError where the libraries of forecasts are not installed."""
    if missing := missing_libraries(LEARNING_LIBRARIES):
        raise InputError(
            f"a forecast needs {missing.names}, which {missing.are} not installed: pip install"
            " 'parkdispatch[forecast]'"
        )
