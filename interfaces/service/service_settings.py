"""What the service is started with: its folder, its ledger, and its limits."""

import os
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from socket import INADDR_LOOPBACK

from parkdispatch.models.errors import InputError

ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
LOOPBACK = str(IPv4Address(INADDR_LOOPBACK))  # the address that only this machine reaches
DATA_VARIABLE = "PARKDISPATCH_SERVICE"  # the data folder


@dataclass(frozen=True)
class ServiceSettings:
    """Settings of a service. What is relative lies in the current folder."""

    data_folder: Path
    ledger: str = ""  # path or URL; empty: in the data folder
    token_path: Path | None = None  # None: in the data folder
    host: str = LOOPBACK
    port: int = 8360
    largest_body_mb: float = 20.0
    body_seconds: float = 30.0  # in which a request must have come in
    requests_per_minute: int = 1200  # of one token, or of one address without any
    failures_per_minute: int = 10  # attempts to sign in of one address that fail
    job_slots: int = 2  # jobs that run at once; others wait
    waiting_jobs: int = 20  # of one token, which are not finished
    session_hours: float = 12.0
    https: bool = False  # browsers reach it by HTTPS: cookies are sent over nothing else
    automation: Path | None = None  # file of what runs by itself
    root_path: str = ""  # that a reverse proxy has taken from addresses, such as /parkdispatch

    def __post_init__(self) -> None:
        """Raise InputError for a root path that is none."""
        if not ROOT_PATH.fullmatch(self.root_path):
            raise InputError(
                f"argument `root_path` = {self.root_path}: must be a path such as /parkdispatch, without a"
                " slash at its end"
            )

    def address(self, path: str) -> str:
        """A path of the service as browsers and programs reach it."""
        return self.root_path + path

    @property
    def ledger_address(self) -> str:
        """Where the ledger is."""
        return self.ledger or str(self.data_folder / "ledger.sqlite")

    @property
    def tokens(self) -> Path:
        """The file of tokens."""
        return self.token_path or self.data_folder / "tokens.json"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def default_data_folder() -> Path:
    """Where the service keeps its data unless told: the variable, else `parkdispatch-service` here."""
    return Path(os.environ.get(DATA_VARIABLE) or "parkdispatch-service").expanduser()
