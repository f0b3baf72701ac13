"""The file of tokens: who may do what, where. It holds salted hashes; a token itself is shown once."""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.files import replacing

Role = Literal["read", "plan", "send"]
ROLES: tuple[Role, ...] = get_args(Role)  # each may do what those before it may
PREFIX = "pd"
RESERVED = "automation"  # who records what runs by itself
SCRYPT = {"n": 2**14, "r": 8, "p": 1}  # 16 MB and some 50 ms for each guess
SALT_BYTES = 16


@dataclass(frozen=True)
class TokenUser:
    """Who a token belongs to. `sites` are the parks it is confined to; empty: it is not."""

    token_id: str
    name: str
    role: Role
    sites: tuple[str, ...] = ()

    def may(self, role: Role) -> bool:
        """Whether the role is one of the user's."""
        return ROLES.index(role) <= ROLES.index(self.role)

    def sees(self, site: str) -> bool:
        """Whether the data of a site are the user's business."""
        return not self.sites or site in self.sites


class TokenFile:
    """The tokens of a file, which is read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._rows: list[dict[str, Any]] = []
        self._checked: dict[bytes, str] = {}  # keyed digests of tokens that were found right: their ids
        self._key = secrets.token_bytes(32)

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def users(self) -> list[TokenUser]:
        """Everybody who has a token. Raises InputError for a file that is none of tokens."""
        return [_user(row) for row in self._read()]

    def user(self, token_id: str) -> TokenUser | None:
        """Whose token has that id; None where it was revoked."""
        return next((user for user in self.users() if user.token_id == token_id), None)

    def verify(self, token: str) -> TokenUser | None:
        """Whose token it is; None where it is nobody's. The hash is computed once for each right token."""
        rows = self._read()
        known = hmac.digest(self._key, token.encode(), "sha256")
        with self._lock:
            token_id = self._checked.get(known)
        if token_id is None:
            prefix, _, rest = token.partition("_")
            token_id, _, secret = rest.partition("_")
            row = next((row for row in rows if row["id"] == token_id), None)
            salt = bytes(SALT_BYTES) if row is None else bytes.fromhex(row["salt"])
            digest = _hash(secret, salt)  # also for an unknown id, so that time tells nothing
            if row is None or prefix != PREFIX or not hmac.compare_digest(digest, row["hash"]):
                return None
            with self._lock:
                self._checked[known] = token_id
        return self.user(token_id)

    def add(self, name: str, role: Role, sites: Sequence[str], at: datetime) -> str:
        """Add a token and return it. Raises InputError for a name that is taken or cannot be read."""
        rows = self._read()
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise InputError(
                f"argument `name` = {name!r}: must be a name in one line of printable characters"
            )
        if name in {RESERVED, *(row["name"] for row in rows)}:
            raise InputError(f"argument `name` = {name}: must not be that of another token, or of automation")
        if role not in ROLES:
            raise InputError(f"argument `role` = {role}: must be one of {', '.join(ROLES)}")
        token_id, secret, salt = (
            secrets.token_hex(4),
            secrets.token_urlsafe(32),
            secrets.token_bytes(SALT_BYTES),
        )
        row = {
            "id": token_id,
            "name": name,
            "role": role,
            "sites": list(sites),
            "salt": salt.hex(),
            "hash": _hash(secret, salt),
            "made_at": at.isoformat(timespec="seconds"),
        }
        self._write([*rows, row])
        return f"{PREFIX}_{token_id}_{secret}"

    def revoke(self, name_or_id: str) -> TokenUser:
        """Remove a token, which opens nothing from then on. Raises InputError where there is none."""
        rows = self._read()
        revoked = [row for row in rows if name_or_id in (row["id"], row["name"])]
        if not revoked:
            known = ", ".join(row["name"] for row in rows) or "none"
            raise InputError(f"argument `name` = {name_or_id}: must be the name of a token: {known}")
        self._write([row for row in rows if row not in revoked])
        return _user(revoked[0])

    def _read(self) -> list[dict[str, Any]]:
        with self._lock:
            try:
                status = self.path.stat()
            except FileNotFoundError:
                self._rows, self._stamp = [], None
                return []
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp != self._stamp:
                self._rows, self._checked = _rows(self.path), {}
                self._stamp = stamp
            return self._rows

    def _write(self, rows: list[dict[str, Any]]) -> None:
        text = json.dumps({"tokens": rows}, ensure_ascii=False, indent=1) + "\n"
        try:
            with replacing(self.path) as temporary:
                number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
                with os.fdopen(number, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(temporary).chmod(0o600)  # for its owner only, whatever it was
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written: {error.strerror or error}") from error


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of tokens. Raises InputError for anything else."""
    try:
        rows = json.loads(read_bytes(path))["tokens"]
        for row in rows:
            user = _user(row)
            if user.role not in ROLES or not all(isinstance(row[key], str) for key in ("salt", "hash")):
                raise ValueError(user.role)
            bytes.fromhex(row["salt"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: must be a file of tokens, as `serve token add` makes it") from None
    return list(rows)


def _user(row: dict[str, Any]) -> TokenUser:
    return TokenUser(row["id"], row["name"], row["role"], tuple(row["sites"]))


def _hash(secret: str, salt: bytes) -> str:
    """The scrypt hash of a secret (RFC 7914), as hexadecimal digits."""
    return hashlib.scrypt(secret.encode(), salt=salt, dklen=32, **SCRYPT).hex()
