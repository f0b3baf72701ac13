"""The application: its routes, its limits and its errors, around an opened service."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from parkdispatch.interfaces.service.problem_details import add_error_handlers
from parkdispatch.interfaces.service.request_limits import RequestLimits
from parkdispatch.interfaces.service.routers.health_routes import health_router
from parkdispatch.interfaces.service.routers.job_routes import job_router
from parkdispatch.interfaces.service.routers.ledger_routes import ledger_router
from parkdispatch.interfaces.service.routers.session_routes import session_router
from parkdispatch.interfaces.service.service_state import Service

API = "/api/v1"
LOG = logging.getLogger("parkdispatch.service")


def create_app(service: Service) -> FastAPI:
    """The application of a service. Pages are mounted here too, after the routes of programs."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        for line in service.worker.start():
            LOG.warning(line)
        yield
        await run_in_threadpool(service.worker.stop)

    app = FastAPI(
        title="parkdispatch",
        version="1",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
    )
    app.state.service = service
    add_error_handlers(app)
    app.add_middleware(RequestLimits, settings=service.settings)
    app.include_router(health_router)
    app.include_router(session_router)
    app.include_router(job_router, prefix=API)
    app.include_router(ledger_router, prefix=API)
    return app
