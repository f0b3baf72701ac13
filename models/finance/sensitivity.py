"""What a planner doubts: a number of the case, and between which limits it may lie. Declarations only."""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from parkdispatch.models.device import NonNegative

FieldPath = Annotated[str, Field(pattern=r"^(device|tariff|finance|weather|contract)(\.[^.]+)+$")]


class Sensitivity(BaseModel):
    """One doubt. Its ends are numbers, or multiples of what the case says; one end may be left out.

    `fields` are paths such as "finance.loan.rate"; in "device.battery_*.eta_charge" the star stands for any
    name. Where a field has a number for each month, a multiple applies to each. `low` and `high` are ends of
    the input; which of them is better for the park, the dispatch and the cash flow find out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Annotated[str, Field(min_length=1)]
    name_zh: str = ""  # left out: `name`
    fields: Annotated[tuple[FieldPath, ...], Field(min_length=1)]
    low: float | None = None
    high: float | None = None
    times_low: NonNegative | None = None
    times_high: NonNegative | None = None
    source: str = "assumption"

    @model_validator(mode="after")
    def _ends(self) -> Self:
        wrong = []
        for end, times in (("low", "times_low"), ("high", "times_high")):
            if getattr(self, end) is not None and getattr(self, times) is not None:
                wrong.append(f"{end} and {times}: must be one of them, not both")
        if not any(True for _ in self.ends()):
            wrong.append("low, high, times_low, times_high: must be at least one of them")
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    def ends(self) -> Iterator[tuple[str, float, bool]]:
        """Each end given: the key it was given by, the number, and whether it is a multiple."""
        for key in ("low", "times_low", "high", "times_high"):
            if (number := getattr(self, key)) is not None:
                yield key, number, key.startswith("times")
