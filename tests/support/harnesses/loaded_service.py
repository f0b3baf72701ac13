"""Readers and planners ask a service at once for a bounded time; errors and the times of answers are printed.

`python -m tests.support.harnesses.loaded_service --seconds 60` starts the service of a small park as a
process, and has 50 readers look at sites, plans and jobs, and 10 planners ask for plans and wait for them.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import numpy as np

from tests.support.harnesses.killed_service import KilledService

READERS, PLANNERS = 50, 10
PATHS = ("sites", "cases", "jobs?limit=5", "sites/small/plans/2026-07-15", "automation")
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


async def under_load(address: str, token: str, seconds: float, readers: int, planners: int) -> Load:
    """Ask for some seconds, and wait for the plans that were asked for."""
    load, deadline = Load(), time.monotonic() + seconds
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx2.Limits(max_connections=readers + planners)
    async with httpx2.AsyncClient(
        base_url=f"{address}/api/v1/", headers=headers, timeout=60, limits=limits
    ) as client:
        await asyncio.gather(
            *(_read(client, load, deadline, number) for number in range(readers)),
            *(_plan(client, load, deadline, number) for number in range(planners)),
        )
    return load


async def _read(client: httpx2.AsyncClient, load: Load, deadline: float, number: int) -> None:
    while time.monotonic() < deadline:
        path = PATHS[number % len(PATHS)]
        number += 1
        started = time.perf_counter()
        try:
            answer = await client.get(path)
        except httpx2.HTTPError as error:
            load.errors.append(f"{path}: {type(error).__name__}")
            continue
        load.seconds["read"].append(time.perf_counter() - started)
        if answer.status_code != 200:
            load.errors.append(f"{path}: {answer.status_code}")
        await asyncio.sleep(PAUSE_S)


async def _plan(client: httpx2.AsyncClient, load: Load, deadline: float, number: int) -> None:
    while time.monotonic() < deadline:
        started = time.perf_counter()
        body = {"case": "small", "day": "2026-07-15", "soc": [f"{0.2 + number / 100}"], "record": False}
        try:
            answer = await client.post("plan", json={**body, "peak_so_far_mw": 120.0})
            load.seconds["ask"].append(time.perf_counter() - started)
            job = answer.json()
            while (
                answer.is_success
                and job["state"] in ("queued", "running")
                and time.perf_counter() - started < WAIT_S
            ):
                job = (await client.get(f"jobs/{job['id']}", headers={"Prefer": "wait=20"})).json()
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
                under_load(service.address, service.token, given.seconds, given.readers, given.planners)
            )
    print("\n".join(load.lines()))
    sys.exit(bool(load.errors))


if __name__ == "__main__":
    main()
