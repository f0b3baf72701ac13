"""Figures that somebody published, each with its unit, its value and the sentence it stands in."""

from importlib import resources
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from parkdispatch.inputs.messages.validation import problems, read_toml, wrong_kinds
from parkdispatch.models.errors import InputError

Unit = Literal[
    "mj_per_m2", "kwh_per_m2", "pieces", "wp", "mwp", "mw", "mwh", "mva", "gwh", "hours", "t", "tce", "wan",
    "gce_per_kwh", "kg_per_kwh", "t_per_tce", "yuan_per_kwh", "yuan_per_kwh_rated", "yuan_per_w", "share",
    "years", "times",
]  # fmt: skip


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Figure(_Table):
    """One published number."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Annotated[str, Field(min_length=1)]
    name_zh: Annotated[str, Field(min_length=1)]
    unit: Unit
    value: float
    says: Annotated[str, Field(min_length=1)]  # the source's sentence, restated
    says_zh: Annotated[str, Field(min_length=1)]
    within: Annotated[float, Field(gt=0, le=0.1)] | None = None  # [-] how near a replication must come


class Published(_Table):
    """Every figure of one source."""

    name: str
    title: str
    title_zh: str
    figure: Annotated[tuple[Figure, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> "Published":
        keys = [one.key for one in self.figure]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"figure: {', '.join(twice)} is there twice, must be once")
        return self

    @property
    def targets(self) -> tuple[Figure, ...]:
        """The figures that a replication is held against."""
        return tuple(one for one in self.figure if one.within is not None)

    def of(self, key: str) -> Figure:
        """The figure of that key. Raises KeyError if there is none."""
        for one in self.figure:
            if one.key == key:
                return one
        raise KeyError(key)

    def __getitem__(self, key: str) -> float:
        """The value of the figure of that key. Raises KeyError if there is none."""
        return self.of(key).value


def read_published(name: str) -> Published:
    """A file of figures that comes with the program. Raises InputError with all that is wrong in it."""
    with resources.as_file(resources.files("parkdispatch.inputs") / "published" / f"{name}.toml") as file:
        tables = read_toml(file)
    found = wrong_kinds(tables, Published)
    try:
        published = Published.model_validate(tables)
    except ValidationError as error:
        raise InputError([*found, *problems(error, model=Published)]) from None
    if found:
        raise InputError(found)
    return published
