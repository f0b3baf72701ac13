"""The errors that reach a user as text, each with its exit code."""

from collections.abc import Sequence
from typing import Any, Self, TypeVar

Kind = TypeVar("Kind", bound="ParkdispatchError")


class ParkdispatchError(Exception):
    """Base of the errors shown to a user as text, without a traceback.

    What an error knows beside its text survives pickling and `about`, whatever its constructor takes.
    """

    exit_code = 1

    def about(self, what: str) -> Self:
        """The same error, whose text begins with what it is about, such as "year 3 of operation"."""
        return _restored(type(self), (f"{what}: {self}",), vars(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args, vars(self))


def _restored(kind: type[Kind], arguments: tuple[Any, ...], known: dict[str, Any]) -> Kind:
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    vars(error).update(known)
    return error


class InputError(ParkdispatchError):
    """The input is wrong. Holds every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def about(self, what: str) -> Self:
        """The same error, each of whose problems begins with what it is about."""
        problems = [f"{what}: {line}" for line in self.problems]
        return _restored(type(self), ("\n".join(problems),), {**vars(self), "problems": problems})


class InfeasibleError(ParkdispatchError):
    """No dispatch meets all limits. The message names the limits that are infeasible together."""

    exit_code = 3


class SolverError(ParkdispatchError):
    """The solver stopped without a solution that could be certified."""

    exit_code = 4
