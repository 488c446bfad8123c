"""What a drain keeps of an account from one message to the next: the open connection, the room."""

from collections.abc import Callable

from flask import current_app

from portal.deliveries.room import Room
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.server import SmtpServer
from portal.smtp.stages import Stage
from portal.smtp.transport import SmtpSession


class Line:
    """The open connection of an account; dialled at need, and again when the account changed."""

    def __init__(self, account_id: int) -> None:
        self.account_id = account_id
        self.room = Room()
        self._keep: Callable[[], None] | None = None
        self._session: SmtpSession | None = None
        self._server: SmtpServer | None = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def session(self, server: SmtpServer, keep: Callable[[], None]) -> SmtpSession:
        """A session with this very server, which calls `keep` after each stage."""
        self._keep = keep
        if self._session is None or self._server != server:
            self.close()
            self._server = server
            self._session = SmtpSession(server, destination_policy(), on_stage=self._on_stage)
        return self._session

    def _on_stage(self, _stage: Stage, _detail: str, _milliseconds: int) -> None:
        if self._keep is not None:
            self._keep()

    def close(self) -> None:
        """Say goodbye; what QUIT answers changes nothing."""
        if self._session is not None:
            self._session.close()
        self._session = self._server = None


def destination_policy() -> DestinationPolicy:
    """Which private addresses may receive SMTP, from the environment."""
    return DestinationPolicy(current_app.config["SETTINGS"].smtp_allow_private)
