"""What a running service holds, as routes and pages reach it: `service_of(request)`."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.requests import HTTPConnection

from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.access.token_file import TokenFile
from parkdispatch.interfaces.service.child_environment import JOB_COMMAND, job_environment
from parkdispatch.interfaces.service.known_cases import KnownCases
from parkdispatch.interfaces.service.service_settings import ServiceSettings
from parkdispatch.interfaces.service.upload_store import UploadStore
from parkdispatch.models.errors import InputError
from parkdispatch.operations.automation.automation_rules import AutomationRules, read_automation
from parkdispatch.operations.jobs.job_store import JobStore
from parkdispatch.operations.jobs.job_worker import JobWorker
from parkdispatch.operations.jobs.service_database import ServiceDatabase
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.setpoints.modbus_registers import ModbusRules


@dataclass(frozen=True)
class Service:
    """A running service: `secret` is the key of its cookies."""

    settings: ServiceSettings
    database: ServiceDatabase
    tokens: TokenFile
    ledger: Ledger
    cases: KnownCases
    uploads: UploadStore
    jobs: JobStore
    worker: JobWorker
    secret: str
    automation: AutomationRules | None = None

    def modbus_of(self, site: str) -> ModbusRules | None:
        """Where the set points of a site are written by Modbus; None where they are not."""
        for park in () if self.automation is None else self.automation.park:
            if self.cases.site(park.case) == site:
                return park.modbus
        return None


def open_service(settings: ServiceSettings, job_command: Sequence[str] = JOB_COMMAND) -> Service:
    """Make or open what a service needs. Raises InputError where a folder or database cannot be used.

    `job_command` is what the process of a job is started with.
    """
    folder = settings.data_folder.resolve()  # jobs work in another one
    address = settings.ledger_address
    if "://" not in address:
        address = str(Path(address).expanduser().resolve())
    settings = replace(settings, data_folder=folder, ledger=address)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("cases", "jobs", "uploads"):
            (folder / name).mkdir(exist_ok=True)
        secret = _kept_secret(folder / "session.key")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error
    database = ServiceDatabase(folder / "service.sqlite")
    database.prepare()
    rules = None if settings.automation is None else read_automation(settings.automation)
    jobs = JobStore(database)
    return Service(
        settings,
        database,
        TokenFile(settings.tokens),
        Ledger(settings.ledger_address),
        KnownCases(folder / "cases"),
        UploadStore(folder / "uploads"),
        jobs,
        JobWorker(jobs, folder / "jobs", job_command, now, settings.job_slots, job_environment()),
        secret,
        rules,
    )


def service_of(connection: HTTPConnection) -> Service:
    """The service that a request has come to."""
    service: Service = connection.app.state.service
    return service


def _kept_secret(path: Path) -> str:
    """The key that cookies are signed with, made at the first start, readable by its owner only."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32), encoding="ascii")
    return path.read_text(encoding="ascii").strip()
