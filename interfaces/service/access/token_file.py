"""The file of tokens and users: who may do what, where. It holds salted hashes.

A token is made here and shown once; programs and browsers use it. A user has a name and a password of their
own, with which a browser signs in; nothing else takes a password.
"""

import hmac
import json
import os
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.interfaces.service.access.secret_hashes import SALT_BYTES, password_hash, token_hash
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.files import replacing

Role = Literal["read", "plan", "send"]
ROLES: tuple[Role, ...] = get_args(Role)  # each may do what those before it may
Proof = Literal["token", "password"]  # what somebody proves to be who they are with
PROOFS: tuple[Proof, ...] = get_args(Proof)
PREFIX = "pd"
RESERVED = "automation"  # who records what runs by itself
LEAST_PASSWORD, MOST_PASSWORD = 10, 200  # characters


@dataclass(frozen=True)
class TokenUser:
    """Who a token or a password belongs to. `sites` are the parks it is confined to; empty: it is not."""

    token_id: str
    name: str
    role: Role
    sites: tuple[str, ...] = ()
    proof: Proof = "token"

    def may(self, role: Role) -> bool:
        """Whether the role is one of the user's."""
        return ROLES.index(role) <= ROLES.index(self.role)

    def sees(self, site: str) -> bool:
        """Whether the data of a site are the user's business."""
        return not self.sites or site in self.sites


class TokenFile:
    """The tokens and users of a file, which is read again whenever it has changed."""

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

    def users(self, proof: Proof | None = None) -> list[TokenUser]:
        """Everybody in the file, or who has a token or a password.

        Raises InputError for a file that is none of tokens.
        """
        return [user for user in map(_user, self._read()) if proof in (None, user.proof)]

    def user(self, token_id: str) -> TokenUser | None:
        """Who has that id; None where the token or the user was removed, or the password is another one."""
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
            row = next((row for row in rows if row["id"] == token_id and _proof(row) == "token"), None)
            salt = bytes(SALT_BYTES) if row is None else bytes.fromhex(row["salt"])
            digest = token_hash(secret, salt)  # also for an unknown id, so that time tells nothing
            if row is None or prefix != PREFIX or not hmac.compare_digest(digest, row["hash"]):
                return None
            with self._lock:
                self._checked[known] = token_id
        return self.user(token_id)

    def verify_password(self, name: str, password: str) -> TokenUser | None:
        """The user with that name and password; None where there is none."""
        row = next((row for row in self._read() if row["name"] == name and _proof(row) == "password"), None)
        salt = bytes(SALT_BYTES) if row is None else bytes.fromhex(row["salt"])
        digest = password_hash(password[:MOST_PASSWORD], salt)  # also for an unknown name
        if row is None or not hmac.compare_digest(digest, row["hash"]):
            return None
        return _user(row)

    def add(self, name: str, role: Role, sites: Sequence[str], at: datetime) -> str:
        """Add a token and return it. Raises InputError for a name that is taken or cannot be read."""
        secret = secrets.token_urlsafe(32)
        row = self._add(name, role, sites, at, "token", lambda salt: token_hash(secret, salt))
        return f"{PREFIX}_{row['id']}_{secret}"

    def add_user(self, name: str, password: str, role: Role, sites: Sequence[str], at: datetime) -> None:
        """Add a user. Raises InputError for a name that is taken, and a password that is too short."""
        _check_password(name, password)
        self._add(name, role, sites, at, "password", lambda salt: password_hash(password, salt))

    def change_password(self, name: str, password: str) -> TokenUser:
        """Give a user another password; sessions that were begun with the one before end.

        Raises InputError where there is no such user, and for a password that is too short.
        """
        row = self._row(name, "password")
        _check_password(name, password)
        salt = secrets.token_bytes(SALT_BYTES)
        another = {
            "id": secrets.token_hex(4),  # sessions are those of an id
            "salt": salt.hex(),
            "hash": password_hash(password, salt),
        }
        self._write([row | another if item is row else item for item in self._read()])
        return _user(row | another)

    def revoke(self, name_or_id: str, proof: Proof = "token") -> TokenUser:
        """Remove a token or a user: it opens nothing from then on. Raises InputError where there is none."""
        row = self._row(name_or_id, proof)
        self._write([item for item in self._read() if item is not row])
        return _user(row)

    def _add(
        self,
        name: str,
        role: Role,
        sites: Sequence[str],
        at: datetime,
        proof: Proof,
        hash_with: Callable[[bytes], str],
    ) -> dict[str, Any]:
        rows = self._read()
        if not name.strip() or not name.isprintable() or len(name) > 100:
            raise InputError(
                f"argument `name` = {name!r}: must be a name in one line of printable characters"
            )
        if name in {RESERVED, *(row["name"] for row in rows)}:
            raise InputError(
                f"argument `name` = {name}: must not be that of another token or user, or of automation"
            )
        if role not in ROLES:
            raise InputError(f"argument `role` = {role}: must be one of {', '.join(ROLES)}")
        salt = secrets.token_bytes(SALT_BYTES)
        row = {
            "id": secrets.token_hex(4),
            "name": name,
            "role": role,
            "sites": list(sites),
            "proof": proof,
            "salt": salt.hex(),
            "hash": hash_with(salt),
            "made_at": at.isoformat(timespec="seconds"),
        }
        self._write([*rows, row])
        return row

    def _row(self, name_or_id: str, proof: Proof) -> dict[str, Any]:
        """The row of a token or a user. Raises InputError where there is none."""
        rows = [row for row in self._read() if _proof(row) == proof]
        row = next((row for row in rows if name_or_id in (row["id"], row["name"])), None)
        if row is None:
            known = ", ".join(row["name"] for row in rows) or "none"
            raise InputError(f"argument `name` = {name_or_id}: must be one of {known}")
        return row

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
            if user.role not in ROLES or user.proof not in PROOFS:
                raise ValueError(user.role)
            if not all(isinstance(row[key], str) for key in ("salt", "hash")):
                raise ValueError(user.name)
            bytes.fromhex(row["salt"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: must be a file of tokens, as `serve token add` makes it") from None
    return list(rows)


def _user(row: dict[str, Any]) -> TokenUser:
    return TokenUser(row["id"], row["name"], row["role"], tuple(row["sites"]), _proof(row))


def _proof(row: dict[str, Any]) -> Proof:
    """What a row is of; files of older programs have tokens only, and do not say so."""
    proof: Proof = row.get("proof", "token")
    return proof


def _check_password(name: str, password: str) -> None:
    """Refuse a password that is soon guessed."""
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD or password.casefold() == name.casefold():
        raise InputError(
            f"the password must have {LEAST_PASSWORD} to {MOST_PASSWORD} characters, and not be the name"
        )
