"""JSON files with a checksum, complete or absent: the parts of a store."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parkdispatch.results.io.digests import digest
from parkdispatch.results.io.files import replacing


class UnsoundError(Exception):
    """A file that cannot be used, with the reason."""


def write_checked(path: Path, content: Mapping[str, Any]) -> None:
    """Write content and its checksum. Raises OSError."""
    write_text(path, json.dumps({**content, "sha256": digest(content)}))


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: to a temporary file, flushed to disk, then renamed. Raises OSError."""
    with replacing(path) as temporary, temporary.open("x", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def read_checked(path: Path, keys: set[str], largest_bytes: int) -> dict[str, Any]:
    """The content of a file, its checksum verified; it has at least these keys.

    Raises UnsoundError where the file is damaged or larger, OSError where it cannot be read.
    """
    try:
        if path.stat().st_size > largest_bytes:
            raise UnsoundError("is too large for a part of a store")
        content = json.loads(path.read_bytes())
        checksum = content.pop("sha256")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise UnsoundError("is cut off or no part of a store") from None
    if checksum != digest(content) or not keys <= set(content):
        raise UnsoundError("does not have its checksum")
    return dict(content)
