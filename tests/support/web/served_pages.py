"""The pages of a small park as a service has them: in this process, and at an address for a browser."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from parkdispatch.interfaces.service.access.token_file import Role
from parkdispatch.interfaces.service.service_app import create_app
from parkdispatch.interfaces.service.service_settings import ServiceSettings
from parkdispatch.interfaces.service.service_state import open_service
from parkdispatch.interfaces.web.page_sources import PageSources
from tests.support.web.desk_parks import NOW, PERSON, copied

SITE = "/park/small"


class ServedPark:
    """The application of the small park with a ledger of its own, and tokens by role."""

    def __init__(self, folder: Path, *, empty: bool = False) -> None:
        self.ledger = copied(folder / "park")
        if empty:
            from tests.support.ledgers.ledger_cases import new_ledger
            from tests.support.web.desk_parks import desk_case

            self.ledger.unlink()
            new_ledger(self.ledger, desk_case(folder / "again"))
        self.service = open_service(ServiceSettings(folder / "data", ledger=str(self.ledger)))
        shutil.copytree(folder / "park" / "case", folder / "data" / "cases" / "small")
        self.tokens = {
            role: self.service.tokens.add(f"{PERSON} {role}", role, (), NOW)
            for role in ("read", "plan", "send")
        }
        self.app: FastAPI = create_app(self.service)
        self.app.state.page_sources = PageSources(lambda: self.now)
        self.now: datetime = NOW

    def client(self, role: Role = "plan") -> TestClient:
        """A browser that has signed in, without the worker of jobs."""
        client = TestClient(self.app, headers={"accept": "text/html"}, follow_redirects=False)
        form = client.get("/login")
        nonce = form.text.split('name="login_token" value="')[1].split('"')[0]
        client.post("/login", data={"secret": self.tokens[role], "login_token": nonce})
        return client


def csrf(client: TestClient) -> str:
    """The CSRF token of a form."""
    page = client.get(f"{SITE}/order").text
    return page.split('name="csrf_token" value="')[1].split('"')[0]


@contextmanager
def served(park: ServedPark) -> Iterator[str]:
    """The address at which the pages are served, without the worker of jobs."""
    with serving(uvicorn.Config(park.app, port=0, log_level="error", lifespan="off")) as address:
        yield address


@contextmanager
def serving(config: uvicorn.Config) -> Iterator[str]:
    """The address of a server that runs in a thread."""
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
