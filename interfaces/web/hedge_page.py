"""The plan under uncertainty on the page of tomorrow: made as a job from the bands, shown beside the plan."""

import io
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import pandas as pd
from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import RedirectResponse

from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.job_submission import job_folder, submit
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.service.requests.day_requests import HedgedPlanRequest
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.interfaces.web.charts.time_chart import TimeChart
from parkdispatch.interfaces.web.page_route import PageRoute
from parkdispatch.interfaces.web.park_page import Page, page_of
from parkdispatch.interfaces.web.power_charts import compared_chart
from parkdispatch.operations.desk.order_proposal import planning_basis
from parkdispatch.operations.desk.tomorrow_view import TomorrowView, tomorrow_view
from parkdispatch.operations.jobs.job_store import Job

hedge_router = APIRouter(include_in_schema=False, route_class=PageRoute)
LOOKED_AT = 100  # jobs of the park, the newest first, among which the last hedge of a day is


@hedge_router.post("/park/{site}/tomorrow/hedge")
def start_hedge(
    request: Request, site: str, user: Annotated[TokenUser, Depends(current_user("plan"))]
) -> Response:
    """Begin the job of a plan for tomorrow that holds on many paths within the bands."""
    page = page_of(request, user, site)
    view = tomorrow_view(page.desk)
    if not view.bands:
        raise RequestError(409, page.say("tomorrow", "no_band", day=view.day))
    service = service_of(request)
    upload = service.uploads.add(user.name, f"forecast-{view.day}.csv", _forecast_file(view))
    state = planning_basis(page.desk, view.day).state
    body = HedgedPlanRequest(
        case=page.case_name,
        lang=page.lang,
        forecast=upload.id,
        day=f"{view.day}",
        soc=[f"{name}={level:.6g}" for name, level in state.soc.items()] or None,
        peak_so_far_mw=max(state.peak_so_far_mw.values(), default=None),
    )
    job, _ = submit(service, "hedge", body, user)
    return RedirectResponse(page.path(f"studies/{job.id}"), 303)


def hedge_context(page: Page, view: TomorrowView) -> Mapping[str, Any]:
    """What the page of tomorrow shows of the last hedge of its day."""
    job = _last_hedge(page, view)
    if job is None:
        return {"hedge": None}
    folder = job_folder(service_of(page.request), job)
    lines = [line.strip() for line in folder.screen().splitlines()]
    return {
        "hedge": {
            "state": job.state,
            "word": page.web["studies"][f"state_{job.state}"],
            "path": page.path(f"studies/{job.id}"),
            "lines": [line for line in lines if line and str(folder.out) not in line],
            "charts": _charts(page, view, folder.files().get("set_points.csv")),
        }
    }


def _last_hedge(page: Page, view: TomorrowView) -> Job | None:
    jobs = service_of(page.request).jobs.jobs(site=page.desk.case.name, limit=LOOKED_AT)
    return next((job for job in jobs if job.kind == "hedge" and f"--date={view.day}" in job.words), None)


def _forecast_file(view: TomorrowView) -> bytes:
    """The bands as a file of `forecast`."""
    table = pd.DataFrame(
        {
            f"{kind}_{quantile} [MW]": values
            for kind, band in view.bands.items()
            for quantile, values in band.quantiles_mw.items()
        },
        index=view.times.strftime("%Y-%m-%d %H:%M"),
    )
    text = io.StringIO()
    table.to_csv(text, index_label="time", lineterminator="\n")
    return text.getvalue().encode()


def _charts(page: Page, view: TomorrowView, path: Any) -> list[TimeChart]:
    """The set points of each battery, as planned and hedged."""
    if path is None:
        return []
    table = pd.read_csv(path, index_col=0, encoding="utf-8-sig")
    if len(table) != len(view.times):
        return []

    def hedged(name: str, key: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        column = f"{name}.{key} [MW]"
        return table[column].to_numpy(np.float64) if column in table else np.zeros(len(table))

    charts = []
    for name in page.desk.case.batteries:
        planned = np.full(len(view.times), np.nan)
        if view.plan is not None:
            planned = view.plan.set_point_mw(name, view.times)
        set_points = hedged(name, "discharge_mw") - hedged(name, "charge_mw")
        names = (page.say("common", "plan"), page.say("tomorrow", "hedged"))
        charts.append(compared_chart(page, name, view.times, planned, set_points, names))
    return charts
