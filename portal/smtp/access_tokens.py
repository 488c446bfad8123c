"""Access tokens for XOAUTH2: had from the account's refresh token, kept while they are valid.

They live in this process only; nothing of them is written anywhere.
"""

import json
import logging
import threading
import time
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from portal.smtp.failures import Failure, Kind, visible
from portal.smtp.server import OAuth
from portal.smtp.sockets import Reach
from portal.smtp.stages import Stage
from portal.smtp.token_endpoint import Answer, is_busy, post_form

log = logging.getLogger(__name__)

MARGIN = 60.0  # seconds before its end at which a token is no longer used
UNSTATED_LIFE = 300.0  # seconds, where the endpoint does not tell
TOKEN_LIMIT = 10_000  # characters
PASSING_ERRORS = ("temporarily_unavailable", "server_error")  # RFC 6749, 4.1.2.1

_Key = tuple[OAuth, str]
_lock = threading.Lock()
_tokens: dict[_Key, "AccessToken"] = {}
_replaced: dict[str, str] = {}  # refresh tokens that the provider replaced, by the old one


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, until when it may be used (monotonic), and how long it took to get.

    `fresh` is False for one that was had before.
    """

    text: str = field(repr=False)
    use_until: float
    milliseconds: int
    fresh: bool = True

    @property
    def words(self) -> str:
        """For the report of the login."""
        if not self.fresh:
            return "token ainda válido"
        return f"token obtido em {self.milliseconds} ms"

    def credentials(self, username: str) -> str:
        """What SASL XOAUTH2 sends, before base64, as Google and Microsoft document it."""
        return f"user={username}\1auth=Bearer {self.text}\1\1"


def access_token(oauth: OAuth, reach: Reach) -> AccessToken:
    """A token that is valid for a minute at least. Raises Failure at Stage.LOGIN.

    `oauth_missing` and `oauth_refused` stop the account, `oauth_unreachable` is temporary.
    """
    if not (oauth.token_url and oauth.client_id and oauth.refresh_token):
        raise Failure(Stage.LOGIN, Kind.ACCOUNT, "oauth_missing")
    with _lock:
        known = _tokens.get(_key(oauth))
    if known is not None and time.monotonic() < known.use_until:
        return replace(known, fresh=False)
    token = _fetch(oauth, reach)
    with _lock:
        _tokens[_key(oauth)] = token
    return token


def forget(oauth: OAuth) -> None:
    """The next sign-in gets a new token: this one was refused, or is to be proven again."""
    with _lock:
        _tokens.pop(_key(oauth), None)


def _key(oauth: OAuth) -> _Key:
    return oauth, oauth.grant or oauth.refresh_token


def _fetch(oauth: OAuth, reach: Reach) -> AccessToken:
    refresh_token = _newest(oauth.refresh_token)
    fields = {
        "grant_type": "refresh_token",
        "client_id": oauth.client_id,
        "refresh_token": refresh_token,
    }
    if oauth.client_secret:
        fields["client_secret"] = oauth.client_secret
    if oauth.scope:
        fields["scope"] = oauth.scope
    asked_at = time.monotonic()
    answer = post_form(oauth.token_url, fields, reach)
    facts = _facts(answer.body)
    text = facts.get("access_token")
    if answer.status != HTTPStatus.OK:
        raise _refusal(answer, facts, (refresh_token, oauth.client_secret))
    if not isinstance(text, str) or not _is_token(text):
        raise Failure(
            Stage.LOGIN, Kind.TEMPORARY, "oauth_unreachable", reply="200 sem access_token"
        )
    _keep_replaced(oauth, refresh_token, facts.get("refresh_token"))
    took = time.monotonic() - asked_at
    # Its life began when it was made: at the earliest when it was asked for.
    return AccessToken(text, asked_at + _life(facts) - MARGIN, round(took * 1000))


def _keep_replaced(oauth: OAuth, used: str, new: Any) -> None:
    """Some providers give a new refresh token with every access token, and the old one ends."""
    if not isinstance(new, str) or not _is_token(new) or new == used:
        return
    with _lock:
        _replaced[used] = new
    if oauth.keep is None:
        return
    try:
        oauth.keep(new)
    except Exception:  # the access token is good: this e-mail can leave
        log.exception("the new refresh token could not be stored")


def _newest(refresh_token: str) -> str:
    with _lock:
        seen: set[str] = set()
        while refresh_token in _replaced and refresh_token not in seen:
            seen.add(refresh_token)
            refresh_token = _replaced[refresh_token]
        return refresh_token


def _refusal(answer: Answer, facts: dict[str, Any], secrets: tuple[str, ...]) -> Failure:
    error = facts.get("error")
    words = (error, facts.get("error_description"))
    told = [item for item in words if isinstance(item, str) and item]
    reply = f"{answer.status} {': '.join(told)}".strip()
    for secret in filter(None, secrets):
        reply = reply.replace(secret, "•••")
    passing = is_busy(answer.status) or error in PASSING_ERRORS
    kind, cause = (
        (Kind.TEMPORARY, "oauth_unreachable") if passing else (Kind.ACCOUNT, "oauth_refused")
    )
    return Failure(Stage.LOGIN, kind, cause, reply=visible(reply))


def _facts(body: bytes) -> dict[str, Any]:
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _is_token(text: str) -> bool:
    return 0 < len(text) <= TOKEN_LIMIT and text.isascii() and text.isprintable()


def _life(facts: dict[str, Any]) -> float:
    try:
        life = float(facts.get("expires_in", UNSTATED_LIFE))
    except (TypeError, ValueError):
        return UNSTATED_LIFE
    return min(max(life, 0.0), 86_400.0)
