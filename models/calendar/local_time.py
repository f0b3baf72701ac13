"""Moments of a case file: local times, without an offset."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):  # pydantic would read 2026 as seconds since 1970
        raise ValueError("must be a date and time such as 2026-07-15 18:00:00")  # noqa: TRY004 - pydantic
    return value


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is not None:
        raise ValueError("must be local time, without an offset or Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_local)]
