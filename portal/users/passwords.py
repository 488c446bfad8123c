"""Passwords: which are good enough, and how they are kept.

Kept as Argon2id (RFC 9106) with 32 MiB and three passes, about 90 ms of one core. A password is
hashed whole: what is too long is refused, never cut.
"""

import secrets
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.core.errors import InvalidValue
from portal.users.common_passwords import COMMON

MIN_LENGTH = 10  # characters
MAX_BYTES = 1024
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
_hasher = PasswordHasher(time_cost=3, memory_cost=32 * 1024, parallelism=1)
# Verified when there is no such person, so that the answer takes as long. Of a random password.
_NOBODY = (
    "$argon2id$v=19$m=32768,t=3,p=1"
    "$AHJo7Vb1dzX3jtKcdUZfNA$Wu722yvVQFg+6HFZejBRe4sLhmueNliNzkHKdv6QWTk"
)


def check_new(password: str, *, email: str, field: str = "password") -> None:
    """Raises InvalidValue when nobody should use `password`: short, huge, common, or the e-mail."""
    if len(password) < MIN_LENGTH:
        raise InvalidValue(field, f"Use pelo menos {MIN_LENGTH} caracteres.")
    if not fits(password):
        raise InvalidValue(field, "A senha passa de 1.024 bytes. Use uma mais curta.")
    plain = password.casefold()
    if plain in (email.casefold(), email.partition("@")[0].casefold()):
        raise InvalidValue(field, "A senha não pode ser o próprio e-mail.")
    if plain in COMMON or len(set(plain)) < 4 or _is_run(plain):
        raise InvalidValue(field, "Senha comum demais, fácil de adivinhar. Escolha outra.")


def fits(password: str) -> bool:
    """Whether the password is short enough to be hashed."""
    return len(password.encode("utf-8", "surrogatepass")) <= MAX_BYTES


def hash_password(password: str) -> str:
    """The hash to keep. Slow on purpose: never call it inside a transaction."""
    return _hasher.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether `password` is the one of the hash `kept`; without one it takes as long, and is False.

    Slow on purpose: never call it inside a transaction.
    """
    try:
        return _hasher.verify(kept or _NOBODY, password) and kept is not None
    except InvalidHashError:  # a person without a password
        return matches(None, password)
    except VerificationError:
        return False


def is_outdated(kept: str) -> bool:
    """Whether the hash was made with other settings than today's."""
    return _hasher.check_needs_rehash(kept)


def generate() -> str:
    """A password for a person to type once: 20 characters in groups, about 99 bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    return "-".join(groups)


def _is_run(text: str) -> bool:
    """`1234567890`, `abcdefghij` and the like: each character follows the one before it."""
    steps = {ord(after) - ord(before) for before, after in pairwise(text)}
    return steps in ({1}, {-1})
