"""Several lifetimes that need nothing of one another, dispatched side by side in processes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from parkdispatch.inputs.case import Case
from parkdispatch.results.finance.lifetime import Lifetime
from parkdispatch.results.io.second_process import beside, side_by_side
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime
from parkdispatch.studies.solve_options import SolveContext


@dataclass(frozen=True)
class AskedLifetime:
    """A lifetime to dispatch, as `dispatch_lifetime` takes it, and what its progress texts begin with."""

    case: Case
    label: str
    only: Sequence[int] | None = None


@dataclass(frozen=True)
class _Told:
    """What a copy of the process tells: a lifetime, its years finished before, why none was kept."""

    lifetime: Lifetime
    reused: int
    problem: str


def dispatch_lifetimes(asked: Sequence[AskedLifetime], context: SolveContext) -> list[Callable[[], Lifetime]]:
    """By lifetime, a function that returns it or raises what its dispatch raises.

    With more than one process in the context all are dispatched now, else each when its function is called.
    """
    if context.processes < 2 or len(asked) < 2:
        return [_Remembered(lifetime, context) for lifetime in asked]
    context.progress(f"{len(asked)} lifetimes, {context.processes} at a time")
    waits = side_by_side([_work(lifetime, context) for lifetime in asked], context.processes)
    return [_received(wait, context) for wait in waits]


@contextmanager
def lifetime_beside(asked: AskedLifetime, context: SolveContext) -> Iterator[Callable[[], Lifetime]]:
    """Dispatch a lifetime beside what is done in the block; yields a function as of `dispatch_lifetimes`.

    With one process, it is dispatched when that function is called.
    """
    if context.processes < 2:
        yield _Remembered(asked, context)
        return
    with beside(_work(asked, context)) as wait:
        yield _received(wait, context)


class _Remembered:
    """A lifetime that is dispatched when it is first called for."""

    def __init__(self, asked: AskedLifetime, context: SolveContext) -> None:
        self._asked, self._context = asked, context
        self._lifetime: Lifetime | None = None

    def __call__(self) -> Lifetime:
        if self._lifetime is None:
            context = self._context.labelled(self._asked.label) if self._asked.label else self._context
            self._lifetime = dispatch_lifetime(self._asked.case, context, self._asked.only)
        return self._lifetime


def _work(asked: AskedLifetime, context: SolveContext) -> Callable[[], _Told]:
    """What a copy of the process does."""

    def work() -> _Told:
        before, copied = context.finished.reused, context.in_copy()
        lifetime = dispatch_lifetime(asked.case, copied, asked.only)
        return _Told(lifetime, copied.finished.reused - before, copied.finished.problem)

    return work


def _received(wait: Callable[[], _Told], context: SolveContext) -> Callable[[], Lifetime]:
    """A function that returns the lifetime that a copy tells, and counts the years it found finished."""
    known: list[Lifetime] = []

    def lifetime() -> Lifetime:
        if not known:
            told = wait()
            context.finished.reused += told.reused
            context.finished.problem = context.finished.problem or told.problem
            known.append(told.lifetime)
        return known[0]

    return lifetime
