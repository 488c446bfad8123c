"""How long a call waits after a failed try: up to a day in all, then it has failed."""

from datetime import timedelta

_DELAYS = (1, 2, 5, 15, 30, 60, 120, 240, 360, 420)  # minutes after the first, second, … try
MAX_TRIES = len(_DELAYS) + 1


def delay(tries: int, jitter: float) -> timedelta | None:
    """The wait after `tries` tries, or None when there is no further one.

    `jitter` is a number from 0 to 1 that the caller draws: up to a tenth is added, so that many
    calls that failed together do not come back together.
    """
    if tries >= MAX_TRIES:
        return None
    return timedelta(minutes=_DELAYS[tries - 1]) * (1 + jitter / 10)
