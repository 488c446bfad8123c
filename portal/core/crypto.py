"""Secrets at rest: AES-256-GCM, each bound to the row and column that holds it.

A ciphertext copied to another row does not decrypt there. The first key encrypts; every key
of the ring decrypts, so that keys can be rotated without downtime (`portal keys rotate`).
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SecretUnreadable(Exception):
    """The secret was written with a key that is not in the ring, or for another row."""


def new_key() -> str:
    """A fresh 256-bit key, base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def key_id_of(token: str) -> str:
    """The fingerprint of the key that a ciphertext was written with."""
    return token.split(".")[1] if token.count(".") == 2 else ""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by fingerprint, newest first.

    A ring that is kept in a file is read anew each time: after a rotation no process has to be
    started again, and none goes on to write with a key that is about to go.
    """

    _keys: dict[str, bytes] = field(repr=False)
    source: Path | None = None  # the file, where the keys do not come from the environment

    @classmethod
    def parse(cls, text: str, source: Path | None = None) -> "KeyRing":
        """From comma-separated base64url keys of 32 bytes; raises ValueError."""
        keys = _parsed(text)
        if not keys:
            raise ValueError("no key given")
        return cls(keys, source)

    @property
    def ids(self) -> tuple[str, ...]:
        """Fingerprints, the newest first; they tell nothing of the keys."""
        return tuple(self._current())

    def export(self) -> str:
        """The keys themselves, as `parse` takes them; never print or log it."""
        return ",".join(base64.urlsafe_b64encode(key).decode() for key in self._current().values())

    def encrypt(self, plain: str, *, bound_to: str) -> str:
        """Ciphertext text for `plain`; decrypts only with the same `bound_to`."""
        key_id, key = next(iter(self._current().items()))
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(key).encrypt(nonce, plain.encode(), bound_to.encode())
        return f"v1.{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, token: str, *, bound_to: str) -> str:
        """The plain text; raises SecretUnreadable."""
        try:
            version, key_id, body = token.split(".")
            raw = base64.urlsafe_b64decode(body)
            if version != "v1":
                raise KeyError(version)
            opened = AESGCM(self._current()[key_id]).decrypt(
                raw[:_NONCE], raw[_NONCE:], bound_to.encode()
            )
        except (ValueError, KeyError, InvalidTag) as error:
            raise SecretUnreadable from error
        return opened.decode()

    def _current(self) -> Mapping[str, bytes]:
        if self.source is None:
            return self._keys
        try:
            return _parsed(self.source.read_text()) or self._keys
        except (OSError, ValueError):  # `portal doctor` tells; what was read at the start serves
            return self._keys


def _parsed(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        try:
            key = base64.urlsafe_b64decode(item)
        except ValueError:
            raise ValueError("a key is not base64") from None
        if len(key) != 32:
            raise ValueError("a key must be 32 bytes in base64")
        keys[hashlib.sha256(key).hexdigest()[:8]] = key
    return keys
