"""The table of faults: what breaks where, and what it means for the message."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from portal.smtp import dialing, sockets
from portal.smtp.failures import REPLY_LIMIT, Failure, Kind
from portal.smtp.stages import SENDING, Stage
from portal.smtp.transport import SmtpSession
from tests.smtp.conftest import IMPATIENT, LOOPBACK, PATIENT, Stages, account, mail
from tests.support.smtp_server import Fault, ScriptedServer

MakeSession = Callable[..., SmtpSession]
TEMP, PERM, ACCOUNT, UNCERTAIN = Kind.TEMPORARY, Kind.PERMANENT, Kind.ACCOUNT, Kind.UNCERTAIN


def failure_of(session_to: MakeSession, *faults: Fault, text: str = "x\n" * 5) -> Failure:
    with ScriptedServer(*faults) as server:
        waits = any(fault.do == "hang" for fault in faults)
        session = session_to(server, timeouts=IMPATIENT if waits else PATIENT)
        with pytest.raises(Failure) as caught:
            session.deliver(mail(text=text), "a@example.com")
        # What was not accepted for sure can be sent again on the same session.
        if caught.value.kind is TEMP and not server.accepted:
            server.faults.clear()
            assert session.deliver(mail(), "a@example.com").code == 250
            assert server.acceptances == {"<m1@example.com>": 1}
    return caught.value


@pytest.mark.parametrize("at", [Stage.CONNECT, Stage.GREETING])
def test_a_listener_that_fails_leaves_no_connection_open(
    monkeypatch: pytest.MonkeyPatch, at: Stage
) -> None:
    opened = []

    def connect(*args: Any) -> Any:
        opened.append(sockets.connect(*args))
        return opened[-1]

    def listen(stage: Stage, _detail: str, _milliseconds: int) -> None:
        if stage is at:
            raise RuntimeError

    monkeypatch.setattr(dialing, "connect", connect)
    with ScriptedServer() as server, pytest.raises(RuntimeError):
        dialing.dial(account(server), LOOPBACK, dialing.Progress(listen))
    [(sock, _peer)] = opened
    assert sock.fileno() == -1


@pytest.mark.parametrize("do", ["drop", "reset", "hang", "garbage"])
@pytest.mark.parametrize(
    ("at", "stage"),
    [
        ("greeting", Stage.GREETING),
        ("ehlo", Stage.GREETING),
        ("mail", Stage.MAIL),
        ("rcpt", Stage.RCPT),
        ("data", Stage.DATA),
    ],
)
def test_whatever_breaks_before_the_body_is_temporary(
    session_to: MakeSession, at: str, stage: Stage, do: str
) -> None:
    failure = failure_of(session_to, Fault(at, do, text="%%% not smtp\r\n"))
    cause = {"drop": "dropped", "reset": "dropped", "hang": "timeout", "garbage": "garbage"}[do]
    assert (failure.kind, failure.cause) == (TEMP, cause)
    # A reset may come in before the system has even reported the connection.
    assert failure.stage is stage or (at, do, failure.stage) == ("greeting", "reset", Stage.CONNECT)


@pytest.mark.parametrize("do", ["drop", "reset", "hang", "garbage"])
@pytest.mark.parametrize("at", ["dot", "accepted"])
def test_whatever_breaks_after_the_final_dot_is_uncertain(
    session_to: MakeSession, at: str, do: str
) -> None:
    failure = failure_of(session_to, Fault(at, do, text="%%% not smtp\r\n"))
    assert (failure.kind, failure.stage, failure.cause) == (
        UNCERTAIN,
        Stage.ACCEPTED,
        "uncertain",
    )


def test_an_uncertain_message_is_not_repeated_and_the_next_one_uses_a_new_connection(
    session_to: MakeSession,
) -> None:
    with ScriptedServer(Fault("accepted", "hang", message=1)) as server:
        session = session_to(server, timeouts=IMPATIENT)
        with pytest.raises(Failure):
            session.deliver(mail(1), "a@example.com")
        session.deliver(mail(2), "b@example.com")
    assert server.acceptances == {"<m1@example.com>": 1, "<m2@example.com>": 1}
    assert server.connections == 2


def test_the_stages_of_an_uncertain_message_end_with_the_body(session_to: MakeSession) -> None:
    heard = Stages()
    with ScriptedServer(Fault("dot", "drop")) as server, pytest.raises(Failure):
        session_to(server, heard).deliver(mail(), "a@example.com")
    assert heard.names[-3:] == list(SENDING[:3])


@pytest.mark.parametrize("do", ["drop", "reset"])
def test_a_server_that_hangs_up_in_the_body_did_not_accept(
    session_to: MakeSession, do: str
) -> None:
    failure = failure_of(session_to, Fault("body", do), text="linha\n" * 1000)
    assert (failure.kind, failure.stage, failure.cause) == (TEMP, Stage.DATA, "dropped")


def test_a_hang_up_while_the_last_hook_runs_is_noticed(session_to: MakeSession) -> None:
    with ScriptedServer(Fault("body", "drop")) as server, pytest.raises(Failure) as caught:
        session_to(server).deliver(mail(), "a@example.com", before_dot=lambda: time.sleep(0.05))
    assert (caught.value.kind, caught.value.stage) == (TEMP, Stage.DATA)


def test_a_server_that_stops_reading_the_body_did_not_accept(session_to: MakeSession) -> None:
    much = b"Subject: x\r\n\r\n" + (b"y" * 998 + b"\r\n") * 20_000  # more than any buffer holds
    hang = Fault("body", "hang")
    with ScriptedServer(hang, extensions=()) as server, pytest.raises(Failure) as caught:
        session_to(server, timeouts=IMPATIENT).deliver(much, "a@example.com")
    failure = caught.value
    assert (failure.kind, failure.stage, failure.cause) == (TEMP, Stage.DATA, "timeout")


def test_a_refusal_in_the_middle_of_the_body_is_heard(session_to: MakeSession) -> None:
    failure = failure_of(session_to, Fault("body", text="552 5.3.4 too big"), text="linha\n" * 99)
    assert (failure.kind, failure.stage, failure.cause) == (PERM, Stage.DATA, "message_too_big")


@pytest.mark.parametrize(
    ("at", "text", "kind", "stage", "cause"),
    [
        ("greeting", "554 5.7.1 go away", TEMP, Stage.GREETING, "refused"),
        ("greeting", "421 4.7.0 busy", TEMP, Stage.GREETING, "try_later"),
        ("mail", "421 4.7.0 closing", TEMP, Stage.MAIL, "try_later"),
        ("mail", "451 4.3.0 problem", TEMP, Stage.MAIL, "server_trouble"),
        ("mail", "550 no", PERM, Stage.MAIL, "refused"),
        ("mail", "553 5.7.1 Sender address rejected", ACCOUNT, Stage.MAIL, "sender_refused"),
        ("rcpt", "450 4.2.0 Greylisted", TEMP, Stage.RCPT, "greylisted"),
        ("rcpt", "452 4.5.3 too many", TEMP, Stage.RCPT, "try_later"),
        ("rcpt", "550 5.1.1 unknown", PERM, Stage.RCPT, "mailbox_not_found"),
        ("rcpt", "550 5.4.5 Daily user sending limit exceeded", ACCOUNT, Stage.RCPT, "quota"),
        ("data", "454 4.7.0 later", TEMP, Stage.DATA, "try_later"),
        ("data", "554 5.5.1 no", PERM, Stage.DATA, "refused"),
        ("data", "250 what", TEMP, Stage.DATA, "garbage"),
        ("dot", "451 4.3.0 later", TEMP, Stage.ACCEPTED, "server_trouble"),
        ("dot", "421 4.3.0 closing", TEMP, Stage.ACCEPTED, "server_trouble"),
        ("dot", "554 5.6.0 no", PERM, Stage.ACCEPTED, "refused"),
        ("dot", "550 5.7.30 no DKIM", ACCOUNT, Stage.ACCEPTED, "sender_unauthenticated"),
        ("dot", "354 what", UNCERTAIN, Stage.ACCEPTED, "uncertain"),
        ("dot", "25", UNCERTAIN, Stage.ACCEPTED, "uncertain"),
        ("dot", "2500 ok", UNCERTAIN, Stage.ACCEPTED, "uncertain"),
        ("dot", "ok 250", UNCERTAIN, Stage.ACCEPTED, "uncertain"),
    ],
)
def test_refusals_are_classified(
    session_to: MakeSession, at: str, text: str, kind: Kind, stage: Stage, cause: str
) -> None:
    failure = failure_of(session_to, Fault(at, text=text))
    assert (failure.kind, failure.stage, failure.cause) == (kind, stage, cause)
    assert failure.reply.startswith(text[:40])


def test_a_reply_cut_off_after_its_code_still_counts(session_to: MakeSession) -> None:
    with ScriptedServer() as server:
        session = session_to(server)
        server.faults.append(Fault("accepted", "garbage", text="250 2.0.0 ok"))
        server.faults.append(Fault("replied", "drop"))
        assert session.deliver(mail(), "a@example.com").reply == "250 2.0.0 ok"


def test_a_reply_whose_last_line_never_comes_is_uncertain(session_to: MakeSession) -> None:
    failure = failure_of(
        session_to,
        Fault("accepted", "garbage", text="250-almost\r\n"),
        Fault("replied", "drop"),
    )
    assert failure.kind is UNCERTAIN


def test_a_reply_that_drips_one_byte_at_a_time_ends_with_its_time(session_to: MakeSession) -> None:
    started = time.monotonic()
    drip = Fault("mail", "drip", text="250-" + "a" * 50, seconds=0.1)
    with ScriptedServer(drip) as server, pytest.raises(Failure, match="timeout"):
        session_to(server, timeouts=IMPATIENT).deliver(mail(), "a@example.com")
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("text", ["220-welcome to the endless banner\r\n", "x", "220-" + "y" * 999])
@pytest.mark.parametrize("at", ["greeting", "ehlo", "mail"])
def test_endless_replies_end_with_a_limit(session_to: MakeSession, at: str, text: str) -> None:
    endless = Fault(at, "endless", text=text)
    with ScriptedServer(endless) as server, pytest.raises(Failure) as caught:
        session_to(server).deliver(mail(), "a@example.com")
    assert caught.value.kind is TEMP
    assert caught.value.cause == "garbage"
    assert len(caught.value.reply) <= REPLY_LIMIT


def test_an_endless_answer_to_the_final_dot_is_uncertain(session_to: MakeSession) -> None:
    failure = failure_of(session_to, Fault("accepted", "endless", text="250-" + "z" * 500))
    assert failure.kind is UNCERTAIN


def test_control_characters_of_a_server_are_shown_and_do_nothing(session_to: MakeSession) -> None:
    failure = failure_of(session_to, Fault("rcpt", text="550 \x1b[31mno\x00\u202eção"))
    assert failure.reply == "550 \\x1b[31mno\\x00\\u202eção"


def test_a_slow_server_within_its_time_is_waited_for(session_to: MakeSession) -> None:
    faults = [Fault(at, "delay", seconds=0.1) for at in ("greeting", "mail", "rcpt", "accepted")]
    with ScriptedServer(*faults) as server:
        assert session_to(server).deliver(mail(), "a@example.com").milliseconds >= 300


def test_every_third_message_refused_with_421_is_sent_in_the_end(session_to: MakeSession) -> None:
    with ScriptedServer(Fault("mail", text="421 4.3.2 closing", every=3)) as server:
        session = session_to(server)
        waiting = list(range(9))
        while waiting:
            number = waiting.pop(0)
            try:
                session.deliver(mail(number), "a@example.com")
            except Failure as failure:
                if failure.kind is not TEMP:
                    raise
                waiting.append(number)
    assert len(server.accepted) == 9
    assert set(server.acceptances.values()) == {1}
