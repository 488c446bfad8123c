"""What proves to the receiver that a call is ours, and when it was made."""

import hashlib
import hmac
import secrets
from datetime import datetime

HEADER = "Pontual-Signature"
_PREFIX = "whsec_"


def new_secret() -> str:
    """A fresh secret of 256 bits; the receiver needs it to check signatures."""
    return _PREFIX + secrets.token_urlsafe(32)


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The header's value, `t=1764000000,v1=…`.

    `v1` is the HMAC-SHA256, in hexadecimal, of `<t>.<body>` under the secret. The time is inside
    what is signed: a receiver refuses an old one, and with it a call that somebody repeats.
    """
    moment = int(now.timestamp())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"
