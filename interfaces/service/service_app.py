"""The application: its routes, its limits and its errors, around an opened service."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from parkdispatch.interfaces.service.access.request_limits import RequestLimits
from parkdispatch.interfaces.service.automatic.automation_words import automation_of
from parkdispatch.interfaces.service.problem_details import add_error_handlers
from parkdispatch.interfaces.service.routers.automation_routes import automation_router
from parkdispatch.interfaces.service.routers.health_routes import health_router
from parkdispatch.interfaces.service.routers.job_routes import job_router
from parkdispatch.interfaces.service.routers.ledger_routes import ledger_router
from parkdispatch.interfaces.service.routers.setpoint_routes import setpoint_router
from parkdispatch.interfaces.service.service_metrics import MeasuredRequests, ServiceMetrics
from parkdispatch.interfaces.service.service_state import Service
from parkdispatch.interfaces.web.web_app import add_pages

API = "/api/v1"
LOG = logging.getLogger("parkdispatch.service")


def create_app(service: Service) -> FastAPI:
    """The application of a service. Pages are added after the routes of programs."""
    automation = None if service.automation is None else automation_of(service, service.automation)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        for line in service.worker.start():
            LOG.warning(line)
        if automation is not None:
            automation.start()
        yield
        if automation is not None:
            await run_in_threadpool(automation.stop)
        await run_in_threadpool(service.worker.stop)

    app = FastAPI(
        title="parkdispatch",
        version="1",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    app.state.service, app.state.automation = service, automation
    app.state.metrics = ServiceMetrics(service.jobs, automation)
    add_error_handlers(app)
    app.add_middleware(RequestLimits, settings=service.settings)
    app.add_middleware(MeasuredRequests, metrics=app.state.metrics)  # outermost: it counts refusals too
    app.include_router(health_router)
    for router in (job_router, ledger_router, setpoint_router, automation_router):
        app.include_router(router, prefix=API)
    add_pages(app)
    return app
