"""How a study solves: options of one solve, and the context that a study passes to its runs."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from parkdispatch.models.errors import InputError
from parkdispatch.optimizer.proof.certificate import EXACT
from parkdispatch.results.io.task_store import TaskStore

Progress = Callable[[str], None]
LOOSEST_GAP = 0.01  # largest relative optimality gap that may be asked for


def ignore_progress(_text: str) -> None:
    """Discard a progress text."""


@dataclass(frozen=True)
class SolveOptions:
    """Options of one solve. `solver` is "highs", or "pyomo:NAME" for any solver that Pyomo knows.

    HiGHS stops once a dispatch is proven to lie within the relative `gap` of the optimum. Raises InputError
    with every option that is out of range.
    """

    solver: str = "highs"
    time_limit_s: float = 60.0
    smooth: bool = False  # of the optimal dispatches, take the one with the fewest set-point changes
    threads: int | None = None  # of one solve; None: one per core
    gap: float = EXACT

    def __post_init__(self) -> None:
        problems = []
        if not self.time_limit_s > 0:  # NaN too
            problems.append(
                f"argument `time_limit_s` = {self.time_limit_s:.15g}: must be a number of seconds above 0"
            )
        if self.threads is not None and (self.threads < 1 or self.threads != int(self.threads)):
            problems.append(f"argument `threads` = {self.threads}: must be a whole number, 1 or more")
        if self.solver != "highs" and not self.solver.startswith("pyomo:"):
            problems.append(
                f"argument `solver` = {self.solver}: must be highs, or pyomo: and a name such as appsi_highs"
            )
        elif self.solver != "highs":
            problems += _pyomo_problems(self.solver.removeprefix("pyomo:"))
        if not EXACT <= self.gap <= LOOSEST_GAP:
            problems.append(
                f"argument `gap` = {self.gap:.15g}: must be from {EXACT:.15g} to {LOOSEST_GAP:.15g}"
            )
        elif self.solver != "highs" and self.gap != EXACT:
            problems.append(
                f"argument `gap` = {self.gap:.15g}: only highs heeds it, and argument `solver`"
                f" = {self.solver}"
            )
        if problems:
            raise InputError(problems)


def _pyomo_problems(name: str) -> list[str]:
    """What is wrong with the name of a Pyomo solver; Pyomo is imported for it only."""
    from parkdispatch.optimizer.formulation.plain_pyomo import pyomo_solver

    try:
        pyomo_solver(name)
    except InputError as error:
        return error.problems
    return []


@dataclass(frozen=True)
class SolveContext:
    """What every run of a study is given: how to solve, where progress texts go, what is finished already."""

    options: SolveOptions = field(default_factory=SolveOptions)
    progress: Progress = ignore_progress
    finished: TaskStore = field(default_factory=TaskStore)  # tasks of an earlier run of the same study
    processes: int = 1  # that may work side by side; more than one only where no other thread needs a lock

    def labelled(self, label: str) -> "SolveContext":
        """The same context with progress texts that begin with a label and a colon."""
        return replace(self, progress=lambda text: self.progress(f"{label}: {text}"))

    def silent(self) -> "SolveContext":
        """The same options without progress texts."""
        return replace(self, progress=ignore_progress)

    def in_copy(self) -> "SolveContext":
        """The context of one of several processes: no progress texts, one thread, no further processes."""
        return replace(self, options=replace(self.options, threads=1), progress=ignore_progress, processes=1)
