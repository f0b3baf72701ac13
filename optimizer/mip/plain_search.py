"""A search of a small program as it stands, beside all that is done with the tightened one.

Tightened bounds and settled pairs give a better bound, and now and then a worse dispatch: of one park in ten
that take longer than seconds, HiGHS had a better one from the plain program all the time. Where a solve takes
longer and a second processor is there, both are searched, and the better of each is taken. The plain one is
HiGHS's as it comes, with its usual tolerances and costs that fit them; its point is made exact.
"""

import threading
import time
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from parkdispatch.models.device import Array
from parkdispatch.models.errors import SolverError
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import scaled_unit_yuan
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import InfeasibleProgram, OutOfTime, Solver
from parkdispatch.optimizer.mip.whole_program import (
    LEAST_S,
    bounds_as_decided,
    unused_members,
    with_binaries_of,
)
from parkdispatch.optimizer.proof.feasibility import is_exact, obeys_all

HEAD_START_S = 0.03  # for relaxation and repair: most programs are proven by then


class PlainSearch:
    """A search in a thread of its own while the block runs; it ends with the block, or with `end`.

    After it, `x`, (columns,), is its dispatch or empty, and `bound_yuan` HiGHS's bound. `is_proven` is set as
    soon as it has proven an optimum to the relative `gap`, for another search to end.
    """

    def __init__(self, tiled: Tiled, gap: float, deadline: float, is_wanted: bool) -> None:
        self.x, self.bound_yuan, self.is_proven = np.empty(0), -np.inf, threading.Event()
        self._tiled, self._gap, self._deadline = tiled, gap, deadline
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="plain search") if is_wanted else None

    def __enter__(self) -> Self:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """End the search, and wait until its results are there."""
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        limit_s = self._deadline - time.monotonic() - HEAD_START_S
        if self._is_over.wait(HEAD_START_S) or limit_s <= 0:
            return
        tiled, plain = self._tiled, self._tiled.program
        every = np.ones((len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
        with_binaries, pairs = with_binaries_of(tiled, plain, every)
        unit_yuan = scaled_unit_yuan(tiled.largest_cost())
        solver = Solver(
            time_limit_s=limit_s,
            gap=self._gap,
            full_search=True,
            usual_tolerances=True,
            stop=self._is_over,
        )
        try:
            solver.load(with_binaries.in_unit_of(unit_yuan))
            answer = solver.solve()
            self.bound_yuan = answer.bound * unit_yuan
            x = self._exact(answer.x, pairs)
        except OutOfTime as ended:
            self.bound_yuan = ended.bound * unit_yuan
        except (InfeasibleProgram, SolverError):  # what the other search says counts
            pass
        else:
            if obeys_all(tiled, plain, x) and is_exact(plain, x):
                self.x = x
                cost_yuan = plain.objective(x)
                if cost_yuan - self.bound_yuan <= self._gap * max(1.0, abs(cost_yuan)):
                    self.is_proven.set()

    def _exact(self, searched: Array, pairs: Index) -> Array:
        """The best point with the decisions of a search, which itself is only exact to its tolerances."""
        tiled, plain = self._tiled, self._tiled.program
        x, fixed_at_zero = searched[: len(plain.cost)], np.zeros(len(plain.cost), dtype=bool)
        fixed_at_zero[unused_members(searched, pairs)] = True
        lower, upper = bounds_as_decided(tiled, plain, x, fixed_at_zero)
        solver = Solver(time_limit_s=LEAST_S)
        solver.load(replace(plain, lower=lower, upper=upper))
        try:
            return solver.solve().x
        except (InfeasibleProgram, OutOfTime):  # infeasible by the tolerances alone
            return x
