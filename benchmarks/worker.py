"""One tool, one instance, one process: `python -m benchmarks.worker WHO INSTANCE.npz` prints one JSON line.

Each phase is timed here and not by the tool. `import` is from the first line of this module to the tool
being ready to be used; the start of the interpreter is in the parent's wall clock only.
"""

import time

STARTED = time.perf_counter()

import argparse  # noqa: E402
import json  # noqa: E402
import math  # noqa: E402
import os  # noqa: E402
import platform  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from importlib.metadata import version  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.harness import OUT_OF_MEMORY  # noqa: E402
from benchmarks.instance import load, name_of  # noqa: E402
from benchmarks.peers import PEERS, make_peer  # noqa: E402
from benchmarks.works.works_instance import WORKS, load_works  # noqa: E402

LEAST_S = 1.0  # for the solver, if the limit has passed before it is asked: it then says so itself
MEMORY_SHARE = 0.8  # of the machine's
TOLD = ("highspy", "pyomo", "numpy", "scipy", "pandas", "xarray")


def measure(who: str, path: Path, limit_s: float) -> dict[str, Any]:
    """Run the phases one after another; the seconds of each, and what came out."""
    name = name_of(path)
    peer = make_peer(who, name)
    phases = {"import": time.perf_counter() - STARTED}
    instance = None

    def timed(phase: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        outcome = work()
        phases[phase] = time.perf_counter() - began
        return outcome

    def read() -> None:
        nonlocal instance
        instance = load_works(path) if name == WORKS else load(path)
        peer.read(instance)

    timed("read", read)
    timed("build", peer.build)
    timed("hand_over", peer.hand_over)
    left = max(LEAST_S, limit_s - (time.perf_counter() - STARTED))
    timed("solve", lambda: peer.solve(left))
    answer = timed("extract", peer.extract)
    for phase, seconds in peer.own_seconds().items():
        phases[phase] += seconds
        phases["solve"] -= seconds
    assert instance is not None
    named = [*TOLD, *PEERS[who].needs]
    gap = (answer.objective_yuan - answer.bound_yuan) / max(1.0, abs(answer.objective_yuan))
    sizes = peer.sizes()
    return {
        "phases_s": phases,
        "in_process_s": sum(phases.values()),
        "rows": sizes.rows,
        "columns": sizes.columns,
        "nonzeros": sizes.nonzeros,
        "binaries": sizes.binaries,
        "intervals": len(instance),
        "objective_yuan": finite(answer.objective_yuan),
        "bound_yuan": finite(answer.bound_yuan),
        "gap": finite(max(0.0, gap)) if math.isfinite(gap) else None,
        "finished": bool(answer.finished),
        "certified_by": peer.certified_by,
        "lumped": dict(peer.lumped),
        "import_mwh": finite(float(answer.import_mw.sum()) * instance.hours),
        "last_energy_mwh": finite(float(answer.energy_mwh[-1])),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in named}},
    }


def say_in_one_line(work: Callable[[], dict[str, Any]], memory_share: float = MEMORY_SHARE) -> None:
    """Print what the work found as one line of JSON, or that it needed more than its share of the memory."""
    limit_memory(memory_share)
    # what tools and solvers print must not come between the reader and the one line
    line = os.dup(1)
    os.dup2(2, 1)
    try:
        measured = work()
    except MemoryError:
        measured = {"error": OUT_OF_MEMORY}
    sys.stdout.flush()
    os.write(line, (json.dumps(measured) + "\n").encode())


def limit_memory(share: float) -> None:
    """Refuse this process more than a share of the memory, so that a model too large fails alone."""
    try:
        import resource

        most = int(share * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))
    except (ImportError, ValueError, OSError):
        return  # not on this system


def finite(number: float) -> float | None:
    """The number, or none: JSON has no infinity."""
    return float(number) if math.isfinite(number) else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worker", description=__doc__)
    parser.add_argument("who", choices=PEERS)
    parser.add_argument("instance", type=Path)
    parser.add_argument(
        "--limit", type=float, default=600.0, help="seconds, of which the solver gets what is left"
    )
    parser.add_argument("--memory", type=float, default=MEMORY_SHARE, help="share of the machine's memory")
    chosen = parser.parse_args()
    say_in_one_line(lambda: measure(chosen.who, chosen.instance, chosen.limit), chosen.memory)


if __name__ == "__main__":
    main()
