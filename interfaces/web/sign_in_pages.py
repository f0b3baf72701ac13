"""Signing in and out with a browser: with a name and a password, or with a token."""

import hmac
import math
import secrets
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from parkdispatch.interfaces.service.access.auth import current_user, sign_in, sign_out
from parkdispatch.interfaces.service.access.token_file import PREFIX, TokenUser
from parkdispatch.interfaces.service.problem_details import reader_language
from parkdispatch.interfaces.service.service_state import Service, service_of
from parkdispatch.interfaces.web.page_route import PageRoute
from parkdispatch.interfaces.web.page_sources import sources_of
from parkdispatch.interfaces.web.park_page import show_bare
from parkdispatch.interfaces.web.web_words import web_words

sign_in_router = APIRouter(include_in_schema=False, route_class=PageRoute)
LOGIN_COOKIE = "parkdispatch_login"  # that the form of a login came from here
FORM_S = 1800  # that a form may be filled in
Short = Annotated[str, Form(max_length=200)]


@sign_in_router.get("/login")
def login_form(request: Request, next: str = "") -> Response:  # noqa: A002 - name of the address's part
    """The form that asks for a name and a password, or for a token."""
    return _form(request, next)


@sign_in_router.post("/login")
async def login(
    request: Request,
    secret: Short = "",
    name: Short = "",
    login_token: Short = "",
    next: Annotated[str, Form(max_length=500)] = "",  # noqa: A002
) -> Response:
    """Begin a session."""
    expected = request.cookies.get(LOGIN_COOKIE, "")
    if not expected or not hmac.compare_digest(login_token.encode(), expected.encode()):
        return _form(request, next, "stale", 403, name=name)
    service, rate, who = service_of(request), sources_of(request).sign_ins, name.strip().encode()
    if wait_s := rate.wait_s(who, time.monotonic()):
        seconds = math.ceil(wait_s)
        return _form(request, next, "too_many", 429, name=name, seconds=seconds)
    rate.count(who, time.monotonic())  # before it is looked at, so that many at once are counted too
    user = await run_in_threadpool(_proven, service, name.strip(), secret.strip())
    if user is None:
        return _form(request, next, "wrong", 401, name=name)
    rate.give_back(who)
    response = RedirectResponse(safe_target(next, service), 303)
    await run_in_threadpool(sign_in, service, response, user)
    response.delete_cookie(LOGIN_COOKIE, path=service.settings.address("/login"))
    return response


@sign_in_router.post("/logout")
def logout(request: Request, _: Annotated[TokenUser, Depends(current_user("read"))]) -> Response:
    """End the session."""
    response = RedirectResponse(service_of(request).settings.address("/login"), 303)
    sign_out(request, response)
    return response


def safe_target(target: str, service: Service) -> str:
    """An address of this service, whatever a link asks for."""
    is_local = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_local and "\\" not in target else service.settings.address("/")


def _proven(service: Service, name: str, secret: str) -> TokenUser | None:
    """Who that is: by a token, or by a name and a password."""
    user = None
    if not name or secret.startswith(f"{PREFIX}_"):
        user = service.tokens.verify(secret)
    if user is None and name:
        user = service.tokens.verify_password(name, secret)
    return user


def _form(
    request: Request, target: str, problem: str = "", status: int = 200, *, name: str = "", seconds: int = 0
) -> Response:
    """The form, with what was wrong before; `problem` names the sentence of the page's words."""
    service, nonce = service_of(request), secrets.token_urlsafe(16)
    words = web_words(reader_language(request))["login"]
    response = show_bare(
        request,
        "login.html.j2",
        status,
        target=safe_target(target, service),
        nonce=nonce,
        name=name,
        has_users=bool(service.tokens.users("password")),
        problem=problem and str(words[problem]).format(seconds=seconds),
    )
    response.set_cookie(
        LOGIN_COOKIE,
        nonce,
        max_age=FORM_S,
        httponly=True,
        samesite="strict",
        secure=service.settings.https,
        path=service.settings.address("/login"),
    )
    return response
