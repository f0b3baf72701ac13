"""Files that users bring: kept under a number of our own, reached by nothing else."""

import json
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from parkdispatch.models.errors import InputError
from parkdispatch.results.io.files import replacing

UPLOAD = re.compile(r"[0-9a-f]{32}")
SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm")
LONGEST_NAME = 100
DETAILS = "upload.json"


@dataclass(frozen=True)
class Upload:
    """A file that came: its number, whose it is, its name as it is kept, and its size."""

    id: str
    owner: str
    name: str
    size_bytes: int


class UploadStore:
    """The files in a folder, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, owner: str, name: str, content: bytes) -> Upload:
        """Keep a file. Raises InputError for a name that ends in nothing that is read."""
        kept = safe_name(name)
        if Path(kept).suffix.lower() not in SUFFIXES:
            raise InputError(f"argument `name` = {kept}: must end in one of {', '.join(SUFFIXES)}")
        upload = Upload(secrets.token_hex(16), owner, kept, len(content))
        folder = self.folder / upload.id
        folder.mkdir(parents=True, mode=0o700)
        (folder / kept).write_bytes(content)
        with replacing(folder / DETAILS) as temporary:
            temporary.write_text(
                json.dumps({"owner": owner, "name": kept, "size_bytes": len(content)}), encoding="utf-8"
            )
        return upload

    def path(self, text: str, owner: str) -> str:
        """The path of an upload, with the sheet and column that follow a `#`.

        Raises InputError for one that is not there, or is somebody else's.
        """
        identifier, mark, column = text.partition("#")
        folder = self.folder / identifier
        try:
            if not UPLOAD.fullmatch(identifier):
                raise ValueError
            details = json.loads((folder / DETAILS).read_text(encoding="utf-8"))
            if details["owner"] != owner:
                raise ValueError
        except (OSError, ValueError, KeyError):
            raise InputError(
                f"argument `upload` = {identifier}: must be the number of a file that this token has brought"
            ) from None
        return f"{folder / details['name']}{mark}{column}"


def safe_name(name: str) -> str:
    """A name of a file without folders, and without characters that a shell or a page gives a meaning."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = re.sub(r"[^\w.()-]", "_", last).lstrip(".")
    stem, suffix = Path(cleaned).stem, Path(cleaned).suffix
    return f"{stem[: LONGEST_NAME - len(suffix)]}{suffix}" if stem else f"file{suffix}"
