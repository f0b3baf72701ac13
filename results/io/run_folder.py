"""The folder of a run: it appears whole or not at all, and replaces a run, never a file of the user's.

All files are written into a folder beside the final one, with a manifest of their names and digests, and the
folder is renamed. Where the final one is there, the two are exchanged in one step (on Linux). A folder that
cannot be renamed, a mount point or the working directory, gets its files one by one, the manifest last.
"""

import ctypes
import hashlib
import json
import os
import platform
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from parkdispatch.models.errors import InputError

MANIFEST = "manifest.json"
STAGING = ".writing-"
IGNORED = (".DS_Store", "Thumbs.db", "desktop.ini")  # put there by file managers
MOST_NAMED = 5
AT_FDCWD, RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h
Stage = Callable[[str, Callable[[Path], object]], Path]


@contextmanager
def output_folder(out: Path) -> Iterator[Stage]:
    """Yield a function that stages files, which appear in `out` together on success.

    `stage(name, write)` calls `write(path)` with a path in a staging folder and returns the final path. A run
    of this program that is in `out` is replaced as a whole. Raises InputError where the folder cannot be
    written, or holds anything else; then nothing has changed.
    """
    if problems := folder_problems(out):
        raise InputError(problems)
    try:
        target = Path(os.path.realpath(out))
        in_place = _cannot_be_renamed(target)
        parent = target if in_place else target.parent
        missing = [path for path in (parent, *parent.parents) if not path.exists()]
        parent.mkdir(parents=True, exist_ok=True)
        staging = _staging_folder(parent)
    except OSError as error:
        raise InputError(f"argument `out` = {out}: cannot be written: {error.strerror or error}") from error
    try:
        names: list[str] = []

        def stage(name: str, write: Callable[[Path], object]) -> Path:
            write(staging / name)
            names.append(name)
            return out / name

        yield stage
        digests = {name: _digest(staging / name) for name in names}
        text = json.dumps({"program": "parkdispatch", "files": digests}, indent=1, ensure_ascii=False)
        (staging / MANIFEST).write_text(text + "\n", encoding="utf-8")
        if problems := folder_problems(out):  # another run or a person was faster
            raise InputError(problems)
        _publish_in_place(staging, target, names) if in_place else _publish(staging, target)
    except OSError as error:
        raise InputError(f"argument `out` = {out}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not target.exists():
            _remove_empty(missing)


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the deepest first, as long as they are empty."""
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def folder_problems(out: Path) -> list[str]:
    """Why a run must not be written there: a file, or what no run wrote or was changed since."""
    try:
        with suppress(FileNotFoundError):
            if not stat.S_ISDIR(out.stat().st_mode):
                return [f"argument `out` = {out}: cannot be written: is a file, must be a folder"]
        entries = {
            path.name: path
            for path in (out.iterdir() if out.is_dir() else ())
            if path.name not in (*IGNORED, MANIFEST) and not path.name.startswith(STAGING)
        }
        digests = _manifest(out) if entries else {}
        foreign = sorted(entries.keys() - digests.keys())
        changed = sorted(name for name in entries.keys() & digests if _digest(entries[name]) != digests[name])
    except OSError as error:
        return [f"argument `out` = {out}: cannot be written: {error.strerror or error}"]
    lines = []
    for names, what in ((foreign, "which no run wrote"), (changed, "changed since the run")):
        if names:
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            lines.append(
                f"argument `out` = {out}: holds {', '.join(names[:MOST_NAMED])}{more}, {what}: must be new,"
                " empty or hold one run, which is replaced"
            )
    return lines


def _manifest(folder: Path) -> Mapping[str, str]:
    """Digests by name of the files of the run in a folder; none without a manifest of this program."""
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    files = content.get("files") if isinstance(content, dict) else None
    if not isinstance(files, dict):
        return {}
    return {name: text for name, text in files.items() if Path(name).name == name}


def _digest(path: Path) -> str:
    """SHA-256 of a file; an empty text for anything else."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cannot_be_renamed(target: Path) -> bool:
    """Whether a folder is a mount point, holds the working directory, or lies where nothing can be added."""
    if not target.is_dir():
        return False
    return target.is_mount() or Path.cwd().is_relative_to(target) or not os.access(target.parent, os.W_OK)


def writing_problems(out: Path) -> list[str]:
    """Why nothing can be written into a folder, found out by doing it; nothing remains of that."""
    target = Path(os.path.realpath(out))
    try:
        place = next(path for path in (target, *target.parents) if path.exists())
        parent = place if place != target or _cannot_be_renamed(target) else place.parent
        _staging_folder(parent).rmdir()
    except OSError as error:  # such as a file in the place of a folder, a full disk, a name that is too long
        return [f"argument `out` = {out}: cannot be written: {error.strerror or error}"]
    return []


def _staging_folder(parent: Path) -> Path:
    """A new folder in `parent`, named after this process; those of processes that have ended are removed."""
    prefix = f"{STAGING}{platform.node() or 'host'}-"
    for path in [path for path in parent.iterdir() if path.name.startswith(prefix)]:
        process = path.name.removeprefix(prefix).split("-")[0]
        if process.isdecimal() and not _is_running(int(process)):
            shutil.rmtree(path, ignore_errors=True)
    staging = parent / f"{prefix}{os.getpid()}-{secrets.token_hex(8)}"
    staging.mkdir()
    return staging


def _is_running(process: int) -> bool:
    if os.name != "posix":  # elsewhere there is no signal that only asks
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _publish(staging: Path, target: Path) -> None:
    """Put a complete folder in the place of another, empty or a run, or where there is none."""
    if not target.exists():
        staging.rename(target)
    elif not _exchanged(staging, target):
        aside = staging.with_name(f"{staging.name}-before")
        target.rename(aside)
        try:
            staging.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _exchanged(first: Path, second: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    done = renameat2(AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE)
    return int(done) == 0


def _publish_in_place(staging: Path, target: Path, names: list[str]) -> None:
    """Move the files one by one, the manifest last; without it a folder holds no whole run.

    The files before are kept in the staging folder, and put back if one fails, such as one open in Excel.
    """
    backup = staging / "before"
    backup.mkdir()
    before = [name for name in (MANIFEST, *_manifest(target)) if (target / name).is_file()]
    moved: list[str] = []
    placed: list[str] = []
    try:
        for name in before:
            os.replace(target / name, backup / name)  # noqa: PTH105 - atomic on one file system
            moved.append(name)
        for name in (*names, MANIFEST):
            os.replace(staging / name, target / name)  # noqa: PTH105
            placed.append(name)
    except BaseException:
        for name in placed:
            with suppress(OSError):
                (target / name).unlink()
        for name in reversed(moved):
            os.replace(backup / name, target / name)  # noqa: PTH105
        raise
