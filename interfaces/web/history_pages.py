"""The pages of what has been: the month so far, the year, and the settlements."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

import numpy as np
import pandas as pd
from fastapi import APIRouter, Depends, Request, Response

from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.interfaces.web.charts.day_bars import DayBars, day_bars
from parkdispatch.interfaces.web.charts.year_charts import duration_curve, heat_map
from parkdispatch.interfaces.web.page_route import PageRoute
from parkdispatch.interfaces.web.park_page import Page, page_of, show
from parkdispatch.operations.desk.month_view import MonthView, month_view
from parkdispatch.operations.desk.settlement_list import SettledDay, SettlementList, settlement_list
from parkdispatch.operations.desk.year_view import YearView, year_view
from parkdispatch.results.settlement.day_settlement import CAUSES, LINES, DayMoney
from parkdispatch.results.views.report_tables import bill_lines

history_router = APIRouter(include_in_schema=False, route_class=PageRoute)
Reader = Annotated[TokenUser, Depends(current_user("read"))]
MOST_DAYS = 31  # in the chart of losses
IMPORT_COMMAND = "ledger import meters.csv --as import=import --case {case}"


@history_router.get("/park/{site}/month")
def month(request: Request, site: str, user: Reader) -> Response:
    """Energy, bill so far and as expected at the end, peak."""
    page = page_of(request, user, site)
    view = month_view(page.desk)
    empty = view.bill is None and not view.energy_mwh
    return show(
        page,
        "month",
        view=view,
        cards=[] if empty else _month_cards(page, view),
        chart=_energy_bars(page, view) if view.energy_mwh else None,
        rows=_day_rows(page, view),
        kinds=list(view.energy_mwh),
        totals=[page.mwh(float(np.nansum(view.energy_mwh[kind])), unit=False) for kind in view.energy_mwh],
        bill=bill_lines(view.bill, None, page.words) if view.bill is not None else None,
        no_bill=translated_message(view.no_bill, page.lang),
        empty=empty,
        import_command=page.command(IMPORT_COMMAND.format(case=page.case_name)),
    )


@history_router.get("/park/{site}/year")
def year(
    request: Request,
    site: str,
    user: Reader,
    kind: str = "import",
    year: int | None = None,
) -> Response:
    """The heat map of a power, and its load-duration curve."""
    page = page_of(request, user, site)
    view = year_view(page.desk, kind, year)
    per_mw, months = page.scale.per_mw, page.words["script"]["months"]
    curve = duration_curve(view.curve_hours, view.curve_mw * per_mw)
    return show(
        page,
        "year",
        view=view,
        kind_word=page.web["common"][view.kind],
        map=heat_map(view.hourly_mw * per_mw, view.year, months),
        curve=curve,
        said=_curve_said(page, view) if curve is not None else "",
        months=_month_rows(page, view, months),
        all_hours=f"{len(view.hourly_mw) * 24:,}",
        import_command=page.command(IMPORT_COMMAND.format(case=page.case_name)),
    )


@history_router.get("/park/{site}/settlement")
def settlement(request: Request, site: str, user: Reader, day: date | None = None) -> Response:
    """What was lost by day and by cause."""
    page = page_of(request, user, site)
    listed = settlement_list(page.desk)
    shown = next((item for item in listed.days if item.day == day), listed.days[-1] if listed.days else None)
    causes = [cause for cause in CAUSES if any(cause in item.losses for item in listed.days)]
    unsettled = [f"{item}" for item in listed.unsettled]
    if len(unsettled) > 5:
        unsettled = [*unsettled[:5], "…"]
    return show(
        page,
        "settlement",
        listed=listed,
        shown=shown,
        causes=causes,
        chart=_loss_bars(page, listed.days[-MOST_DAYS:], causes) if listed.days else None,
        rows=[_settled_row(page, item, causes) for item in reversed(listed.days)],
        months=_settled_months(page, listed, causes),
        detail=_detail(page, shown) if shown is not None else None,
        unsettled=page.web["common"]["comma"].join(unsettled),
        settle_command=page.command(f"settle --case {page.case_name}"),
    )


def _month_cards(page: Page, view: MonthView) -> list[Mapping[str, Any]]:
    cards: list[Mapping[str, Any]] = []

    def card(name: str, figure: str, unit: str, *more: str) -> None:
        cards.append({"name": name, "figure": figure, "unit": unit, "more": [line for line in more if line]})

    say = page.say
    if view.bill is not None:
        missing = say("month", "missing", missing=f"{view.missing:,}") if view.missing else ""
        metered = say("month", "metered", metered=f"{view.metered:,}")
        card(say("month", "bill_so_far"), *page.money(view.bill.total_yuan), metered, missing)
    if view.expected is not None and view.expected.expected_yuan is not None:
        peak_mw = view.expected.content["bill"].get("expected_peak_mw")
        after = say("month", "expected_after", day=view.expected.day, peak=page.mw(peak_mw))
        card(say("month", "expected"), *page.money(view.expected.expected_yuan), after)
    else:
        command = page.command(f"settle --case {page.case_name}")
        card(
            say("month", "expected"),
            say("month", "not_expected"),
            "",
            say("month", "not_expected_do", command=command),
        )
    for peak in view.peaks:
        name = say("month", "peak")
        if len(view.peaks) > 1:
            name = say("month", "peak_of", device=page.device(peak.device))
        card(name, page.mw(peak.peak_mw, unit=False), page.scale.power, f"{peak.at:%Y-%m-%d %H:%M}")
    if "import" in view.energy_mwh:
        sold = ""
        if "export" in view.energy_mwh:
            sold = say("month", "exported", export=page.mwh(float(np.nansum(view.energy_mwh["export"]))))
        bought_mwh = float(np.nansum(view.energy_mwh["import"]))
        card(say("month", "imported"), page.mwh(bought_mwh, unit=False), page.scale.energy, sold)
    return cards


def _energy_bars(page: Page, view: MonthView) -> DayBars:
    """Import, PV and wind by day, which together cover the load; export below zero."""
    per_mw = page.scale.per_mw
    series = [
        (
            page.web["common"][kind],
            np.array(view.energy_mwh[kind]) * per_mw * (-1.0 if kind == "export" else 1.0),
            f"of-{kind}",
        )
        for kind in ("import", "pv", "wind", "export")
        if kind in view.energy_mwh and np.nansum(view.energy_mwh[kind]) > 0
    ]
    title = page.say("month", "energy", unit=page.scale.energy)
    return day_bars("energy", title, page.scale.energy, [f"{day.day}" for day in view.days], series)


def _day_rows(page: Page, view: MonthView) -> list[list[str]]:
    return [
        [f"{day}", *(page.mwh(values[number], unit=False) for values in view.energy_mwh.values())]
        for number, day in enumerate(view.days)
    ]


def _curve_said(page: Page, view: YearView) -> str:
    powers = view.curve_mw
    return page.say(
        "year",
        "curve_said",
        top=page.mw(float(powers[0])),
        half=page.mw(float(np.interp(view.metered_hours / 2, view.curve_hours, powers))),
        low=page.mw(float(powers[-1])),
    )


def _month_rows(page: Page, view: YearView, months: Sequence[str]) -> list[list[str]]:
    """Highest and mean of each month, of means of hours, and how many hours are metered."""
    days = pd.date_range(f"{view.year}-01-01", periods=len(view.hourly_mw), freq="D")
    rows = []
    for number, name in enumerate(months, start=1):
        values = view.hourly_mw[days.month == number]
        known = values[np.isfinite(values)]
        if len(known):
            highest, mean = (page.mw(float(value), unit=False) for value in (known.max(), known.mean()))
            rows.append([name, highest, mean, f"{len(known):,}"])
    return rows


def _loss_bars(page: Page, days: Sequence[SettledDay], causes: Sequence[str]) -> DayBars:
    words = page.words["cause"]
    series = [
        (words[cause], np.array([day.losses.get(cause, DayMoney()).total for day in days]), f"cause-{cause}")
        for cause in causes
    ]
    labels = [f"{day.day:%m-%d}" for day in days]
    return day_bars("losses", page.say("settlement", "days"), page.web["common"]["yuan"], labels, series)


def _settled_row(page: Page, item: SettledDay, causes: Sequence[str]) -> Mapping[str, Any]:
    parts = [item.losses.get(cause) for cause in causes]
    cells = ["–" if money is None else page.yuan(money.total) for money in parts]
    return {"day": f"{item.day}", "lost": page.yuan(item.lost_yuan), "cells": cells}


def _settled_months(page: Page, listed: SettlementList, causes: Sequence[str]) -> list[list[str]]:
    rows = []
    for month_name, losses in sorted(listed.by_month.items(), reverse=True):
        count = sum(day.month == month_name for day in listed.days)
        total = sum(losses.values(), DayMoney()).total
        cells = ["–" if cause not in losses else page.yuan(losses[cause].total) for cause in causes]
        name = page.say("settlement", "days_of", month=month_name, days=count)
        rows.append([name, page.yuan(total), *cells])
    return rows


def _detail(page: Page, item: SettledDay) -> Mapping[str, Any]:
    """The money of a day by line, its causes by line, and what was assumed."""
    words, content = page.words["settle"], item.content

    def cells(lines: Mapping[str, Any]) -> list[str]:
        return [page.yuan(float(lines[line])) for line in (*LINES, "total")]

    names = ("planned", "actual", "foresight", "lost")
    causes = content["lost_by_cause_yuan"]
    assumed = [
        page.words["assumed"][line["key"]].format(**{k: v for k, v in line.items() if k != "key"})
        for line in content.get("assumed", [])
    ]
    volumes = [
        [words[key], *(f"{float(content[name][key]):z,.1f}" for name in ("planned", "actual", "foresight"))]
        for key in ("load_mwh", "sources_mwh", "import_mwh", "export_mwh", "peak_mw")
    ]
    return {
        "title": page.say("settlement", "of_day", day=page.day(item.day), version=item.version),
        "heads": ["", *(words[line] for line in LINES), words["total"]],
        "money": [[words[name], *cells(content[f"{name}_yuan"])] for name in names],
        "causes": [[page.words["cause"][cause], *cells(lines)] for cause, lines in causes.items()],
        "volumes": {"heads": ["", words["planned"], words["actual"], words["foresight"]], "rows": volumes},
        "assumed": assumed,
        "recorded": page.say("common", "version", version=item.version, by=item.by, at=page.local(item.at)),
    }
