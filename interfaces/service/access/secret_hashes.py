"""Salted scrypt hashes (RFC 7914) of what people and programs prove themselves with."""

import hashlib
import threading
import unicodedata
from dataclasses import dataclass

SALT_BYTES, HASH_BYTES = 16, 32


@dataclass(frozen=True)
class HashCost:
    """Parameters of scrypt: its memory is 128 `n` `r` bytes, its time grows with `n` `r` `p`."""

    n: int
    r: int
    p: int


# a token has 256 bits that nobody guesses: 16 MB and some 50 ms for a try
TOKEN_COST = HashCost(2**14, 8, 1)
# a password is a person's choice: of the settings that OWASP's password storage cheat sheet names equal, the
# one with 32 MB
PASSWORD_COST = HashCost(2**15, 8, 3)
_ONE_AT_A_TIME = threading.Lock()  # so that many who sign in at once take the memory of one


def token_hash(secret: str, salt: bytes) -> str:
    """The hash of a token's secret part, as hexadecimal digits."""
    return _hash(secret, salt, TOKEN_COST)


def password_hash(password: str, salt: bytes) -> str:
    """The hash of a password, as hexadecimal digits; the same however its letters are composed."""
    with _ONE_AT_A_TIME:
        return _hash(unicodedata.normalize("NFKC", password), salt, PASSWORD_COST)


def _hash(secret: str, salt: bytes, cost: HashCost) -> str:
    memory = 128 * cost.r * (cost.n + cost.p + 2)
    return hashlib.scrypt(
        secret.encode(), salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=HASH_BYTES
    ).hex()
