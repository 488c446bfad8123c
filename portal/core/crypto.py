"""Secrets at rest: AES-256-GCM, each bound to the row and column that holds it.

A ciphertext copied to another row does not decrypt there. The first key encrypts; every key
of the ring decrypts, so that keys can be rotated without downtime.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


class SecretUnreadable(Exception):
    """The secret was written with a key that is not in the ring, or for another row."""


def new_key() -> str:
    """A fresh 256-bit key, base64url."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id, newest first."""

    _keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """From comma-separated base64url keys of 32 bytes; raises ValueError."""
        keys: dict[str, bytes] = {}
        for item in filter(None, (part.strip() for part in text.split(","))):
            try:
                key = base64.urlsafe_b64decode(item)
            except ValueError:
                raise ValueError("a key is not base64") from None
            if len(key) != 32:
                raise ValueError("a key must be 32 bytes in base64")
            keys[hashlib.sha256(key).hexdigest()[:8]] = key
        if not keys:
            raise ValueError("no key given")
        return cls(keys)

    def encrypt(self, plain: str, *, bound_to: str) -> str:
        """Ciphertext text for `plain`; decrypts only with the same `bound_to`."""
        key_id, key = next(iter(self._keys.items()))
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
            opened = AESGCM(self._keys[key_id]).decrypt(
                raw[:_NONCE], raw[_NONCE:], bound_to.encode()
            )
        except (ValueError, KeyError, InvalidTag) as error:
            raise SecretUnreadable from error
        return opened.decode()
