"""Errors as RFC 9457 has them, with the sentences of the command line in the reader's language."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from parkdispatch.interfaces.translations.catalogue import translated, translated_message
from parkdispatch.models.errors import InputError, ParkdispatchError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from parkdispatch.results.wording.languages import Lang

PROBLEM_JSON = "application/problem+json"
STATUS_OF_EXIT = {2: 422, 3: 409, 4: 500}  # of the exit codes that commands have
TITLES = {2: "input", 3: "infeasible", 4: "solver"}


class RequestError(Exception):
    """A request that is refused: an HTTP status and sentences for a person."""

    def __init__(self, status: int, *problems: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.problems, self.headers = status, problems, headers or {}
        super().__init__("\n".join(problems))


def reader_language(connection: HTTPConnection) -> "Lang":
    """The language that a reader asks for: `lang` of the address, its cookie, or Accept-Language."""
    for asked in (connection.query_params.get("lang"), connection.cookies.get("lang")):
        if asked in ("en", "zh"):
            return "zh" if asked == "zh" else "en"
    best, best_weight = "en", 0.0
    for item in connection.headers.get("accept-language", "").split(",")[:20]:
        code, _, weight = item.strip().partition(";q=")
        try:
            number = float(weight or 1.0)
        except ValueError:
            continue
        if code[:2].lower() in ("en", "zh") and number > best_weight:
            best, best_weight = code[:2].lower(), number
    return "zh" if best == "zh" else "en"


def said(sentences: Sequence[str], lang: str) -> list[str]:
    """Sentences of errors in a language; a field of a request is an argument, as in Python."""
    lines = [translated_message(line, lang) for line in sentences]
    if lang == "en":
        return lines
    return [
        f"参数{after.removeprefix('argument')}"
        if after != before and after.startswith("argument `")
        else after
        for before, after in zip(sentences, lines, strict=True)
    ]


def problem_response(
    connection: HTTPConnection,
    status: int,
    sentences: Sequence[str],
    title: str = "",
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An answer of `application/problem+json`; `problems` has every sentence."""
    lang = reader_language(connection)
    lines = said(sentences, lang)
    content = {
        "type": "about:blank",
        "title": translated(title or HTTPStatus(status).phrase, lang, "screen"),
        "status": status,
        "detail": "\n".join(lines),
        "problems": lines,
    }
    kept = {"Content-Language": lang, "Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(content, status, media_type=PROBLEM_JSON, headers=kept)


def add_error_handlers(app: "FastAPI") -> None:
    """Have every error of a request said as a problem, never as a traceback."""
    app.add_exception_handler(RequestError, _refused)
    app.add_exception_handler(ParkdispatchError, _program_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _internal)


def path_below_root(scope: Scope) -> str:
    """The path of a request below the one that a reverse proxy has taken from it."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def login_address(request: HTTPConnection) -> str:
    """Where a browser signs in, and from where it comes back."""
    return f"{request.scope.get('root_path', '')}/login?next={quote(request.url.path)}"


def wants_page(request: HTTPConnection) -> bool:
    """Whether a browser asks for a page, not a program for data."""
    return not path_below_root(request.scope).startswith("/api/") and "text/html" in request.headers.get(
        "accept", ""
    )


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestError)
    if error.status == HTTPStatus.UNAUTHORIZED and wants_page(request) and request.method == "GET":
        return RedirectResponse(login_address(request), 303)
    return problem_response(request, error.status, error.problems, headers=error.headers)


def _program_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ParkdispatchError)
    lines = error.problems if isinstance(error, InputError) else str(error).splitlines()
    status = STATUS_OF_EXIT.get(error.exit_code, 500)
    return problem_response(request, status, lines, TITLES.get(error.exit_code, "error"))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    lines = []
    for item in error.errors():
        field = ".".join(str(part) for part in item["loc"][1:]) or str(item["loc"][0])
        lines.append(f"argument `{field}`: {item['msg'][:1].lower()}{item['msg'][1:]}")
    return problem_response(request, 422, lines, "input")


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = "there is nothing at this address" if error.status_code == 404 else str(error.detail)
    return problem_response(request, error.status_code, [sentence], headers=dict(error.headers or {}))


def _internal(request: Request, error: Exception) -> Response:
    line = f"internal error, please report it: {type(error).__name__}"
    return problem_response(request, 500, [translated(line, reader_language(request), "screen")], "error")
