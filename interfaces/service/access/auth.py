"""Who asks: a token in the header of a program, or the session of a browser; and what they may do.

A route states its role: `user: Annotated[TokenUser, Depends(current_user("plan"))]`. A request that changes
something and comes with a cookie must carry the session's CSRF token, in the form field `csrf_token` or the
header X-CSRF-Token; `current_user` holds it to that. Pages write the field with `csrf_field(request)`.
"""

import hmac
from collections.abc import Awaitable, Callable
from html import escape

from itsdangerous import BadSignature, TimestampSigner
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.access.token_file import Role, TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.service.service_state import Service, service_of
from parkdispatch.operations.jobs.session_store import open_session, revoke_session, token_of_session

SESSION_COOKIE = "parkdispatch_session"
CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
BEARER = {"WWW-Authenticate": 'Bearer realm="parkdispatch"'}


def current_user(role: Role) -> Callable[[Request], Awaitable[TokenUser]]:
    """A dependency that gives who asks; it refuses with 401 without a token, and 403 without the role."""

    async def dependency(request: Request) -> TokenUser:
        user = await run_in_threadpool(user_of, request)
        if user is None:
            raise RequestError(401, "a token is missing, or is none that is in force", headers=BEARER)
        if request.method not in SAFE_METHODS and not _has_bearer(request):
            await _check_csrf(request)
        if not user.may(role):
            raise RequestError(403, f"the token's role is {user.role}: must be {role} for this")
        request.state.user = user
        return user

    return dependency


def user_of(request: HTTPConnection) -> TokenUser | None:
    """Who asks, by the token of the header, else by the session's cookie; None for nobody."""
    service = service_of(request)
    if _has_bearer(request):
        token = request.headers["authorization"].split(" ", 1)[1].strip()
        return service.tokens.verify(token)
    identifier = session_identifier(request)
    if identifier is None:
        return None
    token_id = token_of_session(service.database, identifier, now())
    return None if token_id is None else service.tokens.user(token_id)


def check_site(user: TokenUser, site: str) -> None:
    """Refuse the data of a site that the token is not for, as if there was no such site."""
    if not user.sees(site):
        raise RequestError(404, f"there is no site {site} for this token")


def sign_in(service: Service, response: Response, user: TokenUser) -> None:
    """Begin a session of a browser: its cookie is signed, and out of reach of scripts and other sites."""
    hours = service.settings.session_hours
    identifier = open_session(service.database, user.token_id, now(), hours)
    response.set_cookie(
        SESSION_COOKIE,
        _signer(service).sign(identifier).decode(),
        max_age=int(hours * 3600),
        httponly=True,
        samesite="strict",
        secure=service.settings.https,
        path=cookie_path(service),
    )


def sign_out(request: Request, response: Response) -> None:
    """End the session of a browser here, so that a copy of its cookie opens nothing."""
    identifier = session_identifier(request)
    if identifier is not None:
        revoke_session(service_of(request).database, identifier, now())
    response.delete_cookie(SESSION_COOKIE, path=cookie_path(service_of(request)))


def cookie_path(service: Service) -> str:
    """The path that cookies of sessions are sent to."""
    return service.settings.root_path or "/"


def session_identifier(request: HTTPConnection) -> str | None:
    """The session's identifier of a cookie whose signature is right; None without one."""
    service = service_of(request)
    cookie = request.cookies.get(SESSION_COOKIE)
    if not cookie:
        return None
    try:
        age_s = int(service.settings.session_hours * 3600)
        return _signer(service).unsign(cookie, max_age=age_s).decode()
    except BadSignature:
        return None


def csrf_token(request: HTTPConnection) -> str:
    """The CSRF token of the session; empty where there is none, which nothing is accepted with."""
    identifier = session_identifier(request)
    if identifier is None:
        return ""
    key = service_of(request).secret.encode()
    return hmac.digest(key, f"csrf {identifier}".encode(), "sha256").hex()


def csrf_field(request: HTTPConnection) -> str:
    """The hidden field of a form, as HTML."""
    return f'<input type="hidden" name="{CSRF_FIELD}" value="{escape(csrf_token(request))}">'


async def _check_csrf(request: Request) -> None:
    """Refuse a change that another site may have made a browser send."""
    given = request.headers.get(CSRF_HEADER, "")
    kind = request.headers.get("content-type", "")
    if not given and kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        field = (await request.form()).get(CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    expected = csrf_token(request)
    if not expected or not hmac.compare_digest(given.encode(), expected.encode()):
        raise RequestError(403, "the form has no CSRF token of this session: must be loaded anew")


def _has_bearer(request: HTTPConnection) -> bool:
    return request.headers.get("authorization", "").lower().startswith("bearer ")


def _signer(service: Service) -> TimestampSigner:
    return TimestampSigner(service.secret, salt="parkdispatch session")
