"""The ledger: what it holds of a site, and what people record in it."""

import json
from datetime import date
from typing import Annotated, Any

import pandas as pd
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from parkdispatch.interfaces.commands.days.ledger_options import author, moment
from parkdispatch.interfaces.service.access.auth import check_site, current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.service.service_state import service_of

ledger_router = APIRouter(tags=["ledger"])
Reader = Annotated[TokenUser, Depends(current_user("read"))]
Planner = Annotated[TokenUser, Depends(current_user("plan"))]
Sender = Annotated[TokenUser, Depends(current_user("send"))]
Short = Annotated[str, Field(min_length=1, max_length=200)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewSite(_Body):
    """A case whose park the ledger is to know."""

    case: Short


class ReadValue(_Body):
    """One value that a person has read: what, how much, and at which local moment."""

    what: Short
    value: float
    at: Short


class NewOutage(_Body):
    """An outage, or another version of the one with a number; `withdraw` says that it is none."""

    device: Short
    begin: Short
    end: Short
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    replaces: Annotated[int, Field(ge=0)] = 0
    withdraw: bool = False


class NewSending(_Body):
    """The version of a plan that is sent; `instead_of` names the one that was sent before."""

    version: Annotated[int, Field(ge=1)]
    instead_of: Annotated[int | None, Field(ge=1)] = None


@ledger_router.get("/cases")
def cases(request: Request, user: Reader) -> dict[str, Any]:
    """The cases that may be named, with their sites."""
    pairs = [(site, name) for site, name in service_of(request).cases.all_sites() if user.sees(site)]
    return {"cases": [{"name": name, "site": site} for site, name in pairs]}


@ledger_router.get("/sites")
def sites(request: Request, user: Reader) -> dict[str, Any]:
    """What the ledger holds of each site: channels, plans of the last days, outages."""
    from dataclasses import asdict

    from parkdispatch.operations.ledger.ledger_summary import ledger_status

    status = ledger_status(service_of(request).ledger)
    return {
        "revision": status.revision,
        "sites": [asdict(site) for site in status.sites if user.sees(site.name)],
    }


@ledger_router.post("/sites", status_code=201)
def add_park(request: Request, body: NewSite, user: Planner) -> dict[str, Any]:
    """Add the park of a case, with its tariff."""
    from parkdispatch.operations.ledger.sites import add_site

    service = service_of(request)
    check_site(user, service.cases.site(body.case))
    park = service.cases.case(body.case)
    return {"site": park.name, "added": add_site(service.ledger, park, author(user.name))}


@ledger_router.get("/sites/{site}/measurements")
def measurements(
    request: Request, site: str, what: str, first: str, last: str, user: Reader
) -> dict[str, Any]:
    """What is in force of a quantity, such as `load` or `soc:battery_1`, from one local moment to another."""
    from parkdispatch.operations.ledger.measurements import measured_values
    from parkdispatch.operations.ledger.quantities import measured_quantity
    from parkdispatch.operations.ledger.sites import site_of

    check_site(user, site)
    service = service_of(request)
    park = service.cases.case_of_site(site)
    of = measured_quantity(park, what)
    begin, end = pd.Timestamp(moment("first", first)), pd.Timestamp(moment("last", last))
    if (end - begin).days > 400:
        raise RequestError(422, f"argument `last` = {last}: must be 400 days after `first` at most")
    with service.ledger.reading() as connection:
        number = site_of(connection, park).number
        values = measured_values(connection, number, of, begin, end)
    return {
        "what": of.text,
        "unit": of.quantity.spec.unit,
        "values": [
            {"begin": begin.isoformat(), "value": row.value, "quality": row.quality, "version": row.version}
            for begin, row in zip(values.index, values.itertuples(), strict=True)
        ],
    }


@ledger_router.post("/sites/{site}/readings", status_code=201)
def add_reading(request: Request, site: str, body: ReadValue, user: Planner) -> dict[str, Any]:
    """Record one value that a person has read."""
    from parkdispatch.operations.ledger.measurements import record_value

    check_site(user, site)
    service = service_of(request)
    instant = pd.Timestamp(moment("at", body.at))
    park = service.cases.case_of_site(site)
    item = record_value(service.ledger, park, body.what, body.value, instant, author(user.name))
    return {"what": item.measured.text, "repeated": item.repeated, "delivery": item.number}


@ledger_router.post("/sites/{site}/outages", status_code=201)
def add_outage(request: Request, site: str, body: NewOutage, user: Planner) -> dict[str, Any]:
    """Record an outage, another version of one, or that it is none."""
    from parkdispatch.operations.known_outages import RecordedOutage
    from parkdispatch.operations.ledger.outages import record_outage

    check_site(user, site)
    service = service_of(request)
    begin, end = moment("begin", body.begin), moment("end", body.end)
    item = RecordedOutage(body.device, begin, end, body.share, body.replaces)
    park = service.cases.case_of_site(site)
    number, is_new = record_outage(service.ledger, park, item, author(user.name), withdraw=body.withdraw)
    return {"number": number, "added": is_new}


@ledger_router.get("/sites/{site}/plans/{day}")
def plans(request: Request, site: str, day: date, user: Reader) -> dict[str, Any]:
    """The versions of a day's plan, and which were sent."""
    from parkdispatch.operations.ledger.plan_versions import plan_versions, sendings
    from parkdispatch.operations.ledger.sites import site_of

    check_site(user, site)
    service = service_of(request)
    with service.ledger.reading() as connection:
        number = site_of(connection, service.cases.case_of_site(site)).number
        versions, sent = plan_versions(connection, number, day), sendings(connection, number, day)
    return {
        "versions": [
            {
                "version": item.version,
                "by": item.by,
                "at": f"{item.at.isoformat()}+00:00",
                "cost_yuan": item.cost_yuan,
                "gap": item.gap,
                "basis": item.basis,
            }
            for item in versions
        ],
        "sent": [
            {"version": item.version, "by": item.by, "at": f"{item.at.isoformat()}+00:00"} for item in sent
        ],
    }


@ledger_router.post("/sites/{site}/plans/{day}/send", status_code=201)
def send(request: Request, site: str, day: date, body: NewSending, user: Sender) -> dict[str, Any]:
    """Say that a version is sent: its set points are in force from now on."""
    from parkdispatch.operations.ledger.plan_versions import send_plan

    check_site(user, site)
    service = service_of(request)
    park, who = service.cases.case_of_site(site), author(user.name)
    sent, is_new = send_plan(service.ledger, park, day, body.version, who, body.instead_of)
    return {"version": sent.version, "by": sent.by, "added": is_new}


@ledger_router.get("/sites/{site}/settlements/{day}")
def settlement(request: Request, site: str, day: date, user: Reader) -> Any:
    """The last settlement of a day."""
    from parkdispatch.operations.settlement.settlement_store import last_settlement

    check_site(user, site)
    service = service_of(request)
    content = last_settlement(service.ledger, service.cases.case_of_site(site), day)
    if content is None:
        raise RequestError(404, f"{day} is not settled at {site}")
    return json.loads(content)
