"""The scripted server itself, as its own process and with another client."""

import json
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import ROOT
from tests.smtp.conftest import mail
from tests.support.smtp_server import Fault, ScriptedServer, read_spool, write_faults


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A server process; its port and its folder."""
    command = [sys.executable, "-m", "tests.support.smtp_server", "--spool", str(tmp_path)]
    with subprocess.Popen(
        [*command, "--faults", str(tmp_path / "faults.json"), "--user", "u", "--password", "p"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())["port"], tmp_path
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) == 0


def test_a_process_of_its_own_keeps_what_it_accepted(process: tuple[int, Path]) -> None:
    port, folder = process
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.login("u", "p")
        client.send_message(mail(7), to_addrs=["a@example.com", "b@example.com"])
    [row] = read_spool(folder)
    assert (row["message_id"], row["recipients"]) == (
        "<m7@example.com>",
        ["a@example.com", "b@example.com"],
    )
    assert b"Segue o boleto." in (folder / str(row["data"])).read_bytes()


def test_its_faults_can_be_changed_while_it_runs(process: tuple[int, Path]) -> None:
    port, folder = process
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.login("u", "p")
        write_faults(folder / "faults.json", Fault("rcpt", text="550 5.1.1 no", recipient="^x"))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail(1), to_addrs=["x@example.com"])
        write_faults(folder / "faults.json")
        client.send_message(mail(2), to_addrs=["x@example.com"])
    assert [row["message_id"] for row in read_spool(folder)] == ["<m2@example.com>"]


def test_conditions_choose_the_messages() -> None:
    faults = [
        Fault("dot", text="451 4.3.0 second", message=2),
        Fault("rcpt", text="450 4.2.0 once", recipient="^b@", times=1),
    ]
    with ScriptedServer(*faults) as server, smtplib.SMTP("127.0.0.1", server.port) as client:
        client.send_message(mail(1))
        with pytest.raises(smtplib.SMTPDataError, match="second"):
            client.send_message(mail(2))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail(3), to_addrs=["b@example.com"])
        client.send_message(mail(4), to_addrs=["b@example.com"])
    assert server.acceptances == {"<m1@example.com>": 1, "<m4@example.com>": 1}


def test_a_stage_or_action_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such fault"):
        Fault("breakfast")
    with pytest.raises(ValueError, match="no such fault"):
        Fault("mail", "explode")
