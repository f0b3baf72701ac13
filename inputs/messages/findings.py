"""What several steps find wrong, said at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from parkdispatch.models.errors import InputError


class Findings:
    """Collects what several steps find wrong, so that all of it is said at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the problems of an InputError raised inside and go on after the block."""
        try:
            yield
        except InputError as error:
            self.lines += error.problems

    def raise_any(self) -> None:
        """Raise one InputError with everything kept so far, if anything was."""
        if self.lines:
            raise InputError(list(dict.fromkeys(self.lines)))
