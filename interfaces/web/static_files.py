"""Style and script of the pages, by name; nothing else can be asked for."""

import hashlib
from functools import cache
from importlib import resources

from fastapi import APIRouter, Response

from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.results.wording.words import template_text

static_router = APIRouter(include_in_schema=False)
TYPES = {"report.css": "text/css", "web.css": "text/css", "web.js": "text/javascript"}


@static_router.get("/static/{name}")
def static_file(name: str) -> Response:
    """A file of the pages; it may be kept, because its address has its digest."""
    if name not in TYPES:
        raise RequestError(404, "there is nothing at this address")
    headers = {"Cache-Control": "public, max-age=31536000", "X-Content-Type-Options": "nosniff"}
    return Response(static_text(name), media_type=TYPES[name], headers=headers)


@cache
def static_text(name: str) -> str:
    """The content of a file; the style of reports is theirs."""
    if name == "report.css":
        return template_text("page.css")
    return (resources.files("parkdispatch.interfaces.web") / "static" / name).read_text(encoding="utf-8")


@cache
def static_path(name: str) -> str:
    """The address of a file as it is now."""
    return f"/static/{name}?v={hashlib.sha256(static_text(name).encode()).hexdigest()[:12]}"
