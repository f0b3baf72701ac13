"""The tasks of a study that ended without an answer, while the others were finished."""

from dataclasses import dataclass
from typing import Any, Literal

from parkdispatch.models.errors import InfeasibleError, InputError, ParkdispatchError, SolverError

Reason = Literal["infeasible", "input", "internal", "solver"]


@dataclass(frozen=True)
class FailedTask:
    """A task that failed: its part of the study, what it was about, and the error that ended it."""

    part: str  # of the study, a key of `failed.parts` in the words
    reason: Reason
    error: str
    name: str = ""  # of the choice or the sensitivity
    name_zh: str = ""
    scenario: int | None = None
    year: int | None = None  # of operation, or of commissioning after the case's

    @classmethod
    def of(cls, part: str, error: ParkdispatchError, **about: Any) -> "FailedTask":
        """A task of a part that ended with this error; `about` are the fields that name it."""
        kinds: tuple[tuple[type[ParkdispatchError], Reason], ...] = (
            (InfeasibleError, "infeasible"),
            (InputError, "input"),
            (SolverError, "solver"),
            (ParkdispatchError, "internal"),
        )
        reason = next(reason for kind, reason in kinds if isinstance(error, kind))
        return cls(part, reason, str(error), **about)


def internal_error(error: Exception) -> ParkdispatchError:
    """An unexpected error as that of a task, so that the other tasks are not lost."""
    return ParkdispatchError(f"internal error, please report it: {type(error).__name__}: {error}")
