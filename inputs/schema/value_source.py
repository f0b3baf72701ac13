"""The source of a value of a case: the comment in its file, its variant, or what a run gave instead."""

from dataclasses import dataclass
from typing import Any, Literal

Path = tuple[str | int, ...]  # of a value in the case file; a number is a place in an array
Origin = Literal["file", "variant", "argument", "expected", "changed"]


@dataclass(frozen=True)
class Source:
    """Where a value is from: `by` is the variant or the argument that gave it, `note` the comment on it."""

    value: Any
    origin: Origin
    by: str = ""
    note: str = ""
    written: str = ""  # the value as its file writes it
