"""Calibrated numbers of a case, which nobody published, with their ranges; changed cases of a reproduction.

Paths are those of `inputs/variations/changes.py`. A price by month is changed in proportion to its mean.
"""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from parkdispatch.inputs.published.published_figures import Unit
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import Number


class Calibrated(Declaration):
    """A number of the case that is calibrated, and the standard range it must lie in."""

    path: Annotated[str, Field(min_length=1)] = declared("-", "Path of the number, such as finance.loan.rate")
    unit: Unit = declared("-", "Unit of the number, as a word such as mwh")
    low: Number = declared("unit of the field", "Lower end of the range")
    high: Number = declared("unit of the field", "Upper end of the range")
    assumed: bool = declared(
        "-", "Whether its value is an assumption that others make up for: not searched, its width examined",
        default=False,
    )  # fmt: skip
    why: Annotated[str, Field(min_length=1)] = declared("-", "Reason for this range")
    why_zh: Annotated[str, Field(min_length=1)] = declared("-", "Reason for this range, in Chinese")

    @field_validator("high")
    @classmethod
    def _ordered(cls, high: float, info: ValidationInfo) -> float:
        if (low := info.data.get("low")) is not None and high <= low:
            raise ValueError(f"must be above low = {low:.15g}")
        return high


class WhatIf(Declaration):
    """The same case with a few numbers changed, to see how much the results depend on them."""

    title: Annotated[str, Field(min_length=1)] = declared("-", "Title")
    title_zh: Annotated[str, Field(min_length=1)] = declared("-", "Title in Chinese")
    values: Annotated[dict[str, Number], Field(min_length=1)] = declared(
        "unit of the field", "Changed numbers by path"
    )
