"""Files kept in the user's cache folder, each checked by a digest of its content.

A file is written whole under another name and renamed, so that two writers at once leave one of two whole
files; what is damaged is not read, but made anew. A folder that cannot be written is no error: then nothing
is kept.
"""

import hashlib
import os
import secrets
import sys
from contextlib import suppress
from pathlib import Path

VARIABLE = "PARKDISPATCH_CACHE"  # "off", or the folder
OFF = ("off", "0", "no", "false")
SUFFIX = ".kept"
DIGEST_BYTES = 32  # SHA-256, before the content
LARGEST_FOLDER_BYTES = 200_000_000  # a year of quarter-hours of one series has 280 kB
KEPT_SHARE = 0.75  # of that, once it is full; the entries last used stay


def cache_folder() -> Path | None:
    """The folder: what the variable names, or the system's place for caches; None where off."""
    given = os.environ.get(VARIABLE, "").strip()
    if given.lower() in OFF:
        return None
    if given:
        return Path(given).expanduser()
    try:
        return _system_folder() / "parkdispatch"
    except RuntimeError:  # no home
        return None


def _system_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".cache"


def read_entry(key: str) -> bytes | None:
    """The content kept by a key; None where there is none, or what is there is not what was written."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"{key}{SUFFIX}"
    try:
        stored = path.read_bytes()
    except OSError:
        return None
    content = stored[DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != stored[:DIGEST_BYTES]:
        return None
    with suppress(OSError):
        os.utime(path)  # last used now, for `_make_room`
    return content


def write_entry(key: str, content: bytes) -> None:
    """Keep a content by a key, where the folder can be written."""
    folder = cache_folder()
    if folder is None:
        return
    path = folder / f"{key}{SUFFIX}"
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with suppress(OSError):  # a full disk, or a folder of somebody else
        folder.mkdir(parents=True, exist_ok=True)
        try:
            unfinished.write_bytes(hashlib.sha256(content).digest() + content)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _make_room(folder)


def entries(folder: Path) -> list[Path]:
    """The files of this program in a cache folder, unfinished ones too; nothing of anybody else's."""
    return sorted(p for p in folder.glob(f"*{SUFFIX}*") if p.is_file()) if folder.is_dir() else []


def clear(folder: Path) -> int:
    """Remove all entries of a folder; returns how many there were. Raises OSError where one cannot be."""
    paths = entries(folder)
    for path in paths:
        path.unlink(missing_ok=True)
    return len(paths)


def _make_room(folder: Path) -> None:
    """Remove the entries that were not used for longest, where the folder has grown too large."""
    stats = []
    for path in entries(folder):
        with suppress(OSError):  # another process has just removed it
            stats.append((path.stat(), path))
    size = sum(status.st_size for status, _ in stats)
    if size <= LARGEST_FOLDER_BYTES:
        return
    for status, path in sorted(stats, key=lambda entry: entry[0].st_mtime):
        if size <= KEPT_SHARE * LARGEST_FOLDER_BYTES:
            return
        path.unlink(missing_ok=True)
        size -= status.st_size
