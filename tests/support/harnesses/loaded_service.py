"""Readers and planners ask a service at once for a bounded time; errors and the times of answers are printed.

`python -m tests.support.harnesses.loaded_service --seconds 60` starts the service of a small park as a
process, and has 50 readers look at sites, plans, jobs and pages, and 10 planners ask for plans and wait for
them, each with a token of their own.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import numpy as np

from parkdispatch.interfaces.service.access.token_file import Role, TokenFile
from tests.support.harnesses.killed_service import KilledService

READERS, PLANNERS = 50, 10
PATHS = (
    "/api/v1/sites", "/api/v1/cases", "/api/v1/jobs?limit=5", "/api/v1/sites/small/plans/2026-07-15",
    "/api/v1/automation", "/park/small/today", "/park/small/month",
)  # fmt: skip
PAUSE_S = 0.5  # between two looks of a reader
WAIT_S = 300.0


@dataclass
class Load:
    """Times of answers [s] and errors, by who asked."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {"read": [], "ask": [], "plan": []})
    errors: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What there is to say."""
        texts = {"read": "answers to readers", "ask": "plans asked for", "plan": "plans, asked for to done"}
        lines = [
            f"{texts[name]}: {len(times)}, p95 {np.percentile(times, 95):.3f} s, longest {max(times):.3f} s"
            for name, times in self.seconds.items()
            if times
        ]
        return [*lines, f"errors: {len(self.errors)}", *sorted(set(self.errors))[:10]]


async def under_load(address: str, seconds: float, readers: Sequence[str], planners: Sequence[str]) -> Load:
    """Ask for some seconds, and wait for the plans that were asked for; people are given by their tokens."""
    load, deadline = Load(), time.monotonic() + seconds
    limits = httpx2.Limits(max_connections=len(readers) + len(planners))
    async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        await asyncio.gather(
            *(_read(client, load, deadline, *person) for person in enumerate(readers)),
            *(_plan(client, load, deadline, *person) for person in enumerate(planners)),
        )
    return load


def tokens(service: KilledService, role: Role, count: int) -> list[str]:
    """Tokens of so many people."""
    file = TokenFile(service.data / "tokens.json")
    return [file.add(f"{role} {number}", role, (), datetime.now(UTC)) for number in range(count)]


async def _read(client: httpx2.AsyncClient, load: Load, deadline: float, number: int, token: str) -> None:
    while time.monotonic() < deadline:
        path = PATHS[number % len(PATHS)]
        number += 1
        started = time.perf_counter()
        try:
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
        except httpx2.HTTPError as error:
            load.errors.append(f"{path}: {type(error).__name__}")
            continue
        load.seconds["read"].append(time.perf_counter() - started)
        if answer.status_code != 200:
            load.errors.append(f"{path}: {answer.status_code}")
        await asyncio.sleep(PAUSE_S)


async def _plan(client: httpx2.AsyncClient, load: Load, deadline: float, number: int, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    while time.monotonic() < deadline:
        started = time.perf_counter()
        body = {"case": "small", "day": "2026-07-15", "soc": [f"{0.2 + number / 100}"], "record": False}
        try:
            answer = await client.post(
                "/api/v1/plan", json={**body, "peak_so_far_mw": 120.0}, headers=headers
            )
            load.seconds["ask"].append(time.perf_counter() - started)
            job = answer.json()
            while (
                answer.is_success
                and job["state"] in ("queued", "running")
                and time.perf_counter() - started < WAIT_S
            ):
                wait = {**headers, "Prefer": "wait=20"}
                answer = await client.get(job["address"], headers=wait)
                job = answer.json()
        except httpx2.HTTPError as error:
            load.errors.append(f"plan: {type(error).__name__}")
            continue
        if job.get("state") != "done":
            load.errors.append(f"plan: {job.get('state') or answer.status_code} {job.get('problems')}")
        load.seconds["plan"].append(time.perf_counter() - started)


def main() -> None:
    """Put a service under load, and print what it said; the exit code is 1 for any error."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--planners", type=int, default=PLANNERS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        service = KilledService(Path(folder))
        with service.running():
            load = asyncio.run(
                under_load(
                    service.address,
                    given.seconds,
                    tokens(service, "read", given.readers),
                    tokens(service, "plan", given.planners),
                )
            )
    print("\n".join(load.lines()))
    sys.exit(bool(load.errors))


if __name__ == "__main__":
    main()
