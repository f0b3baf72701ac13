"""Files that a user names: paths, raw content, TOML tables; what is wrong with them as InputError."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.models.errors import InputError


def read_bytes(path: Path, what: str = "a file") -> bytes:
    """Content of a file. Raises InputError if it is missing, a directory or unreadable."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file{closest(path.name, _siblings(path))}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, must be {what}") from None
    except (OSError, ValueError) as error:  # ValueError: a path no system can have
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot be read: {reason}") from error


def _siblings(path: Path) -> list[str]:
    """Names of files in the same folder with the same suffix."""
    try:
        return [other.name for other in path.parent.iterdir() if other.suffix == path.suffix]
    except OSError:
        return []


def user_path(text: str, folder: Path = Path()) -> Path:
    """Path a user wrote, relative to `folder`, with `~` for the home folder."""
    try:
        return folder / Path(text).expanduser()
    except RuntimeError:  # the home folder is not known
        return folder / text


def read_toml(path: Path) -> dict[str, Any]:
    """Tables of a TOML file.

    Raises InputError, naming the file and where possible line and column, if it is missing, a
    directory, unreadable, not UTF-8 or not TOML.
    """
    raw = read_bytes(path, "a TOML file")
    try:
        text = raw.decode("utf-8-sig")  # Windows editors put a byte-order mark first
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line}: must be saved as UTF-8{_encoding_hint(raw)}") from None
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        position = re.fullmatch(
            r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL
        )
        if position is None:
            raise InputError(f"{path}: is not TOML: {error}") from None
        where = f"line {position[2]}, column {position[3]}" if position[2] else "end of file"
        raise InputError(f"{path}: {where}: is not TOML: {position[1]}") from None


def _encoding_hint(raw: bytes) -> str:
    """What to add to a message about a file that is not UTF-8, if its encoding can be recognised."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "; it looks like UTF-16"
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return "; it looks like GBK (Chinese Windows): open it and save it again as UTF-8"


def with_field(field: str, path: Path, problems: Iterable[str]) -> list[str]:
    """Problems of a file; those that begin with its path are prefixed by the field that names the file."""
    return [f"`{field}`: {line}" if line.startswith(f"{path}:") else line for line in problems]
