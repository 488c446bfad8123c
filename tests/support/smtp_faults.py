"""What the scripted SMTP server is told to do wrong, and what it keeps."""

import json
import os
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

STAGES = (
    "connect",  # before the greeting, and before TLS of an implicit-TLS server
    "greeting",
    "ehlo",
    "starttls",  # the command
    "tls",  # instead of the handshake
    "auth",
    "mail",
    "rcpt",
    "data",  # the command
    "body",  # after its first line
    "dot",  # the message is complete, not yet accepted
    "accepted",  # accepted and kept, before the reply
    "replied",  # after the reply
    "rset",
    "quit",
)
ACTIONS = ("reply", "drop", "reset", "hang", "delay", "garbage", "endless", "drip")
SPOOL_INDEX = "accepted.jsonl"


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and when. Conditions left out always hold."""

    at: str
    do: str = "reply"
    text: str = ""  # the reply, or the garbage; "\\r\\n" is added to replies
    seconds: float = 0  # of a delay, a hang (0: until the server stops), or between dripped bytes
    message: int = 0  # the n-th MAIL since the start, from 1
    every: int = 0  # each n-th message
    connection: int = 0  # the n-th connection, from 1
    recipient: str = ""  # pattern searched in the recipient
    times: int = 0  # at most so often

    def __post_init__(self) -> None:
        if self.at not in STAGES or self.do not in ACTIONS:
            raise ValueError(f"no such fault: {self}")

    def meets(self, message: int, connection: int, recipient: str) -> bool:
        return (
            (not self.message or self.message == message)
            and (not self.every or (message > 0 and message % self.every == 0))
            and (not self.connection or self.connection == connection)
            and (not self.recipient or re.search(self.recipient, recipient) is not None)
        )


@dataclass(frozen=True)
class Accepted:
    """A message for which the server took responsibility."""

    number: int
    message_id: str
    sender: str
    recipients: list[str]
    user: str
    tls: bool
    at: float
    data: bytes = field(repr=False)


def read_spool(folder: Path) -> list[dict[str, object]]:
    """The rows that a server process has written: message_id, sender, recipients, …"""
    index = folder / SPOOL_INDEX
    if not index.exists():
        return []
    return [json.loads(line) for line in index.read_text().splitlines()]


def write_faults(path: Path, *faults: Fault) -> None:
    """Change the faults of a running server process, all at once."""
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps([asdict(fault) for fault in faults]))
    os.replace(draft, path)
