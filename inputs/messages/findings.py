"""Collection of the problems of several steps, so that all are reported at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast

from parkdispatch.models.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")


class Findings:
    """Collects the problems of several steps, so that all are reported at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect the problems of an InputError raised in the block, and continue after it."""
        try:
            yield
        except InputError as error:
            self.lines += error.problems

    def collect(self, step: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The result of a step; after a step that raised InputError, use nothing before `raise_any`."""
        with self.collecting():
            return step(*args, **kwargs)
        return cast("T", None)

    def raise_any(self) -> None:
        """Raise one InputError with all problems collected, if there are any."""
        if self.lines:
            raise InputError(list(dict.fromkeys(self.lines)))
