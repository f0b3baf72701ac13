"""Location of the park: geographic position, altitude and time zone."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from parkdispatch.models.declaration import ASSUMED, NO_UNIT, Declaration, declared

# largest plausible difference of clock and mean solar time; western Xinjiang has 3.1 h, the most on Earth
MAX_SOLAR_LAG_HOURS = 4.0


def _known_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("must be an IANA time zone such as Asia/Shanghai") from error
    return name


class Site(Declaration):
    """Position of the park, for the position of the sun and for local time."""

    latitude_deg: Annotated[float, Field(ge=-90, le=90)] = declared(
        "deg", "Geographic latitude; north is positive"
    )
    longitude_deg: Annotated[float, Field(ge=-180, le=180)] = declared(
        "deg", "Geographic longitude; east is positive"
    )
    altitude_m: Annotated[float, Field(ge=-430, le=9000)] = declared(
        "m", "Altitude above sea level, for air pressure and the clear-sky model", ASSUMED, 0.0
    )
    timezone: Annotated[str, AfterValidator(_known_timezone)] = declared(
        NO_UNIT, "IANA name of the time zone of all local times, one without summer time",
        ASSUMED, "Asia/Shanghai",
    )  # fmt: skip

    def summer_time_problems(self, year: int) -> list[str]:
        """What is wrong with a zone whose clocks change in a year: the program works in standard time."""
        zone, first = ZoneInfo(self.timezone), datetime(year, 1, 1, 12)
        days = (first + timedelta(days=day) for day in range(366))
        moments = [day.replace(tzinfo=zone) for day in days if day.year == year]
        offsets = {moment.utcoffset() for moment in moments}
        if len(offsets) == 1 and not any(moment.dst() for moment in moments):
            return []
        standard = [moment.utcoffset() or timedelta(0) for moment in moments if not moment.dst()]
        hours, rest = divmod(min(standard, default=timedelta(0)), timedelta(hours=1))
        fixed = "" if rest else f", such as Etc/GMT{-hours:+d}"
        change = "has summer time" if any(moment.dst() for moment in moments) else "changes its clock"
        return [
            f"`site.timezone` = {self.timezone}: {change} in {year}, but prices, series and sun are"
            f" matched in standard time: must be a zone without it{fixed}, whose clock all times follow then,"
            " those of the tariff too"
        ]

    @model_validator(mode="after")
    def _clock_follows_sun(self) -> Self:
        utc_offset = ZoneInfo(self.timezone).utcoffset(datetime(2026, 1, 1)) or timedelta(0)
        lag = (utc_offset / timedelta(hours=1) - self.longitude_deg / 15.0 + 12.0) % 24.0 - 12.0
        if abs(lag) > MAX_SOLAR_LAG_HOURS:
            raise ValueError(
                f"longitude_deg = {self.longitude_deg:.15g}: noon there is {abs(lag):.15g} h from noon in"
                f" `timezone` = {self.timezone}, must be at most {MAX_SOLAR_LAG_HOURS:.15g} h (east is plus)"
            )
        return self
