"""The web server: silent connections keep no one waiting."""

import socket
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.support.browser import THREADS, live_portal

# gunicorn itself would let a silent connection have a thread; here for longer than the test waits.
PATIENT = "from gunicorn.workers import gthread\ngthread.DEFAULT_WORKER_DATA_TIMEOUT = 600\n"
WAIT_SECONDS = 30


def test_silent_connections_keep_no_thread(tmp_path: Path) -> None:
    config = tmp_path / "patient.py"
    config.write_text(PATIENT)
    options = f"--config={config} --keep-alive={2 * WAIT_SECONDS}"
    with live_portal(tmp_path, GUNICORN_CMD_ARGS=options) as live, ExitStack() as silent:
        address = urlsplit(live.url)
        for _ in range(2 * THREADS):
            silent.enter_context(socket.create_connection((address.hostname, address.port)))
        with urlopen(f"{live.url}/entrar", timeout=WAIT_SECONDS) as answer:  # noqa: S310
            assert answer.status == HTTPStatus.OK
        late = silent.enter_context(socket.create_connection((address.hostname, address.port)))
        late.settimeout(WAIT_SECONDS)
        late.sendall(b"GET /entrar HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        late.sendall(b"Connection: close\r\n\r\n")
        assert late.recv(12) == b"HTTP/1.1 200"
