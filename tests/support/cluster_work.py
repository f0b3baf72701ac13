"""Work for a cluster's processes, which must be able to import it; run as a program, a run to be killed."""

import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.errors import InfeasibleError, InputError
from parkdispatch.studies.task_cluster import TaskCluster

Array = NDArray[np.float64]
SHAPE = (2, 3)
QUESTION = {
    "case": {"tariff": "t", "sizing": "s"},
    "choices": ["a", "b", "c"],
    "program": {"p": "1"},
}


def table(count: int) -> pd.DataFrame:
    """Two doubts; the first scenarios of a longer table are those of a shorter one."""
    numbers = np.arange(count)
    return pd.DataFrame({"price": 0.1 + numbers / 3.0, "load, MJ/m²": np.sqrt(2.0 + numbers)})


def figures(shared: dict[str, Any], row: Array) -> Array:
    """Numbers with all their digits, and one that is none; it takes a while."""
    time.sleep(shared.get("sleep_s", 0.0))
    numbers = np.outer([math.pi, math.e], np.exp(np.resize(row, 3)) / 7.0)
    numbers[0, 0] = np.nan
    return numbers * shared["scale"]


def expected(count: int) -> Array:
    """What all scenarios give, computed here."""
    return np.array([figures({"scale": 1.0}, row) for row in table(count).to_numpy()])


def each(cluster: TaskCluster, *arguments: Any, **named: Any) -> Iterator[tuple[int, Any]]:
    """The outcomes of a batch of tasks, one by one."""
    for batch in cluster.batches(*arguments, **named):
        yield from batch


class Counting:
    """Something shared that counts how often it came into a process."""

    arrived = 0

    def __init__(self, size: int) -> None:
        self.content = bytes(size)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__ = state
        type(self).arrived += 1


def arrivals(shared: Counting, row: Array) -> Array:
    """The process, how often what is shared came there, and its size."""
    time.sleep(0.02)
    return np.array([os.getpid(), shared.arrived, len(shared.content), *row])


def failing(kind: str, row: Array) -> Array:
    """Every third task fails."""
    if row[0] % 3 == 2:
        if kind == "input":
            raise InputError([f"`price` = {row[0]:g}: must be less", "`load`: must be more"])
        if kind == "infeasible":
            raise InfeasibleError("limits conflict")
        if kind == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError("a bug")
    return row


def dear(_: None, row: Array) -> Array:
    """Prices above one are refused."""
    if row[0] > 1.0:
        raise InputError(f"`price` = {row[0]:g}: must be 1 or less")
    return row


def main() -> None:
    """A run on a store with a local process of a cluster: folder, scenarios, seconds a scenario."""
    from parkdispatch.studies.sizing.scenario_evaluation import compute_missing_scenarios

    # a shell that runs the tests in the background leaves control-C ignored, and children inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder, count, sleep_s = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    try:
        with TaskCluster(workers=1) as cluster:
            shared, kept = {"scale": 1.0, "sleep_s": sleep_s}, (folder, QUESTION)
            compute_missing_scenarios(figures, shared, SHAPE, table(count), cluster, kept, print, print)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
