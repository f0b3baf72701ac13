"""What a plan has to say of the orders it obeys: what forcing costs, what a call pays, what is violated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

WORD = "word:"  # begins a part that is a word of `words["orders"]`
NoteKey = Literal[
    "order_outage",
    "order_out",
    "order_limit",
    "order_force",
    "order_reserve",
    "order_until_soc",
    "order_call",
    "order_when",
    "order",
    "forced",
    "answered",
    "unanswered",
    "baseline",
    "violated_most",
    "violated_least",
    "violated_demand",
    "violated_supply",
    "violations",
    "follows",
    "gain_charge",
    "gain_discharge",
    "gain_in_blackout",
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
        parts = {name: _text(part, words) for name, part in self.parts.items()}
        return str(words["orders"][self.key]).format(**parts)


def _text(part: Any, words: Mapping[str, Any]) -> str:
    """A part of a note: a note or several, a word by its key after `word:`, or a text."""
    if isinstance(part, PlanNote):
        return part.sentence(words)
    if isinstance(part, tuple):
        return "; ".join(_text(item, words) for item in part)
    if isinstance(part, str) and part.startswith(WORD):
        return str(words["orders"][part.removeprefix(WORD)])
    return str(part)


def note_lines(notes: Sequence[PlanNote], words: Mapping[str, Any]) -> list[str]:
    """The notes in the words of a language."""
    return [note.sentence(words) for note in notes]
