"""Small writes that follow a page: done once the answer has left, and never failing it."""

import logging
from collections.abc import Callable

from flask import Flask, Response

from portal.core.db import set_reading

log = logging.getLogger(__name__)


def afterwards(app: Flask, response: Response, act: Callable[[], object]) -> None:
    """Call `act` when `response` was sent, in an application context and a transaction of its own.

    The page itself only reads: it must not wait for, nor hold, a write lock. What fails is logged.
    """

    def run() -> None:
        try:
            set_reading(False)  # the page has ended, and with it what it set
            with app.app_context():
                act()
        except Exception:
            log.warning("not recorded after the page", exc_info=True)

    response.call_on_close(run)
