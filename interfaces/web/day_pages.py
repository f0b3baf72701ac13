"""The pages of a day: today, tomorrow, and the versions of its plan."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.web.day_sentences import (
    alarm_lines,
    battery_cards,
    cause_lines,
    outage_line,
    peak_cards,
)
from parkdispatch.interfaces.web.hedge_page import hedge_context
from parkdispatch.interfaces.web.page_route import PageRoute
from parkdispatch.interfaces.web.park_page import Page, page_of, show
from parkdispatch.interfaces.web.power_charts import today_charts, tomorrow_charts
from parkdispatch.operations.desk.plan_changes import PlanChange, plan_history
from parkdispatch.operations.desk.set_point_blocks import SetPointBlock
from parkdispatch.operations.desk.today_view import today_view
from parkdispatch.operations.desk.tomorrow_view import TomorrowView, tomorrow_view
from parkdispatch.operations.forecasting.forecast_rules import LEAST_DAYS

day_router = APIRouter(include_in_schema=False, route_class=PageRoute)
Reader = Annotated[TokenUser, Depends(current_user("read"))]


@day_router.get("/park/{site}/today")
def today(request: Request, site: str, user: Reader) -> Response:
    """Plan against meter, set points now, the month's peak, alarms."""
    page = page_of(request, user, site)
    view = today_view(page.desk)
    return show(
        page,
        "today",
        view=view,
        alarms=alarm_lines(page, view.alarms),
        batteries=battery_cards(page, view.batteries),
        peaks=peak_cards(page, view.peaks),
        outages=[outage_line(page, item) for item in view.outages],
        charts=today_charts(page, view),
        version=_version_line(page, view.plan),
        plan_command=page.command(f"plan {page.case_name} --date {page.desk.today} --ledger"),
    )


@day_router.get("/park/{site}/tomorrow")
def tomorrow(request: Request, site: str, user: Reader) -> Response:
    """Forecasts with bands, and the plan."""
    page = page_of(request, user, site)
    view = tomorrow_view(page.desk)
    forecasts, plans = tomorrow_charts(page, view)
    return show(
        page,
        "tomorrow",
        view=view,
        forecasts=forecasts,
        plans=plans,
        issued=_issued(page, view),
        blocks=block_rows(page, view.blocks),
        version=_version_line(page, view.plan),
        least_days=LEAST_DAYS,
        **hedge_context(page, view),
        plan_command=page.command(f"plan {page.case_name} --date {view.day} --ledger"),
        forecast_command=page.command(f"forecast {page.case_name} --for {view.day} --ledger"),
    )


@day_router.get("/park/{site}/changes")
def changes(
    request: Request,
    site: str,
    user: Reader,
    day: date | None = None,
    version: int | None = None,
    confirmed: int | None = None,
) -> Response:
    """The versions of a day's plan, and what one of them changes."""
    page = page_of(request, user, site)
    shown = day or page.desk.today
    history = plan_history(page.desk, shown, version)
    change = history.change if history else None
    return show(
        page,
        "changes",
        day=shown,
        history=history,
        change=change,
        confirmed=confirmed,
        figures=_figures(page, change) if change else [],
        causes=cause_lines(page, change.causes) if change else [],
        blocks=changed_rows(page, change.blocks) if change else [],
        plan_command=page.command(f"plan {page.case_name} --date {shown} --ledger"),
        send_command=page.command(f"ledger send {confirmed or ''} --date {shown} --case {page.case_name}"),
    )


def block_rows(page: Page, blocks: tuple[SetPointBlock, ...]) -> list[Mapping[str, str]]:
    """Stretches of set points as rows of a table; batteries that do the same share theirs."""
    rows = [
        {
            "device": page.device(block.device),
            "begin": page.clock(block.begin)
            if block.begin.date() == page.desk.today
            else f"{block.begin:%H:%M}",
            "end": _end_text(block),
            "action": "discharge" if block.mean_mw > 0 else "charge",
            "power": _range(page, block),
        }
        for block in blocks
    ]
    return _shared(page, rows)


def changed_rows(page: Page, blocks: tuple[SetPointBlock, ...]) -> list[Mapping[str, str]]:
    """Stretches whose set points are other than before; batteries that do the same share theirs."""
    rows = [
        {
            "device": page.device(block.device),
            "begin": f"{block.begin:%H:%M}",
            "end": _end_text(block),
            "was": page.mw(block.before_mw, signed=True, unit=False),
            "now": _range(page, block, signed=True),
        }
        for block in blocks
    ]
    return _shared(page, rows)


def _shared(page: Page, rows: list[dict[str, str]]) -> list[Mapping[str, str]]:
    """Rows in the order of the devices; devices whose rows are all the same have them once."""
    by_device: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_device.setdefault(row["device"], []).append({**row, "device": ""})
    together: list[tuple[list[str], list[dict[str, str]]]] = []
    for device, its_rows in by_device.items():
        alike = next((devices for devices, known in together if known == its_rows), None)
        if alike is None:
            together.append(([device], its_rows))
        else:
            alike.append(device)
    comma = page.web["common"]["comma"]
    return [{**row, "device": comma.join(devices)} for devices, known in together for row in known]


def _end_text(block: SetPointBlock) -> str:
    return "24:00" if block.end.date() > block.begin.date() else f"{block.end:%H:%M}"


def _range(page: Page, block: SetPointBlock, *, signed: bool = False) -> str:
    low, high = block.low_mw, block.high_mw
    if not signed:
        low, high = sorted((abs(low), abs(high)))
    first, last = (page.mw(power, signed=signed, unit=False) for power in (low, high))
    between = " … " if signed else "–"
    return first if first == last else f"{first}{between}{last}"


def _figures(page: Page, change: PlanChange) -> list[Mapping[str, str]]:
    """Import, peak and purchases before and now."""

    def figure(name: str, before: str, now: str, difference: str) -> Mapping[str, str]:
        return {"name": name, "before": before, "now": now, "difference": difference}

    def of(key: str, pair: tuple[float, float], text: Any, unit: str) -> Mapping[str, str]:
        difference = text(pair[1] - pair[0], signed=True, unit=False)
        name = page.say("changes", key, unit=unit)
        return figure(name, text(pair[0], unit=False), text(pair[1], unit=False), difference)

    rows = [
        of("c_import", change.import_mwh, page.mwh, page.scale.energy),
        of("c_peak", change.peak_mw, page.mw, page.scale.power),
    ]
    if change.purchase_yuan is not None:
        before, now = change.purchase_yuan
        difference = page.yuan(now - before, signed=True)
        name = page.say("changes", "c_purchase")
        rows.append(figure(name, page.yuan(before), page.yuan(now), difference))
    return rows


def _version_line(page: Page, plan: Any) -> str:
    if plan is None:
        return ""
    shown = plan.shown
    text = page.say("common", "version", version=shown.version, by=shown.by, at=page.local(shown.at))
    sent = next((item for item in reversed(plan.sent) if item.version == shown.version), None)
    if sent is not None:
        return f"{text} · {page.say('common', 'sent_as', by=sent.by, at=page.local(sent.at))}"
    return f"{text} · {page.web['common']['not_sent']}"


def _issued(page: Page, view: TomorrowView) -> str:
    bands = list(view.bands.values())
    if not bands:
        return ""
    last = max(bands, key=lambda band: band.at)
    return page.say("tomorrow", "issued", at=page.local(last.at), by=last.by)
