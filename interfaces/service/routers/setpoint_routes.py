"""Set points of the plan in force, for an energy management system."""

from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request

from parkdispatch.inputs.case import Case
from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.commands.days.ledger_options import moment
from parkdispatch.interfaces.service.access.auth import check_site, current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.operations.setpoints.modbus_registers import write_registers
from parkdispatch.operations.setpoints.plan_in_force import (
    IntervalSetPoints,
    set_points_at,
    set_points_of_day,
)

setpoint_router = APIRouter(tags=["set points"])
Reader = Annotated[TokenUser, Depends(current_user("read"))]
Sender = Annotated[TokenUser, Depends(current_user("send"))]


@setpoint_router.get("/sites/{site}/setpoints")
def set_points(request: Request, site: str, user: Reader, at: str | None = None) -> dict[str, Any]:
    """The set points of the interval of a local moment, by default of now; 404 where no plan is in force."""
    check_site(user, site)
    service = service_of(request)
    park = service.cases.case_of_site(site)
    return _content(_in_force(request, park, at), park)


@setpoint_router.get("/sites/{site}/setpoints/day")
def set_points_by_interval(request: Request, site: str, day: str, user: Reader) -> dict[str, Any]:
    """The set points of a day, interval by interval; none where no plan was sent."""
    check_site(user, site)
    service = service_of(request)
    park = service.cases.case_of_site(site)
    intervals = set_points_of_day(service.ledger, park, moment("day", day).date())
    return {"site": site, "timezone": park.site.timezone, "intervals": [_content(i, park) for i in intervals]}


@setpoint_router.post("/sites/{site}/setpoints/write")
def write_set_points(request: Request, site: str, user: Sender) -> dict[str, Any]:
    """Write the set points of now by Modbus, as the rules of the site say, and tell what was read back."""
    check_site(user, site)
    service = service_of(request)
    park = service.cases.case_of_site(site)
    rules = service.modbus_of(site)
    if rules is None:
        raise RequestError(409, f"{site} has no table [park.modbus] in the rules of automation")
    interval = _in_force(request, park, None)
    held_mw = write_registers(rules, interval, park.site.timezone)
    return {"begin": interval.begin.isoformat(), "version": interval.version, "held_mw": held_mw}


def _in_force(request: Request, park: Case, at: str | None) -> IntervalSetPoints:
    local = now().astimezone(ZoneInfo(park.site.timezone)).replace(tzinfo=None)
    instant: datetime = local if at is None else moment("at", at)
    interval = set_points_at(service_of(request).ledger, park, instant)
    if interval is None:
        raise RequestError(404, f"no plan is in force at {park.name} at {instant:%Y-%m-%d %H:%M}")
    return interval


def _content(interval: IntervalSetPoints, park: Case) -> dict[str, Any]:
    return {
        "site": park.name,
        "begin": interval.begin.isoformat(),
        "end": interval.end.isoformat(),
        "version": interval.version,
        "devices": {
            name: {"power_mw": point.power_mw, "energy_mwh": point.energy_mwh}
            for name, point in interval.devices.items()
        },
    }
