"""Handing messages over: one connection, many messages, stages, and the bytes on the wire."""

import socket
import threading
from collections.abc import Callable
from email import message_from_bytes

import flask_mail
import pytest
from flask import Flask

from portal.smtp.addresses import DestinationPolicy
from portal.smtp.failures import Failure, Kind
from portal.smtp.stages import BEFORE_SENDING, SENDING, Stage
from portal.smtp.transport import Acceptance, SmtpSession, for_the_wire
from tests.smtp.conftest import PASSWORD, USERS, Stages, account, mail
from tests.support.smtp_server import Fault, ScriptedServer

MakeSession = Callable[..., SmtpSession]


def test_a_message_is_accepted_once_with_the_servers_words(session_to: MakeSession) -> None:
    with ScriptedServer() as server:
        acceptance = session_to(server).deliver(mail(), "maria@example.com")
    assert isinstance(acceptance, Acceptance)
    assert (acceptance.code, acceptance.reply) == (250, "250 2.0.0 queued as 1")
    assert server.acceptances == {"<m1@example.com>": 1}
    assert server.recipients == {"maria@example.com": 1}
    assert server.accepted[0].sender == "financeiro@example.com"


def test_every_stage_is_reported_in_order(session_to: MakeSession) -> None:
    heard = Stages()
    with ScriptedServer() as server:
        session_to(server, heard).deliver(mail(), "maria@example.com")
    assert heard.names == [*BEFORE_SENDING, *SENDING]
    told = dict(heard)
    assert told[Stage.DNS] == "127.0.0.1"
    assert told[Stage.CONNECT] == f"porta {server.port}"
    assert told[Stage.TLS] == "sem criptografia"
    assert told[Stage.LOGIN] == "não requer autenticação"
    assert told[Stage.RCPT] == "maria@example.com"
    assert told[Stage.ACCEPTED] == "250 2.0.0 queued as 1"


def test_many_messages_share_one_connection_with_a_reset_between(session_to: MakeSession) -> None:
    with ScriptedServer() as server, session_to(server) as session:
        for number in range(5):
            session.deliver(mail(number), f"cliente{number}@example.com")
        assert session.num_emails == 5
        session.close()
    assert server.connections == 1
    assert len(server.accepted) == 5
    assert [line for line in server.commands if line.upper() in ("RSET", "QUIT")] == [
        *["rset"] * 4,
        "QUIT",
    ]


def test_a_refused_recipient_does_not_stop_the_next_message(session_to: MakeSession) -> None:
    fault = Fault("rcpt", text="550 5.1.1 no such user", recipient="^nobody@")
    with ScriptedServer(fault) as server:
        session = session_to(server)
        with pytest.raises(Failure) as caught:
            session.deliver(mail(1), "nobody@example.com")
        session.deliver(mail(2), "maria@example.com")
    assert (caught.value.kind, caught.value.cause) == (Kind.PERMANENT, "mailbox_not_found")
    assert server.connections == 1
    assert server.acceptances == {"<m2@example.com>": 1}


def test_a_connection_that_died_between_messages_is_replaced(session_to: MakeSession) -> None:
    with ScriptedServer(Fault("rset", "drop", times=1)) as server:
        session = session_to(server)
        session.deliver(mail(1), "a@example.com")
        session.deliver(mail(2), "b@example.com")
    assert server.connections == 2
    assert server.acceptances == {"<m1@example.com>": 1, "<m2@example.com>": 1}


def test_a_server_that_closes_politely_between_messages_is_dialled_again(
    session_to: MakeSession,
) -> None:
    fault = Fault("rset", text="421 4.7.0 too many messages on this connection", every=3)
    with ScriptedServer(fault) as server:
        session = session_to(server)
        for number in range(1, 10):
            session.deliver(mail(number), "a@example.com")
    assert len(server.accepted) == 9
    assert server.connections == 3


def test_the_hook_runs_after_the_servers_go_ahead_and_before_any_of_the_body(
    session_to: MakeSession,
) -> None:
    seen: list[list[str]] = []
    with ScriptedServer() as server:
        session_to(server).deliver(
            mail(),
            "maria@example.com",
            before_data=lambda: seen.append([*server.commands, str(len(server.accepted))]),
        )
    assert seen[0][-2:] == ["DATA", "0"]
    assert server.acceptances["<m1@example.com>"] == 1


def test_the_last_hook_runs_when_all_but_the_final_dot_was_sent(session_to: MakeSession) -> None:
    seen: list[str] = []
    with ScriptedServer() as server:
        session = session_to(server)
        session.deliver(
            mail(),
            "maria@example.com",
            before_data=lambda: seen.append("data"),
            before_dot=lambda: seen.append(f"dot, {len(server.accepted)} accepted"),
        )
    assert seen == ["data", "dot, 0 accepted"]
    assert server.acceptances["<m1@example.com>"] == 1


@pytest.mark.parametrize("hook", ["before_data", "before_dot"])
def test_a_hook_that_raises_keeps_the_message_from_being_sent(
    session_to: MakeSession, hook: str
) -> None:
    def cannot_record() -> None:
        raise RuntimeError("database gone")

    with ScriptedServer() as server:
        session = session_to(server)
        with pytest.raises(RuntimeError, match="database gone"):
            session.deliver(mail(1), "a@example.com", **{hook: cannot_record})
        session.deliver(mail(2), "b@example.com")
    assert server.acceptances == {"<m2@example.com>": 1}
    assert server.connections == 2


def test_the_hook_does_not_run_for_a_refused_recipient(session_to: MakeSession) -> None:
    ran: list[int] = []
    with ScriptedServer(Fault("rcpt", text="550 5.1.1 no")) as server, pytest.raises(Failure):
        session_to(server).deliver(mail(), "a@example.com", before_data=lambda: ran.append(1))
    assert ran == []


def test_a_listener_that_fails_after_the_answer_does_not_lose_the_acceptance(
    session_to: MakeSession,
) -> None:
    class Fails(Stages):
        def __call__(self, stage: Stage, detail: str, milliseconds: int) -> None:
            if stage in (Stage.DATA, Stage.ACCEPTED):
                raise RuntimeError("screen gone")

    with ScriptedServer() as server:
        assert session_to(server, Fails()).deliver(mail(), "a@example.com").code == 250


def test_a_failing_quit_after_acceptance_is_still_a_success(session_to: MakeSession) -> None:
    for fault in (Fault("quit", "drop"), Fault("quit", text="500 no"), Fault("quit", "reset")):
        with ScriptedServer(fault) as server, session_to(server) as session:
            assert session.deliver(mail(), "a@example.com").code == 250


def test_what_the_server_does_after_250_changes_nothing(session_to: MakeSession) -> None:
    for fault in (Fault("replied", "drop"), Fault("replied", "garbage", text="%%%\r\n")):
        with ScriptedServer(fault) as server:
            session = session_to(server)
            assert session.deliver(mail(1), "a@example.com").code == 250
            assert session.deliver(mail(2), "a@example.com").code == 250
        assert len(server.accepted) == 2


def test_leading_dots_and_all_line_ends_arrive_as_they_were_meant(session_to: MakeSession) -> None:
    text = b"Subject: x\n\n.\n..\n.a\nlone\rcr\r\nlast"
    with ScriptedServer() as server:
        session_to(server).deliver(text, "a@example.com")
    assert server.accepted[0].data == (b"Subject: x\r\n\r\n.\r\n..\r\n.a\r\nlone\r\ncr\r\nlast\r\n")


def test_dot_stuffing() -> None:
    assert for_the_wire(b".") == b"..\r\n"
    assert for_the_wire(b"a\r\n.\r\n") == b"a\r\n..\r\n"
    assert for_the_wire(b"a\n.\nRCPT TO:<x@y.z>\n.\n") == b"a\r\n..\r\nRCPT TO:<x@y.z>\r\n..\r\n"


def test_size_and_eight_bit_are_announced_where_the_server_knows_them(
    session_to: MakeSession,
) -> None:
    raw = "Subject: x\r\n\r\nação\r\n".encode()
    with ScriptedServer() as server:
        session_to(server).deliver(raw, "a@example.com")
    assert f"MAIL FROM:<financeiro@example.com> SIZE={len(raw)} BODY=8BITMIME" in server.commands
    with ScriptedServer(extensions=()) as server:
        session_to(server).deliver(raw, "a@example.com")
    assert "MAIL FROM:<financeiro@example.com>" in server.commands


def test_a_message_larger_than_the_server_takes_is_not_even_announced(
    session_to: MakeSession,
) -> None:
    with ScriptedServer(extensions=("SIZE 50",)) as server, pytest.raises(Failure) as caught:
        session_to(server).deliver(mail(), "a@example.com")
    assert (caught.value.kind, caught.value.cause) == (Kind.PERMANENT, "message_too_big")
    assert not any(line.startswith("MAIL") for line in server.commands)


def test_an_address_beyond_ascii_uses_smtputf8_only_where_it_is_offered(
    session_to: MakeSession,
) -> None:
    with ScriptedServer() as server:
        session = session_to(server)
        session.deliver(mail(1), "josé@exâmplo.com.br")
        session.deliver(mail(2), "jose@exâmplo.com.br")
    assert server.recipients == {"josé@xn--exmplo-xta.com.br": 1, "jose@xn--exmplo-xta.com.br": 1}
    assert [line.endswith("SMTPUTF8") for line in server.commands if line.startswith("MAIL")] == [
        True,
        False,
    ]
    with ScriptedServer(extensions=()) as server, pytest.raises(Failure) as caught:
        session_to(server).deliver(mail(), "josé@example.com")
    assert (caught.value.kind, caught.value.cause) == (Kind.PERMANENT, "smtputf8_missing")


@pytest.mark.parametrize("recipient", ["a@b.com\r\nRCPT TO:<x@y.z>", "a@b.com,c@d.com", "a>b@c.d"])
def test_an_address_that_is_none_never_reaches_the_server(
    session_to: MakeSession, recipient: str
) -> None:
    with ScriptedServer() as server, pytest.raises(Failure) as caught:
        session_to(server).deliver(mail(), recipient)
    assert (caught.value.kind, caught.value.stage) == (Kind.PERMANENT, Stage.RCPT)
    assert server.connections == 0


def test_a_sender_that_is_none_stops_the_account(session_to: MakeSession) -> None:
    with ScriptedServer() as server, pytest.raises(Failure) as caught:
        session_to(server, sender_address="nobody").deliver(mail(), "a@example.com")
    assert (caught.value.kind, caught.value.stage) == (Kind.ACCOUNT, Stage.MAIL)


def test_the_greeting_names_us_by_our_address(session_to: MakeSession) -> None:
    with ScriptedServer() as server:
        session_to(server).open()
    assert server.commands[0] == "ehlo [127.0.0.1]"


def test_a_server_without_ehlo_is_spoken_to_with_helo(session_to: MakeSession) -> None:
    with ScriptedServer(Fault("ehlo", text="502 5.5.1 what?")) as server:
        assert session_to(server).deliver(mail(), "a@example.com").code == 250
    assert "helo [127.0.0.1]" in server.commands


def test_flask_mail_sends_through_the_session(session_to: MakeSession, mail_app: Flask) -> None:
    message = flask_mail.Message(
        "Boleto", sender="Rede <financeiro@example.com>", recipients=["a@example.com"], body="x"
    )
    message.cc = ["Bia <b@example.com>"]
    with ScriptedServer() as server, session_to(server) as session:
        message.send(session)
    assert server.recipients == {"a@example.com": 1, "b@example.com": 1}
    assert message_from_bytes(server.accepted[0].data)["To"] == "a@example.com"


def test_flask_mails_check_of_headers_holds(session_to: MakeSession, mail_app: Flask) -> None:
    message = flask_mail.Message(
        "a\r\nBcc: x@y.z", sender="a@example.com", recipients=["a@example.com"], body="x"
    )
    with (
        ScriptedServer() as server,
        session_to(server) as session,
        pytest.raises(flask_mail.BadHeaderError),
    ):
        message.send(session)
    assert server.accepted == []


def test_only_the_checked_address_is_connected_to(session_to: MakeSession) -> None:
    answers = [["127.0.0.1"], ["10.9.9.9"]]
    with ScriptedServer() as server:
        facts = account(server, host="mail.lan")
        session = SmtpSession(
            facts, DestinationPolicy(("mail.lan",)), resolver=lambda *_: answers.pop(0)
        )
        with session:
            session.deliver(mail(), "a@example.com")
    assert len(answers) == 1
    assert len(server.accepted) == 1


def test_a_forbidden_destination_is_never_connected_to() -> None:
    with ScriptedServer() as server, pytest.raises(Failure) as caught:
        SmtpSession(account(server)).open()
    assert caught.value.cause == "destination_refused"
    assert server.connections == 0


def test_the_second_address_is_tried_when_the_first_refuses(session_to: MakeSession) -> None:
    with ScriptedServer() as server:
        session = SmtpSession(
            account(server, host="mail.lan"),
            DestinationPolicy(("mail.lan",)),
            resolver=lambda *_: ["127.0.0.2", "127.0.0.1"],
        )
        with session:
            assert session.deliver(mail(), "a@example.com").code == 250


def test_a_closed_port_says_so(session_to: MakeSession) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with ScriptedServer() as server, pytest.raises(Failure) as caught:
        session_to(server, port=port).open()
    failure = caught.value
    assert (failure.stage, failure.kind, failure.cause) == (
        Stage.CONNECT,
        Kind.TEMPORARY,
        "port_closed",
    )


def test_a_session_sends_from_several_threads_one_after_the_other_in_its_own_connection() -> None:
    with ScriptedServer(users=USERS) as server:
        facts, policy = account(server), DestinationPolicy(("127.0.0.1",))

        def work(worker: int) -> None:
            with SmtpSession(facts, policy) as session:
                for number in range(10):
                    session.deliver(mail(worker * 100 + number), "a@example.com")

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(server.acceptances.values()) == {1}
    assert len(server.accepted) == 40
    assert server.connections == 4


def test_the_password_is_in_no_text_of_ours() -> None:
    with ScriptedServer(users=USERS) as server:
        facts = account(server)
    assert PASSWORD not in repr(facts)
    assert PASSWORD not in facts.hide(f"535 bad password {PASSWORD} for you")
