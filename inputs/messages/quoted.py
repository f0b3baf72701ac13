"""Text of a user's file as a message quotes it: short, in one line, and without control characters."""

import re

LONGEST = 40  # characters of a cell, a header or a key in a message
# all but tab and line feed; the last two ranges change the direction in which a terminal writes
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def quoted(text: str, longest: int = LONGEST) -> str:
    """The text in one line of at most `longest` characters, control characters shown as `?`."""
    line = " ".join(CONTROL.sub("?", text.strip()).split())
    return line if len(line) <= longest else f"{line[: longest - 3]}..."
