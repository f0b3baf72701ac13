"""A service of a small park for tests: in memory, with tokens of each role, and jobs that take no time."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from parkdispatch.interfaces.service.service_app import create_app
from parkdispatch.interfaces.service.service_settings import ServiceSettings
from parkdispatch.interfaces.service.service_state import Service, open_service
from tests.support.ledgers.ledger_cases import new_ledger
from tests.support.paths import ROOT
from tests.support.small_case import write_case

FAKE_JOB = (sys.executable, str(ROOT / "tests" / "support" / "services" / "fake_job.py"))
ROLES = ("read", "plan", "send")


@dataclass(frozen=True)
class Asked:
    """A service that can be asked, and the header of each token by its name."""

    client: TestClient
    service: Service
    headers: Mapping[str, Mapping[str, str]]
    tokens: Mapping[str, str]

    def get(self, path: str, who: str = "read", **more: str) -> Any:
        """The answer to a GET."""
        return self.client.get(path, headers={**self.headers[who], **more})

    def post(self, path: str, body: Any, who: str = "plan", **more: str) -> Any:
        """The answer to a POST of JSON."""
        return self.client.post(path, json=body, headers={**self.headers[who], **more})


def prepared_service(folder: Path, **settings: Any) -> tuple[Service, dict[str, str]]:
    """A service with the small park in its ledger, and its tokens by name; `elsewhere` is of another site."""
    service = open_service(ServiceSettings(folder / "data", **settings), FAKE_JOB)
    case_folder = service.settings.data_folder / "cases" / "small"
    if not case_folder.exists():
        write_case(case_folder)
        new_ledger(service.settings.ledger_address, service.cases.case("small"))
    at = datetime(2026, 7, 14, tzinfo=UTC)
    tokens = {role: service.tokens.add(role, role, (), at) for role in ROLES}  # type: ignore[arg-type]
    tokens["elsewhere"] = service.tokens.add("elsewhere", "send", ("gaoan",), at)
    return service, tokens


@contextmanager
def asked(folder: Path, **settings: Any) -> Iterator[Asked]:
    """A running service."""
    service, tokens = prepared_service(folder, **settings)
    headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    with TestClient(create_app(service), raise_server_exceptions=False) as client:
        yield Asked(client, service, {**headers, "": {}}, tokens)
