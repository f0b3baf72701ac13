"""Connect to Dask: local worker processes on this machine, or the scheduler of a cluster at an address."""

import asyncio
import logging
import re
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from parkdispatch.models.errors import InputError
from parkdispatch.results.io.provenance import program_versions, version_differences

if TYPE_CHECKING:
    from distributed import Client
    from distributed.security import Security

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})")
PATIENCE_S = 10.0  # for a scheduler to answer, and for its first worker
WORKER_MODULE = __name__  # that a local worker imports first, for Dask to call its `dask_setup`
DASK_LOGGERS = ("distributed", "distributed.client", "distributed.comm", "distributed.worker", "asyncio")


@dataclass(frozen=True)
class TlsFiles:
    """Certificates (PEM) by which client, scheduler and workers know each other and encrypt."""

    ca_file: Path  # of the authority that signed the scheduler's certificate
    cert: Path  # of this client
    key: Path  # of its certificate

    def problems(self) -> list[str]:
        """Files that are missing or hold no certificate."""
        import ssl

        try:
            context = ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ValueError) as error:
            return [f"argument `tls_ca_file` = {self.ca_file}: is no certificate in PEM: {_reason(error)}"]
        try:
            context.load_cert_chain(str(self.cert), str(self.key), password="")
        except (OSError, ValueError) as error:
            return [
                f"argument `tls_cert` = {self.cert}: is no certificate with the key argument `tls_key` ="
                f" {self.key}, both in PEM, the key without a password: {_reason(error)}"
            ]
        return []


def tls_files(ca_file: Path | None, cert: Path | None, key: Path | None) -> TlsFiles | None:
    """The certificates, None where none is given. Raises InputError where some are missing."""
    given = {"tls_ca_file": ca_file, "tls_cert": cert, "tls_key": key}
    if all(path is None for path in given.values()):
        return None
    if ca_file is None or cert is None or key is None:
        raise InputError(
            [
                f"argument `{name}` is missing: must be given beside the others"
                for name, path in given.items()
                if path is None
            ]
        )
    return TlsFiles(ca_file, cert, key)


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def address_problems(scheduler: str | None, tls: TlsFiles | None) -> list[str]:
    """What is wrong with the address of a scheduler, and with the certificates for it."""
    if scheduler is not None and not is_address(scheduler):
        return [f"argument `scheduler` = {scheduler}: must be an address such as tcp://host:8786"]
    encrypted = scheduler is not None and scheduler.startswith("tls://")
    if tls is not None and not encrypted:
        return ["argument `tls_cert`: only a scheduler at tls://host:port takes certificates"]
    if encrypted and tls is None:
        return [
            f"argument `scheduler` = {scheduler}: must have certificates beside it: arguments `tls_ca_file`,"
            " `tls_cert`, `tls_key`"
        ]
    return tls.problems() if tls is not None else []


def dask_setup(_worker: object) -> None:
    """Ignore control-C in a local worker process; the main process ends the workers. Called by Dask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def is_address(text: str) -> bool:
    """Whether a text is the address of a scheduler, such as tcp://host:8786."""
    parts = ADDRESS.fullmatch(text)
    return parts is not None and 0 < int(parts[3]) < 65_536


def program_mismatch(worker: str, differences: Sequence[str]) -> str:
    """What is wrong with a worker that runs other versions of the program, in words."""
    return (
        f"{worker} runs another program: {', '.join(differences)}: must be the same, because figures could"
        " differ"
    )


def without_dask_logs() -> ExitStack:
    """Silence Dask's log messages until the returned stack is closed."""
    stack = ExitStack()
    for name in DASK_LOGGERS:
        logger = logging.getLogger(name)
        stack.callback(logger.setLevel, logger.level)
        logger.setLevel(logging.CRITICAL)
    return stack


def local_client(stack: ExitStack, workers: int | None) -> "Client":
    """A client of local worker processes, by default one per core, that `stack` closes."""
    import dask
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster

    # workers otherwise look a hundred times a second at what they do, for a page that nobody opens here
    stack.enter_context(dask.config.set({"distributed.worker.profile.enabled": False}))
    loopback = socket.getaddrinfo(None, 0, family=socket.AF_INET)[0][4][0]
    cluster = LocalCluster(
        n_workers=workers or CPU_COUNT,
        threads_per_worker=1,
        processes=True,
        dashboard_address=f"{loopback}:0",  # any free port; the default is fixed, so a second run would fail
        memory_limit=0,  # none: a worker ended for its size would only start again
        silence_logs=logging.CRITICAL,
        preload=[WORKER_MODULE],
    )
    stack.callback(cluster.close, timeout=PATIENCE_S)
    client: Client = stack.enter_context(Client(cluster, set_as_default=False))
    return client


def remote_client(stack: ExitStack, address: str, tls: TlsFiles | None = None) -> "Client":
    """A client of the scheduler at an address, that `stack` closes.

    Raises InputError where no scheduler answers, where it has no worker, or where a worker runs another
    version of the program.
    """
    import warnings

    from distributed import Client
    from distributed.security import Security

    argument = f"argument `scheduler` = {address}"
    security = (
        Security()
        if tls is None
        else Security(
            require_encryption=True,
            tls_ca_file=str(tls.ca_file),
            tls_client_cert=str(tls.cert),
            tls_client_key=str(tls.key),
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask warns of other versions; they are refused below
        try:
            if not asyncio.run(_dask_role(address, security)).endswith("Scheduler"):
                raise ValueError("another part of Dask")
            client = Client(address, timeout=PATIENCE_S, set_as_default=False, security=security)
        except (OSError, ValueError, RuntimeError) as error:
            raise InputError(
                f"{argument}: no Dask scheduler answers there within {PATIENCE_S:g} s; must be the address of"
                " one that runs, such as `dask scheduler` prints"
            ) from error
    stack.enter_context(client)
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError:
        raise InputError(
            f"{argument}: has no worker; must have one, such as `dask worker {address} --nthreads 1`"
        ) from None
    _require_same_program(client, argument)
    return client


async def _dask_role(address: str, security: "Security") -> str:
    """The kind of Dask process that answers at an address. Raises OSError if none does in time."""
    from distributed.core import rpc

    # the time limit of a client does not end its wait for a peer that accepts but never answers
    arguments = security.get_connection_args("client")
    async with rpc(address, timeout=PATIENCE_S, connection_args=arguments) as peer:
        identity: dict[str, Any] = await asyncio.wait_for(peer.identity(), PATIENCE_S)
    return str(identity.get("type", ""))


def _require_same_program(client: "Client", argument: str) -> None:
    """Raise InputError with the workers whose versions of the program differ from those of this process."""
    problems = []
    for worker, versions in client.run(program_versions, on_error="return").items():
        if isinstance(versions, dict):
            if differences := version_differences(versions, program_versions()):
                problems.append(f"{argument}: {program_mismatch(f'worker {worker}', differences)}")
        else:
            problems.append(
                f"{argument}: worker {worker} cannot run parkdispatch: {versions}; must have it installed"
            )
    if problems:
        raise InputError(problems)
