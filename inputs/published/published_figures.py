"""Published figures, each with its unit, its value and the statement it is part of."""

from importlib import resources
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from parkdispatch.inputs.messages.problem_sentences import problem_sentences, silently_converted
from parkdispatch.inputs.user_files import read_toml
from parkdispatch.models.declaration import Declaration
from parkdispatch.models.errors import InputError

Unit = Literal[
    "mj_per_m2", "kwh_per_m2", "pieces", "wp", "mwp", "mw", "mwh", "mva", "gwh", "hours", "t", "tce", "wan",
    "gce_per_kwh", "kg_per_kwh", "t_per_tce", "yuan_per_kwh", "yuan_per_kwh_rated", "yuan_per_w", "share",
    "yuan", "years", "times",
]  # fmt: skip


class Figure(Declaration):
    """One published number."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Annotated[str, Field(min_length=1)]
    name_zh: Annotated[str, Field(min_length=1)]
    unit: Unit
    value: float
    says: Annotated[str, Field(min_length=1)]  # the statement of the source, restated
    says_zh: Annotated[str, Field(min_length=1)]
    within: Annotated[float, Field(gt=0, le=0.1)] | None = (
        None  # [-] largest relative deviation of a replication
    )


class Published(Declaration):
    """All figures of one source."""

    name: str
    title: str
    title_zh: str
    figure: Annotated[tuple[Figure, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _once(self) -> "Published":
        keys = [figure.key for figure in self.figure]
        if repeated := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"figure: {', '.join(repeated)} is there twice, must be once")
        return self

    @property
    def targets(self) -> tuple[Figure, ...]:
        """The figures that a replication must reach within their tolerance."""
        return tuple(figure for figure in self.figure if figure.within is not None)

    def of(self, key: str) -> Figure:
        """The figure of that key. Raises KeyError if there is none."""
        for figure in self.figure:
            if figure.key == key:
                return figure
        raise KeyError(key)

    def __getitem__(self, key: str) -> float:
        """The value of the figure of that key. Raises KeyError if there is none."""
        return self.of(key).value


def read_published(name: str) -> Published:
    """Read a built-in file of published figures. Raises InputError with all problems."""
    with resources.as_file(resources.files("parkdispatch.inputs") / "published" / f"{name}.toml") as file:
        tables = read_toml(file)
    problems = silently_converted(tables, Published)
    try:
        published = Published.model_validate(tables)
    except ValidationError as error:
        raise InputError([*problems, *problem_sentences(error, model=Published)]) from None
    if problems:
        raise InputError(problems)
    return published
