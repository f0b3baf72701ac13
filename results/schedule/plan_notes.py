"""What a plan has to say of the orders it obeys: what forcing costs, what a call pays, what is violated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

NoteKey = Literal[
    "order",
    "forced",
    "answered",
    "unanswered",
    "baseline",
    "violated",
    "violations",
    "follows",
    "gain_charge",
    "gain_discharge",
    "at_the_margin",
    "hour_later",
    "more_mwh",
    "more_mw",
    "hour_less",
]


@dataclass(frozen=True)
class PlanNote:
    """A sentence of `words["orders"]` by its key, and the numbers and texts in it."""

    key: NoteKey
    parts: Mapping[str, Any] = field(default_factory=dict)

    def sentence(self, words: Mapping[str, Any]) -> str:
        """The note in the words of a language."""
        return str(words["orders"][self.key]).format(**self.parts)


def note_lines(notes: Sequence[PlanNote], words: Mapping[str, Any]) -> list[str]:
    """The notes in the words of a language."""
    return [note.sentence(words) for note in notes]
