"""Storing a refresh token that the provider has put in the place of the old one.

It comes in the middle of a sign-in, between two steps of the network, and would be lost with the
process: so it is written at once, in a short transaction on a connection of its own.
"""

import logging

from sqlalchemy import select, update

from portal.core.crypto import KeyRing, SecretUnreadable
from portal.core.db import db
from portal.smtp.models import SmtpAccount

log = logging.getLogger(__name__)


class TokenKeeper:
    """Stores new refresh tokens of one account; `stored` is the ciphertext that was read.

    What a person, or another worker, has put there in the meantime stays; the same token, only
    written again with a new key, does not. Neither the version nor the time of the last change
    moves: to people the account is the same.
    """

    def __init__(self, account_id: int, stored: str, place: str, keys: KeyRing) -> None:
        self._account_id = account_id
        self._stored = stored
        self._place = place
        self._keys = keys
        self._engine = db.engine

    def __call__(self, refresh_token: str) -> None:
        row = SmtpAccount.id == self._account_id
        with self._engine.begin() as connection:
            query = select(SmtpAccount.oauth_refresh_token).where(row).with_for_update()
            if not self._is_ours(connection.scalar(query)):
                return
            sealed = self._keys.encrypt(refresh_token, bound_to=self._place)
            connection.execute(update(SmtpAccount).where(row).values(oauth_refresh_token=sealed))
        self._stored = sealed
        log.info("account %s: the provider replaced the refresh token", self._account_id)

    def _is_ours(self, found: str | None) -> bool:
        """Whether what is stored now is the token that was read."""
        if not found or found == self._stored:
            return bool(found)
        try:
            plain = self._keys.decrypt(found, bound_to=self._place)
            return plain == self._keys.decrypt(self._stored, bound_to=self._place)
        except SecretUnreadable:
            return False
