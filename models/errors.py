"""The errors that reach a user as text, each with its exit code."""

from collections.abc import Sequence


class ParkdispatchError(Exception):
    """Base of the errors shown to a user as text, without a traceback."""

    exit_code = 1


class InputError(ParkdispatchError):
    """The input is wrong. Holds every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type["InputError"], tuple[list[str]]]:
        return type(self), (
            self.problems,
        )  # so that the list of problems survives pickling between processes


class InfeasibleError(ParkdispatchError):
    """No dispatch meets all limits. The message names the limits that are infeasible together."""

    exit_code = 3


class SolverError(ParkdispatchError):
    """The solver stopped without a solution that could be certified."""

    exit_code = 4
