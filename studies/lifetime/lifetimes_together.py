"""What needs nothing of one another in a study, such as several lifetimes, side by side in processes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Generic, TypeVar

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.io.second_process import beside, side_by_side
from parkdispatch.studies.lifetime.lifetime_dispatch import YearStarts, dispatch_lifetime
from parkdispatch.studies.solve_options import SolveContext

Result = TypeVar("Result")


@dataclass(frozen=True)
class AskedLifetime:
    """A lifetime to dispatch, as `dispatch_lifetime` takes it, and what its progress texts begin with."""

    case: Case
    label: str
    only: Sequence[int] | None = None
    starts: YearStarts | None = None

    def dispatch(self, context: SolveContext) -> Lifetime:
        """The lifetime. Raises as `dispatch_lifetime` does."""
        labelled = context.labelled(self.label) if self.label else context
        return dispatch_lifetime(self.case, labelled, self.only, starts=self.starts)


@dataclass(frozen=True)
class _Told(Generic[Result]):
    """What a copy of the process tells: a result, its tasks finished before, why none was kept."""

    result: Result
    reused: int
    problem: str


def dispatch_lifetimes(asked: Sequence[AskedLifetime], context: SolveContext) -> list[Callable[[], Lifetime]]:
    """By lifetime, a function that returns it or raises what its dispatch raises.

    With more than one process in the context all are dispatched now, else each when its function is called.
    """
    if context.processes < 2 or len(asked) < 2:
        return [cache(partial(lifetime.dispatch, context)) for lifetime in asked]
    context.progress(f"{len(asked)} lifetimes, {context.processes} at a time")
    works = [_in_copy(lifetime.dispatch, context) for lifetime in asked]
    return [_received(wait, context) for wait in side_by_side(works, context.processes)]


@contextmanager
def result_beside(
    work: Callable[[SolveContext], Result], context: SolveContext
) -> Iterator[Callable[[], Result]]:
    """Do a work beside what is done in the block; yields a function that returns its result or raises.

    With one process, it is done when that function is first called.
    """
    if context.processes < 2:
        yield cache(partial(work, context))
        return
    with beside(_in_copy(work, context)) as wait:
        yield _received(wait, context)


def _in_copy(work: Callable[[SolveContext], Result], context: SolveContext) -> Callable[[], _Told[Result]]:
    """What a copy of the process does."""

    def told() -> _Told[Result]:
        before, copied = context.finished.reused, context.in_copy()
        result = work(copied)
        return _Told(result, copied.finished.reused - before, copied.finished.problem)

    return told


def _received(wait: Callable[[], _Told[Result]], context: SolveContext) -> Callable[[], Result]:
    """A function that returns what a copy tells, and counts the tasks it found finished."""

    @cache
    def result() -> Result:
        told = wait()
        context.finished.reused += told.reused
        context.finished.problem = context.finished.problem or told.problem
        return told.result

    return result
