"""Limits over more than a day that the days of a run together did not keep."""

from dataclasses import dataclass
from math import isfinite
from typing import Any


@dataclass(frozen=True)
class BrokenLimit:
    """A period in which a limit over more than a day is not kept, with what it had, in the limit's unit."""

    device: str
    name: str
    period: str  # such as 2026
    used: float
    least: float  # -inf: none
    most: float  # inf: none

    @property
    def over(self) -> float:
        """By how much."""
        return max(self.used - self.most, self.least - self.used)

    @property
    def told(self) -> str:
        """A line of an error."""
        where, had = f"`device.{self.device}`: `{self.name}` of {self.period}", f"{self.used:.15g}"
        if self.used > self.most:
            return (
                f"{where} is {had}: must be at most {self.most:.15g}; the days before left too little of it"
            )
        return f"{where} is {had}: must be at least {self.least:.15g}; the days before left too much to do"

    @property
    def json(self) -> dict[str, Any]:
        """The fields; null where a side has no limit."""
        sides = {
            side: value if isfinite(value) else None
            for side, value in (("least", self.least), ("most", self.most))
        }
        return {**vars(self), **sides, "over": self.over}
