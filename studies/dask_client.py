"""Connect to Dask: local worker processes on this machine, or the scheduler of a cluster at an address."""

import asyncio
import logging
import re
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from parkdispatch.models.errors import InputError
from parkdispatch.results.io.provenance import program_versions, version_differences

if TYPE_CHECKING:
    from distributed import Client

ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})")
PATIENCE_S = 10.0  # for a scheduler to answer, and for its first worker
DASK_LOGGERS = ("distributed", "distributed.client", "distributed.comm", "distributed.worker", "asyncio")


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
    from dask.system import CPU_COUNT
    from distributed import Client, LocalCluster

    loopback = socket.getaddrinfo(None, 0, family=socket.AF_INET)[0][4][0]
    cluster = LocalCluster(
        n_workers=workers or CPU_COUNT,
        threads_per_worker=1,
        processes=True,
        dashboard_address=f"{loopback}:0",  # any free port; the default is fixed, so a second run would fail
        memory_limit=0,  # none: a worker ended for its size would only start again
        silence_logs=logging.CRITICAL,
        preload=[__name__],
    )
    stack.callback(cluster.close, timeout=PATIENCE_S)
    client: Client = stack.enter_context(Client(cluster, set_as_default=False))
    return client


def remote_client(stack: ExitStack, address: str) -> "Client":
    """A client of the scheduler at an address, that `stack` closes.

    Raises InputError where no scheduler answers, where it has no worker, or where a worker runs another
    version of the program.
    """
    import warnings

    from distributed import Client

    argument = f"argument `scheduler` = {address}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Dask warns of other versions; they are refused below
        try:
            if not asyncio.run(_dask_role(address)).endswith("Scheduler"):
                raise ValueError("another part of Dask")
            client = Client(address, timeout=PATIENCE_S, set_as_default=False)
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


async def _dask_role(address: str) -> str:
    """The kind of Dask process that answers at an address. Raises OSError if none does in time."""
    from distributed.core import rpc

    # the time limit of a client does not end its wait for a peer that accepts but never answers
    async with rpc(address, timeout=PATIENCE_S) as peer:
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
