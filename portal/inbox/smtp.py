"""The SMTP side: accepts every message for anybody, from this machine only, and keeps it."""

import asyncio
import logging
from datetime import UTC, datetime

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from portal.inbox.store import Store

HOST = "127.0.0.1"
LARGEST_MESSAGE = 30 * 1024 * 1024  # bytes

log = logging.getLogger(__name__)


class Catcher:
    """Answers at the end of each message: kept, or why not."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        content = content if isinstance(content, bytes) else content.encode()
        sender, recipients = envelope.mail_from or "", envelope.rcpt_tos
        try:
            name = await asyncio.to_thread(
                self._store.save, content, sender, recipients, datetime.now(UTC)
            )
        except OSError as error:
            log.error("message not kept: %s", error)
            return "452 4.3.1 Cannot keep the message now"
        return f"250 2.0.0 Kept as {name}"


async def serve(store: Store, port: int, over: asyncio.Event) -> None:
    """Take messages until `over` is set. Raises OSError when the port is taken.

    Any user and password are accepted, so that an account with login can be tried here too.
    """

    def conversation() -> SMTP:
        return SMTP(
            Catcher(store),
            hostname="localhost",
            ident="Pontual inbox",
            data_size_limit=LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            auth_require_tls=False,
            authenticator=_anybody,
            loop=loop,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(conversation, HOST, port)
    try:
        await over.wait()
    finally:
        server.close()  # conversations under way end with the loop: nobody waits for an idle one


def _anybody(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=True)
