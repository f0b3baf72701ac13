"""The pages put into the application of the service."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.responses import RedirectResponse

from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.access.auth import current_user
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.web.day_pages import day_router
from parkdispatch.interfaces.web.hedge_page import hedge_router
from parkdispatch.interfaces.web.history_pages import history_router
from parkdispatch.interfaces.web.orders.order_pages import order_router
from parkdispatch.interfaces.web.page_route import PageRoute
from parkdispatch.interfaces.web.page_sources import PageSources, sites_of
from parkdispatch.interfaces.web.park_page import page_of, show_bare
from parkdispatch.interfaces.web.sign_in_pages import sign_in_router
from parkdispatch.interfaces.web.static_files import static_router
from parkdispatch.interfaces.web.study_pages import study_router

home_router = APIRouter(include_in_schema=False, route_class=PageRoute)


def add_pages(app: FastAPI, clock: Callable[[], datetime] = now) -> None:
    """Add the pages of parks to the application of a service."""
    app.state.page_sources = PageSources(clock)
    for router in (
        static_router,
        sign_in_router,
        home_router,
        day_router,
        hedge_router,
        order_router,
        history_router,
        study_router,
    ):
        app.include_router(router)


@home_router.get("/")
def home(
    request: Request, user: Annotated[TokenUser, Depends(current_user("read"))], site: str | None = None
) -> Response:
    """The page of today of the park that is named, or of the first."""
    sites = sites_of(request, user)
    if not sites:
        return show_bare(request, "no_site.html.j2", command="parkdispatch ledger init")
    if site is not None and site not in sites:
        raise RequestError(404, f"there is no site {site} for this token")
    return RedirectResponse(page_of(request, user, site or sites[0]).path("today"), 303)
