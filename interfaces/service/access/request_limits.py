"""Limits of requests, held before any of them is looked at: size, time to come in, and rate."""

import asyncio
import hashlib
import math
import time
from collections import OrderedDict
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parkdispatch.interfaces.service.access.auth import SESSION_COOKIE
from parkdispatch.interfaces.service.problem_details import path_below_root, problem_response
from parkdispatch.interfaces.service.service_settings import ServiceSettings

MOST_COUNTED = 10_000  # tokens and addresses whose requests are counted at once
# a page of ours loads nothing from elsewhere, is shown in no frame, and sends its forms here only
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " frame-ancestors 'none'; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
SIGN_IN = "/login"  # whose attempts are counted whoever asks, since a name's password can be guessed
UNCOUNTED = ("/health", "/health/live", "/health/ready")


class RateLimit:
    """So many events a minute for each key: a bucket that fills steadily. Time is in seconds."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()  # what is left, and when

    def wait_s(self, key: bytes, now_s: float) -> float:
        """The seconds after which another event is allowed; 0 where it is now."""
        left, before = self._buckets.get(key, (float(self.per_minute), now_s))
        left = min(left + (now_s - before) * self.per_minute / 60, float(self.per_minute))
        return max((1 - left) * 60 / self.per_minute, 0.0)

    def count(self, key: bytes, now_s: float) -> None:
        """Count an event."""
        left, before = self._buckets.pop(key, (float(self.per_minute), now_s))
        left = min(left + (now_s - before) * self.per_minute / 60, float(self.per_minute))
        self._buckets[key] = (max(left - 1, 0.0), now_s)
        if len(self._buckets) > MOST_COUNTED:
            self._buckets.popitem(last=False)

    def give_back(self, key: bytes) -> None:
        """Take back the last event that was counted, which turned out to be none."""
        if key in self._buckets:
            left, before = self._buckets[key]
            self._buckets[key] = (min(left + 1, float(self.per_minute)), before)


class RequestLimits:
    """Middleware: answers 413, 408 and 429, hands on the whole body, and adds headers that protect pages."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self.app, self.settings = app, settings
        self._rates = RateLimit(settings.requests_per_minute)
        # requests that no token in force came with; who has come with one is not held to them, since many may
        # share an address
        self._failures = RateLimit(settings.failures_per_minute)
        self._known: OrderedDict[bytes, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        address = (scope.get("client") or ("", 0))[0].encode()
        who, path = _who(connection, address), path_below_root(scope)
        is_sign_in = path == SIGN_IN and scope["method"] == "POST"
        if path not in UNCOUNTED:
            now_s = time.monotonic()
            wait_s = self._rates.wait_s(who, now_s)
            if is_sign_in or who not in self._known:
                wait_s = wait_s or self._failures.wait_s(address, now_s)
            self._rates.count(who, now_s)
            if wait_s:
                seconds = math.ceil(wait_s)
                sentence = f"too many requests: the next one is answered in {seconds} s"
                await self._refuse(scope, receive, send, 429, sentence, {"Retry-After": str(seconds)})
                return
        try:
            body = await self._body(connection, receive)
        except TimeoutError:
            sentence = f"the request has not come in within {self.settings.body_seconds:.15g} s"
            await self._refuse(scope, receive, send, 408, sentence, {"Connection": "close"})
            return
        if body is None:
            sentence = f"the request has more than {self.settings.largest_body_mb:.15g} MB"
            await self._refuse(scope, receive, send, 413, sentence, {"Connection": "close"})
            return
        if is_sign_in:  # before it is looked at, so that many at once are counted too
            self._failures.count(address, time.monotonic())
        told = self._told(send, who, address, is_sign_in=is_sign_in)
        await self.app(scope, _replayed(body, receive), told)

    async def _body(self, connection: HTTPConnection, receive: Receive) -> bytes | None:
        """The whole body; None where it is too large. Raises TimeoutError where it comes too slowly."""
        most = int(self.settings.largest_body_mb * 1_000_000)
        declared = connection.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > most:
            return None
        parts, size = [], 0
        async with asyncio.timeout(self.settings.body_seconds):
            while True:
                message = await receive()
                part = message.get("body", b"")
                parts.append(part)
                size += len(part)
                if size > most:
                    return None
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return b"".join(parts)

    def _told(self, send: Send, who: bytes, address: bytes, *, is_sign_in: bool) -> Send:
        """Send answers with the headers that protect pages, and count those to nobody."""

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                if is_sign_in:
                    if message["status"] < 400:
                        self._failures.give_back(address)
                elif message["status"] == 401:
                    self._failures.count(address, time.monotonic())
                    self._known.pop(who, None)
                elif who != address and message["status"] < 400:
                    self._known[who] = None
                    if len(self._known) > MOST_COUNTED:
                        self._known.popitem(last=False)
                message = {**message, "headers": _with_headers(message.get("headers", ()))}
            await send(message)

        return told

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, status: int, sentence: str, headers: dict[str, str]
    ) -> None:
        await problem_response(HTTPConnection(scope), status, [sentence], headers=headers)(
            scope, receive, send
        )


def _who(connection: HTTPConnection, address: bytes) -> bytes:
    """Whose requests are counted: a token's, a session's, or those of an address."""
    who = connection.headers.get("authorization") or connection.cookies.get(SESSION_COOKIE)
    return address if who is None else hashlib.sha256(who.encode()).digest()


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that has come in, and after it whatever comes: that somebody has gone, for one."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def _with_headers(headers: Any) -> list[tuple[bytes, bytes]]:
    """The headers, and those of protection that a route has not set itself."""
    kept = list(headers)
    names = {name.lower() for name, _ in kept}
    return kept + [
        (name.lower().encode(), value.encode())
        for name, value in SECURITY_HEADERS.items()
        if name.lower().encode() not in names
    ]
