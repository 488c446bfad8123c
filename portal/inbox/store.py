"""Messages as files: one .eml each, in one folder, named so that names sort by time."""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"\d{8}T\d{12}-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%S%f"


class Store:
    """The folder `PORTAL_HOME/inbox`. A name is a file's name without `.eml`."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "inbox"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def save(
        self, content: bytes, sender: str, recipients: Sequence[str], received_at: datetime
    ) -> str:
        """Keep a message, its envelope written above its headers; returns its name.

        The file appears whole or not at all. Raises OSError when it cannot be written.
        """
        name = f"{received_at.astimezone(UTC):{_TIME}}-{secrets.token_hex(4)}"
        draft = self.folder / f".{name}.part"
        try:
            draft.write_bytes(_envelope(sender, recipients) + content)
            draft.rename(self.folder / f"{name}.eml")
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        return name

    def names(self) -> list[str]:
        """All names, the newest first."""
        found = (path.stem for path in self.folder.glob("*.eml"))
        return sorted((name for name in found if _NAME.fullmatch(name)), reverse=True)

    def read(self, name: str) -> bytes | None:
        """The stored bytes; None when there is no such message."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return (self.folder / f"{name}.eml").read_bytes()
        except FileNotFoundError:
            return None


def received_at(name: str) -> datetime:
    """When the message of this name came, in UTC."""
    return datetime.strptime(name.partition("-")[0], _TIME).replace(tzinfo=UTC)


def _envelope(sender: str, recipients: Sequence[str]) -> bytes:
    """Who really sent it and to whom, as delivering servers note it."""
    lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {address}" for address in recipients)]
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", "surrogateescape")
