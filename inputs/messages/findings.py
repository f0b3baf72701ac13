"""Collection of the problems of several steps, so that all are reported at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from parkdispatch.models.errors import InputError


class Findings:
    """Collects the problems of several steps, so that all are reported at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Collect the problems of an InputError raised in the block, and continue after it."""
        try:
            yield
        except InputError as error:
            self.lines += error.problems

    def raise_any(self) -> None:
        """Raise one InputError with all problems collected, if there are any."""
        if self.lines:
            raise InputError(list(dict.fromkeys(self.lines)))
