"""The three kinds of error that reach a user, each with its exit code."""

from collections.abc import Sequence


class ParkdispatchError(Exception):
    """An error a user sees as text, never as a traceback."""

    exit_code = 1


class InputError(ParkdispatchError):
    """Something the user gave is wrong. Holds every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["InputError"], tuple[list[str]]]:
        return type(self), (self.problems,)  # to come whole out of another process


class InfeasibleError(ParkdispatchError):
    """No dispatch meets all limits. The message names what conflicts."""

    exit_code = 3


class SolverError(ParkdispatchError):
    """The solver stopped without an answer that could be certified."""

    exit_code = 4
