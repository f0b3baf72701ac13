"""The application: its routes, its limits and its errors, around an opened service."""

from fastapi import FastAPI

from parkdispatch.interfaces.service.problem_details import add_error_handlers
from parkdispatch.interfaces.service.routers.health_routes import health_router
from parkdispatch.interfaces.service.routers.session_routes import session_router
from parkdispatch.interfaces.service.service_state import Service

API = "/api/v1"


def create_app(service: Service) -> FastAPI:
    """The application of a service. Pages are mounted here too, after the routes of programs."""
    app = FastAPI(
        title="parkdispatch", version="1", openapi_url=f"{API}/openapi.json", docs_url=None, redoc_url=None
    )
    app.state.service = service
    add_error_handlers(app)
    app.include_router(health_router)
    app.include_router(session_router)
    return app
