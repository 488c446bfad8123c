"""The states of a message and the moves between them, as data."""

from enum import StrEnum


class State(StrEnum):
    """`SENT` means that the server accepted the message, and nothing more."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    BOUNCED = "bounced"


class Kind(StrEnum):
    """Why the message exists."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    TEST = "test"


MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.SKIPPED, State.CANCELLED, State.EXPIRED}),
    State.SENDING: frozenset(
        {State.SENT, State.QUEUED, State.FAILED, State.UNCERTAIN, State.SKIPPED}
    ),
    State.SENT: frozenset({State.BOUNCED}),
    # From here on a person decides (undoing a run cancels what did not leave).
    State.FAILED: frozenset({State.QUEUED, State.CANCELLED}),
    State.EXPIRED: frozenset({State.QUEUED, State.CANCELLED}),
    # What came back had been accepted.
    State.UNCERTAIN: frozenset({State.SENT, State.QUEUED, State.BOUNCED}),
    State.CANCELLED: frozenset(),
    State.SKIPPED: frozenset(),
    State.BOUNCED: frozenset({State.QUEUED}),
}
WAITING = frozenset({State.QUEUED, State.SENDING})


# The moves that a person may ask for. Whatever is being sent belongs to its sender alone.
PERSONS_MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.CANCELLED}),
    State.FAILED: frozenset({State.QUEUED}),
    State.EXPIRED: frozenset({State.QUEUED}),
    State.UNCERTAIN: frozenset({State.SENT, State.QUEUED}),
    State.BOUNCED: frozenset({State.QUEUED}),
}


def person_may(before: State, after: State) -> bool:
    """Whether a person may move a message from `before` to `after`."""
    return after in PERSONS_MOVES.get(before, frozenset())
