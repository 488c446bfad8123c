"""The inbox as a real process that real mail is sent to."""

import signal
import smtplib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from portal.inbox.smtp import LARGEST_MESSAGE
from tests.support.ports import free_port


@dataclass
class Inbox:
    home: Path
    smtp_port: int
    http_port: int
    process: subprocess.Popen[bytes]

    def messages(self) -> list[bytes]:
        return [path.read_bytes() for path in sorted((self.home / "inbox").glob("*"))]


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing answers on port {port}"
            time.sleep(0.05)
        else:
            return


@contextmanager
def running_inbox(home: Path) -> Iterator[Inbox]:
    ports = free_port(), free_port()
    command = [sys.executable, "-m", "portal.inbox", str(home), *map(str, ports)]
    process = subprocess.Popen(command)
    try:
        for port in ports:
            wait_for(port)
        yield Inbox(home, *ports, process)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    with running_inbox(tmp_path_factory.mktemp("home")) as running:
        yield running


def test_one_mail_to_two_people_is_one_message_with_both(inbox: Inbox):
    before = len(inbox.messages())
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
        refused = client.sendmail(
            "financeiro@example.com", ["a@example.com", "b@example.com"], "Subject: oi\r\n\r\n.\r\n"
        )
    assert refused == {}
    assert len(inbox.messages()) == before + 1
    assert inbox.messages()[-1] == (
        b"Return-Path: <financeiro@example.com>\r\n"
        b"Delivered-To: a@example.com\r\nDelivered-To: b@example.com\r\n"
        b"Subject: oi\r\n\r\n.\r\n"
    )


def test_the_page_shows_what_was_sent(inbox: Inbox):
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
        client.sendmail("a@example.com", ["c@example.com"], "Subject: mostra-me\r\n\r\n")
    with urllib.request.urlopen(f"http://127.0.0.1:{inbox.http_port}/", timeout=5) as page:
        assert "mostra-me" in page.read().decode()


def test_any_login_is_accepted(inbox: Inbox):
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
        assert client.login("financeiro@example.com", "qualquer senha")[0] == 235


def test_a_message_that_is_too_large_is_refused_and_not_kept(inbox: Inbox):
    before = len(inbox.messages())
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
        client.ehlo()
        assert int(client.esmtp_features["size"]) == LARGEST_MESSAGE
        code, _ = client.mail("a@example.com", [f"size={LARGEST_MESSAGE + 1}"])
        assert code == 552
    assert len(inbox.messages()) == before


def test_a_second_inbox_on_the_same_port_says_so_and_ends(inbox: Inbox, tmp_path: Path):
    command = [sys.executable, "-m", "portal.inbox", str(tmp_path), str(inbox.smtp_port)]
    done = subprocess.run(
        [*command, str(free_port())], capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(inbox.smtp_port) in done.stderr


def test_it_ends_at_once_though_somebody_is_still_connected(tmp_path: Path):
    with running_inbox(tmp_path) as inbox, smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
        client.ehlo()
        inbox.process.send_signal(signal.SIGTERM)
        assert inbox.process.wait(timeout=10) == 0
