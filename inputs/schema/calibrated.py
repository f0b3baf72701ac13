"""Numbers of a case that nobody published: calibrated inside a stated range.

Paths are those of `inputs/variations/changes.py`. A price by month is changed in proportion to its mean.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from parkdispatch.inputs.published.published_figures import Unit

if TYPE_CHECKING:
    pass


class Calibrated(BaseModel):
    """A number of the case that is calibrated, and the standard range it must stay in."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    path: Annotated[str, Field(min_length=1)]
    unit: Unit
    low: float
    high: float
    why: Annotated[str, Field(min_length=1)]  # this range
    why_zh: Annotated[str, Field(min_length=1)]

    @field_validator("high")
    @classmethod
    def _ordered(cls, high: float, info: ValidationInfo) -> float:
        if (low := info.data.get("low")) is not None and high <= low:
            raise ValueError(f"must be above low = {low:g}")
        return high


class WhatIf(BaseModel):
    """The same case with a few numbers changed, to see what rests on them."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    title: Annotated[str, Field(min_length=1)]
    title_zh: Annotated[str, Field(min_length=1)]
    values: Annotated[dict[str, float], Field(min_length=1)]  # by path
