"""Where the park is."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LARGEST_SUN_LAG_HOURS = 4.0  # of clock against sun; western Xinjiang has 3.1, the most on Earth


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be an IANA time zone such as Asia/Shanghai") from error
    return name


class Site(BaseModel):
    """Position of the park, for the sun and for local time."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    latitude_deg: Annotated[float, Field(ge=-90, le=90)]  # north is plus
    longitude_deg: Annotated[float, Field(ge=-180, le=180)]  # east is plus
    altitude_m: Annotated[float, Field(ge=-430, le=9000)] = 0.0
    timezone: Annotated[str, AfterValidator(_known_timezone)] = "Asia/Shanghai"

    @model_validator(mode="after")
    def _clock_follows_sun(self) -> Self:
        offset = ZoneInfo(self.timezone).utcoffset(datetime(2026, 1, 1)) or timedelta(0)
        lag = (offset / timedelta(hours=1) - self.longitude_deg / 15.0 + 12.0) % 24.0 - 12.0
        if abs(lag) > LARGEST_SUN_LAG_HOURS:
            raise ValueError(
                f"longitude_deg = {self.longitude_deg:g}: noon there is {abs(lag):.1f} h from noon in"
                f" `timezone` = {self.timezone}, must be at most {LARGEST_SUN_LAG_HOURS:g} h (east is plus)"
            )
        return self
