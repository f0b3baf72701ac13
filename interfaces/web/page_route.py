"""Routes of pages: what is wrong is said on a page, in the reader's language."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse

from parkdispatch.interfaces.service.problem_details import (
    STATUS_OF_EXIT,
    RequestError,
    login_address,
    reader_language,
)
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.interfaces.web.park_page import show_bare
from parkdispatch.models.errors import InputError, ParkdispatchError


class PageRoute(APIRoute):
    """A route whose errors are pages; who is not signed in is asked to."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler with errors told."""
        handler = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handler(request)
            except RequestError as error:
                if error.status == 401:
                    return RedirectResponse(login_address(request), 303)
                return _error_page(request, error.status, error.problems)
            except RequestValidationError as error:
                fields = [".".join(str(part) for part in item["loc"][1:]) for item in error.errors()]
                lines = [f"argument `{field}`: must be there, and in its form" for field in fields]
                return _error_page(request, 422, lines)
            except ParkdispatchError as error:
                return _error_page(request, STATUS_OF_EXIT.get(error.exit_code, 500), problem_lines(error))

        return told


def problem_lines(error: ParkdispatchError) -> list[str]:
    """The sentences of an error."""
    return list(error.problems) if isinstance(error, InputError) else str(error).splitlines()


def _error_page(request: Request, status: int, problems: "list[str] | tuple[str, ...]") -> Response:
    lang = reader_language(request)
    lines = [translated_message(line, lang) for line in problems]
    return show_bare(request, "error.html.j2", status, lines=lines)
