"""Kill a service during a plan, an import and a settlement, and look at what it restarts into.

`python -m tests.support.harnesses.killed_service --kills 3` starts the service of a small park as a process,
asks for a job, ends the service by SIGKILL while that runs, starts it again and waits for its jobs. It counts
jobs that began anew, jobs that are done after all, rows that a kill has doubled or lost, and processes that
were left.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.ledger_summary import ledger_tables
from tests.support.ledgers.ledger_cases import meter_file
from tests.support.paths import environment
from tests.support.services.small_service import prepared_service
from tests.support.small_case import pv_mw

DAY = "2026-07-15"
METERS = {  # a day by hour [MW], the sun as the small park has it
    "load": lambda hour: 100.0 + hour / 10,
    "pv": pv_mw,
    "import": lambda hour: 100.0 + hour / 10 - pv_mw(hour),
}
WAIT_S = 300.0
FIRST_S, STEP_S = 0.1, 0.4  # of the kills, after the process of the job has begun
NAMES = ("begun anew", "done", "failed", "doubled or lost", "left")


class KilledService:
    """A service in a folder, as a process that is started and killed."""

    def __init__(self, folder: Path) -> None:
        service, tokens = prepared_service(folder)
        self.data, self.token = service.settings.data_folder, tokens["send"]
        self.ledger = Ledger(service.settings.ledger_address)
        self.address = ""

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        """The process, once it answers; it is killed at the end, if it still runs."""
        words = ["-u", "-m", "parkdispatch", "serve", "--port", "0", "--data", str(self.data)]
        with subprocess.Popen(
            [sys.executable, *words, "--ledger", str(self.ledger.file)],
            env=environment(), stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            try:
                assert process.stdout is not None
                self.address = process.stdout.readline().split()[2].rstrip(";")
                yield process
            finally:
                process.kill()

    def ask(self, path: str, body: Any = None, content: bytes | None = None) -> Any:
        """The answer to a request: JSON, or a file."""
        data = content if body is None else json.dumps(body).encode()
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Prefer": "wait=0",  # a job is killed, not waited for
        }
        request = urllib.request.Request(f"{self.address}/api/v1/{path}", data, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())

    def ended(self, job: Any) -> Any:
        """The job when it has ended."""
        deadline = time.monotonic() + WAIT_S
        while job["state"] in ("queued", "running") and time.monotonic() < deadline:
            time.sleep(0.2)
            job = self.ask(f"jobs/{job['id']}")
        return job

    def rows(self) -> dict[str, int]:
        """Number of rows of each table of the ledger."""
        return {name: len(table) for name, table in ledger_tables(self.ledger).items()}


def kill_during(service: KilledService, kind: str, body: Any, after_s: float) -> Any:
    """Ask for a job, kill the service so long after its process began, and start it again.

    Returns the job when it has ended.
    """
    with service.running() as process:
        job = service.ask(kind, body)
        while job["state"] == "queued":
            time.sleep(0.02)
            job = service.ask(f"jobs/{job['id']}")
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with service.running():
        return service.ended(job)


def kill_everything(folder: Path, kills: int) -> Counter[str]:
    """Counts over all kills: begun anew, done, failed, doubled or lost rows, and processes that were left."""
    counts: Counter[str] = Counter()
    service = KilledService(folder)
    with service.running():
        uploads = {
            name: service.ask(
                f"uploads?name={name}.csv",
                content=meter_file(folder / f"{name}.csv", [at(n / 4) for n in range(96)]).read_bytes(),
            )["id"]
            for name, at in METERS.items()
        }
    for name, upload in uploads.items():
        body = {"case": "small", "upload": upload, "quantities": [name]}
        _count(counts, service, "import", body, kills, ("delivery", "measurement"))
    soc = {"what": "soc", "value": 0.2, "at": f"{DAY} 00:00"}
    with service.running():
        service.ask("sites/small/readings", soc)
    plan = {"case": "small", "day": DAY, "peak_so_far_mw": 120.0}
    _count(counts, service, "plan", plan, kills, ("plan",))
    with service.running():
        service.ask(f"sites/small/plans/{DAY}/send", {"version": 1})
    settle = {"case": "small", "day": DAY, "bill": False}
    _count(counts, service, "settle", settle, kills, ("settlement",))
    return counts


def _count(
    counts: Counter[str], service: KilledService, kind: str, body: Any, kills: int, tables: tuple[str, ...]
) -> None:
    """Kill at several times: the rows after the first kill are those after every further one."""
    expected: dict[str, int] | None = None
    for number in range(kills):
        job = kill_during(service, kind, body, after_s=FIRST_S + STEP_S * number)
        counts[job["state"]] += 1
        counts["begun anew"] += job["attempts"] > 1
        counts[f"{kind} begun anew"] += job["attempts"] > 1
        for line in job["problems"]:
            print(f"{kind}: {line}", file=sys.stderr)
        rows = {name: service.rows()[name] for name in tables}
        counts["doubled or lost"] += rows != (expected or rows) or not all(rows.values())
        expected = rows
    counts["left"] += len(left_processes(service.data))


def left_processes(data: Path) -> list[int]:
    """Processes of jobs in a folder that still run, where the system tells."""
    left = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(os.fsencode(data / "jobs")) for word in words):
            left.append(int(entry.parent.name))
    return left


def main() -> None:
    """Kill, and print the counts; the exit code is 1 where anything failed, was doubled or left."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=3, help="of each kind of job")
    kills = parser.parse_args().kills
    with tempfile.TemporaryDirectory() as folder:
        counts = kill_everything(Path(folder), kills)
    print(", ".join(f"{counts[name]} {name}" for name in NAMES))
    faults = counts["failed"] + counts["doubled or lost"] + counts["left"]
    sys.exit(faults > 0 or not all(counts[f"{kind} begun anew"] for kind in ("import", "plan", "settle")))


if __name__ == "__main__":
    main()
