"""Signing in and out with a browser."""

import hmac
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse, RedirectResponse, Response

from parkdispatch.interfaces.service.auth import current_user, sign_in, sign_out
from parkdispatch.interfaces.service.problem_details import RequestError, reader_language
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.interfaces.service.token_file import TokenUser
from parkdispatch.interfaces.translations.catalogue import translated

session_router = APIRouter(include_in_schema=False)
LOGIN_COOKIE = "parkdispatch_login"  # that the form of a login came from here
_templates = Environment(
    loader=PackageLoader("parkdispatch.interfaces.service", "templates"), autoescape=True
)


@session_router.get("/login")
def login_form(request: Request, next: str = "/") -> Response:  # noqa: A002 - name of the address's part
    """The form that asks for a token."""
    return _form(request, next, "")


@session_router.post("/login")
def login(
    request: Request,
    token: Annotated[str, Form(max_length=200)],
    login_token: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002
) -> Response:
    """Begin a session with a token."""
    expected = request.cookies.get(LOGIN_COOKIE, "")
    if not expected or not hmac.compare_digest(login_token.encode(), expected.encode()):
        raise RequestError(403, "the form has no CSRF token of this session: must be loaded anew")
    service = service_of(request)
    user = service.tokens.verify(token.strip())
    if user is None:
        return _form(request, next, "a token is missing, or is none that is in force", 401)
    response = RedirectResponse(safe_target(next), 303)
    sign_in(service, response, user)
    response.delete_cookie(LOGIN_COOKIE, path="/login")
    return response


@session_router.post("/logout")
def logout(request: Request, _: Annotated[TokenUser, Depends(current_user("read"))]) -> Response:
    """End the session."""
    response = RedirectResponse("/login", 303)
    sign_out(request, response)
    return response


def safe_target(target: str) -> str:
    """An address of this service, whatever a link asks for."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_local and "\\" not in target else "/"


def _form(request: Request, target: str, problem: str, status: int = 200) -> Response:
    lang, nonce = reader_language(request), secrets.token_urlsafe(16)
    page = _templates.get_template("login.html.j2").render(
        lang=lang,
        say=lambda text: translated(text, lang, "screen"),
        target=safe_target(target),
        nonce=nonce,
        problem=problem and translated(problem, lang, "messages"),
    )
    response = HTMLResponse(page, status, headers={"Cache-Control": "no-store"})
    secure = service_of(request).settings.https
    response.set_cookie(
        LOGIN_COOKIE, nonce, max_age=1800, httponly=True, samesite="strict", secure=secure, path="/login"
    )
    return response
