"""Where the park is."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


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
