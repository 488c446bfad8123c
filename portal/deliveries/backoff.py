"""How long a message waits after a temporary failure."""

from datetime import timedelta

MAX_TRIES = 8
_DELAYS = (1, 5, 15, 45, 120, 240, 480)  # minutes after the first, second, … try


def delay(tries: int, jitter: float, at_least: timedelta | None = None) -> timedelta | None:
    """The wait after `tries` tries, or None when there is no further one.

    `jitter` is a number from 0 to 1 that the caller draws: up to a quarter is added, so that a
    server that refused many messages at once does not meet them all at once again.
    """
    if tries >= MAX_TRIES:
        return None
    base = timedelta(minutes=_DELAYS[min(tries, len(_DELAYS)) - 1])
    wait = base * (1 + jitter / 4)
    return max(wait, at_least) if at_least else wait
