"""The plain facts of one SMTP server: no database row, no Flask."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field

SECURITIES = ("none", "starttls", "ssl")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each step may take in all, however slowly the server drips its answer."""

    dns: float = 10
    connect: float = 10
    reply: float = 30
    body: float = 90
    accept: float = 120  # after the final dot: giving up here leaves the message uncertain
    # Time for a server that hangs up in the middle of the body to be noticed: once the dot has
    # left, nobody can tell any more whether it was accepted.
    before_dot: float = 0.001


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where and with what a fresh access token is had (RFC 6749, 6).

    `grant` names the permission that a person gave: it changes when the account is changed, and
    not when the provider puts a new refresh token in the place of the old one. `keep` stores
    such a token; it is called between two steps of the network, and no transaction is open then.
    """

    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    scope: str = ""
    grant: str = ""
    # A replaced token is no reason to sign in again: it does not tell two servers apart.
    refresh_token: str = field(default="", repr=False, compare=False)
    keep: Callable[[str], None] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where and as whom to send. `security` is none, starttls or ssl; else ValueError."""

    host: str
    port: int
    security: str
    sender_address: str
    sender_name: str = ""
    reply_to: str = ""
    requires_auth: bool = True
    username: str = ""
    password: str = field(default="", repr=False)
    auth_method: str = "password"  # or xoauth2, with `oauth`
    oauth: OAuth = OAuth()
    utf8: bool = True
    force_charset: bool = True
    timeouts: Timeouts = Timeouts()

    def __post_init__(self) -> None:
        if self.security not in SECURITIES:
            raise ValueError(f"security {self.security!r}: must be one of {SECURITIES}")

    def hide(self, text: str) -> str:
        """`text` without secrets, should a server echo one (plain or as sent in AUTH)."""
        for secret in self._secrets():
            text = text.replace(secret, "•••")
        return text

    def _secrets(self) -> list[str]:
        found = [item for item in (self.oauth.client_secret, self.oauth.refresh_token) if item]
        if not self.password:
            return found
        plain = f"\0{self.username}\0{self.password}"
        sent = (base64.b64encode(value.encode()).decode() for value in (plain, self.password))
        return [*sent, self.password, *found]
