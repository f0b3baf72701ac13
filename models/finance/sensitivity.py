"""Sensitivities: an uncertain number of the case and the limits it may lie between. Declarations only."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from parkdispatch.models.declaration import ASSUMED, Declaration, declared
from parkdispatch.models.limits import Factor, Number

ROOT = "device|tariff|finance|weather|contract|yearly_changes|phases"  # first word of a path
FieldPath = Annotated[str, Field(pattern=rf"^({ROOT})(\.[^.]+)+$")]


class Sensitivity(Declaration):
    """One uncertain input with a low and a high value, either of which may be left out.

    The values are numbers, or multiples of the number of the case. Where a field holds a number for each
    month, a multiple applies to each. `low` and `high` refer to the input, not to the result.
    """

    name: Annotated[str, Field(min_length=1)] = declared("-", "Name of the uncertain input")
    name_zh: str = declared("-", "Name in Chinese; left out: `name`", default="")
    fields: Annotated[tuple[FieldPath, ...], Field(min_length=1)] = declared(
        "-", "Paths of the fields that vary together, such as finance.loan.rate or"
        " device.battery_*.eta_charge; a star stands for any device name",
    )  # fmt: skip
    low: Number | None = declared("unit of the field", "Low value", default=None)
    high: Number | None = declared("unit of the field", "High value", default=None)
    times_low: Factor | None = declared(
        "-", "Low value as a multiple of the number of the case", default=None
    )
    times_high: Factor | None = declared(
        "-", "High value as a multiple of the number of the case", default=None
    )
    source: str = declared("-", "Where the limits are from", default=ASSUMED)

    @model_validator(mode="after")
    def _limits_given_once(self) -> Self:
        problems = []
        for end, times in (("low", "times_low"), ("high", "times_high")):
            if getattr(self, end) is not None and getattr(self, times) is not None:
                problems.append(f"{end} and {times}: must be one of them, not both")
        if not any(True for _ in self.ends()):
            problems.append("low, high, times_low, times_high: must be at least one of them")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def ends(self) -> Iterator[tuple[str, float, bool]]:
        """Each limit given: its key, its number, and whether the number is a multiple."""
        for key in ("low", "times_low", "high", "times_high"):
            if (number := getattr(self, key)) is not None:
                yield key, number, key.startswith("times")
