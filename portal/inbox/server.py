"""Both sides of the local inbox in one process."""

import asyncio
import logging
import signal
import threading
from pathlib import Path

from werkzeug.serving import make_server

from portal.inbox import smtp
from portal.inbox.page import create_page
from portal.inbox.store import Store


def run(home: Path, smtp_port: int, http_port: int) -> None:
    """Catch e-mail on `smtp_port` and show it on `http_port` until SIGTERM or SIGINT.

    Messages are kept in `home/inbox`. To be called in a process's main thread. Raises OSError when
    a port is taken.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # no line for each request
    store = Store(home)
    page = make_server(smtp.HOST, http_port, create_page(store), threaded=True)
    thread = threading.Thread(target=page.serve_forever, daemon=True)
    thread.start()
    try:
        asyncio.run(_catch_until_told(store, smtp_port))
    finally:
        page.shutdown()
        thread.join()
        page.server_close()


async def _catch_until_told(store: Store, port: int) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await smtp.serve(store, port, over)
