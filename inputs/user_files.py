"""Files that a user names: paths, raw content, TOML tables; what is wrong with them as InputError."""

import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from parkdispatch.inputs.messages.problem_sentences import closest, field_path
from parkdispatch.inputs.messages.quoted import CONTROL, quoted
from parkdispatch.models.errors import InputError

# Limits far above what a person writes, so that a wrong file costs neither memory nor time.
MB = 1_000_000
LARGEST_FILE_MB = 500  # a year by minutes with ten columns has 60 MB
LARGEST_TOML_MB = 4
MOST_KEY_PARTS = 64  # of a dotted key; the deepest of a case has seven
MOST_LEVELS = 32
MOST_ENTRIES = 20_000  # keys and list entries; the largest built-in case has 665
DOTTED_KEY = re.compile(rf"""(?:["']?[\w-]{{1,100}}["']?[ \t]*\.[ \t]*){{{MOST_KEY_PARTS}}}""")
TWICE = ("Cannot overwrite", "Cannot declare")  # how messages of tomllib begin about what is there twice


def read_bytes(path: Path, what: str = "a file", largest_mb: int = LARGEST_FILE_MB) -> bytes:
    """Content of a file. Raises InputError if it is missing, no regular file, too large or unreadable."""
    try:
        status = path.stat()
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
            raise InputError(f"{path}: is no regular file, must be {what}")
        if status.st_size > largest_mb * MB:
            size_mb = f"{status.st_size / MB:.0f} MB"
            raise InputError(f"{path}: has {size_mb}, must have {largest_mb} MB at most")
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise InputError(f"{path}: is a link to {path.readlink()}, which must be there") from None
        raise InputError(f"{path}: no such file{closest(path.name, _siblings(path))}") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory, must be {what}") from None
    except (OSError, ValueError) as error:  # ValueError: a path no system can have
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path}: cannot be read: {reason}") from error


def is_user_file(path: Path) -> bool:
    """Whether a path that a user wrote is that of a regular file; no where no system can have such a path."""
    try:
        return path.is_file()
    except (OSError, ValueError):  # too long, or with a character that no name may have
        return False


def is_user_folder(path: Path) -> bool:
    """Whether a path that a user wrote is that of a folder; no where no system can have such a path."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


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
    directory, unreadable, not UTF-8, not TOML, or nested or long beyond all use.
    """
    raw = read_bytes(path, "a TOML file", LARGEST_TOML_MB)
    try:
        text = raw.decode("utf-8-sig")  # Windows editors put a byte-order mark first
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line}: must be saved as UTF-8{_encoding_hint(raw)}") from None
    for number, content in enumerate(text.split("\n"), start=1):
        # the search of every line would take as long as the parser
        if content.count(".") >= MOST_KEY_PARTS and DOTTED_KEY.search(content):
            shown = f"a key has {MOST_KEY_PARTS} parts or more, must have fewer"
            raise InputError(f"{path}: line {number}: {shown}")
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        raise InputError(f"{path}: is nested too deep, must have {MOST_LEVELS} levels at most") from None
    except ValueError as error:
        position = re.fullmatch(
            r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", str(error), re.DOTALL
        )
        if position is None:
            raise InputError(f"{path}: is not TOML: {quoted(str(error), 200)}") from None
        where = f"line {position[2]}, column {position[3]}" if position[2] else "end of file"
        twice = _key_of_line(text, position[2]) if position[1].startswith(TWICE) else ""
        raise InputError(f"{path}: {where}: is not TOML: {quoted(position[1], 200)}{twice}") from None
    if problems := _unusable_entries(path, tables):
        raise InputError(problems)
    return tables


def _key_of_line(text: str, line: str | None) -> str:
    """What to add to a message about a key or table that is there twice: its name, as its line has it."""
    words = text.splitlines()[int(line) - 1].partition("=")[0].strip() if line else ""
    return f": `{quoted(words)}` is there twice" if words else ""


def _unusable_entries(path: Path, tables: Mapping[str, Any]) -> list[str]:
    """Tables nested too deep, with too many entries, or with texts that would steer a terminal."""
    problems = []
    for count, (keys, value) in enumerate(_entries(tables), start=1):
        if len(keys) > MOST_LEVELS:
            return [f"{path}: `{keys[0]}` is nested too deep, must have {MOST_LEVELS} levels at most"]
        if count > MOST_ENTRIES:
            return [f"{path}: has more than {MOST_ENTRIES} keys and list entries, must have fewer"]
        for text in (keys[-1], value):
            if isinstance(text, str) and (character := CONTROL.search(text)):
                name = CONTROL.sub("?", field_path("", keys))
                problems.append(f"`{name}`: has the control character {character[0]!r}, must have none")
    return problems


def _entries(tables: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every key and list entry with its path; no recursion, whatever the depth."""
    pending: list[tuple[tuple[str | int, ...], Any]] = [((key,), value) for key, value in tables.items()]
    while pending:
        keys, value = pending.pop()
        yield keys, value
        if isinstance(value, dict):
            pending += [((*keys, key), entry) for key, entry in value.items()]
        elif isinstance(value, list):
            pending += [((*keys, number), entry) for number, entry in enumerate(value)]


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
