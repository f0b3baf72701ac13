"""Where the range of an uncertain number is from: kind, document and date as data. Declarations only.

A number of a range for which no source is named is an assumption, and is said to be one.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from parkdispatch.models.declaration import ASSUMED, GIVEN, Declaration, declared

SourceKind = Literal["official", "plan", "record", "tender", "second_hand", "computed", "named", "assumption"]
RangeEnd = Literal["low", "high", "mode", "mean", "std", "values", "weights", "rank"]
KNOWN_BY_A_DOCUMENT = ("official", "plan", "record", "tender", "second_hand")


class RangeSource(Declaration):
    """Where a range, or some of its numbers, are from."""

    of: tuple[RangeEnd, ...] = declared(
        "-", "Numbers of the range that it is about, such as low; left out: all of them", default=()
    )
    kind: SourceKind = declared(
        "-", "Kind: official: a notice or a standard; plan: of the project; record: measured or a data set;"
        " tender: prices paid; second_hand: quoted by another; computed: from numbers named in `note`; named:"
        " a text that says no kind; assumption: none found", GIVEN,
    )  # fmt: skip
    document: str = declared("-", "The document or data set", default="")
    document_zh: str = declared("-", "The same in Chinese; left out: `document`", default="")
    date: Annotated[str, Field(pattern=r"^(\d{4}(-\d{2}){0,2})?$")] = declared(
        "-", "Date of the document: a year, month or day; left out: unknown, and said so", default=""
    )
    note: str = declared("-", "How the numbers follow from it, or why they are assumed", default="")
    note_zh: str = declared("-", "The same in Chinese; left out: `note`", default="")

    @model_validator(mode="after")
    def _documented(self) -> Self:
        if self.kind in KNOWN_BY_A_DOCUMENT and not self.document:
            raise ValueError(f"document is missing: must be given, because `kind` = '{self.kind}'")
        if self.kind == "computed" and not self.note:
            raise ValueError("note is missing: must be given, because `kind` = 'computed'")
        return self


def _as_sources(value: Any) -> Any:
    """A text, a table or several as several tables; a text that begins with 'assumption' is one."""
    if isinstance(value, str):
        kind, _, rest = value.partition(":")
        if kind.strip() == ASSUMED:
            return ({"kind": "assumption", "note": rest.strip()},)
        return ({"kind": "named", "note": value},) if value.strip() else ()
    return (value,) if isinstance(value, Mapping | RangeSource) else value


RangeSources = Annotated[tuple[RangeSource, ...], BeforeValidator(_as_sources)]


def declared_source(sentence: str) -> Any:
    """Declare the field `source` of a range; without one the range is an assumption."""
    said = f"{sentence}; a text, a table or several tables. What none of them is about is an assumption"
    return declared("-", said, default=())


def complete_sources(sources: Iterable[RangeSource], ends: Iterable[RangeEnd]) -> tuple[RangeSource, ...]:
    """The sources of a range of these numbers, with an assumption for those that none is about."""
    given = tuple(sources)
    if any(not source.of for source in given):
        return given
    left = tuple(end for end in ends if not any(end in source.of for source in given))
    return (*given, RangeSource(of=left if given else (), kind="assumption")) if left else given


def rests_on_assumptions(sources: Iterable[RangeSource]) -> bool:
    """Whether a number of the range is assumed."""
    return any(source.kind == "assumption" for source in sources)
