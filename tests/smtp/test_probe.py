"""The test button: live steps, and a failure that says cause and cure."""

import json
import socket
from pathlib import Path

import pytest

from portal.smtp.addresses import DestinationPolicy
from portal.smtp.probe import ProbeResult, Step, probe
from portal.smtp.stages import Stage, order_of
from portal.smtp.transport import Sendable
from tests.smtp.conftest import LOOPBACK, NAME, USERS, account, files, mail, to_loopback
from tests.support.certificates import Certificates
from tests.support.smtp_server import Fault, ScriptedServer


def run(
    server: ScriptedServer,
    message: Sendable | None = None,
    policy: DestinationPolicy = LOOPBACK,
    **changes: object,
) -> tuple[ProbeResult, list[Step]]:
    told: list[Step] = []
    result = probe(
        account(server, **changes),
        message,
        "teste@example.com",
        policy,
        told.append,
        resolver=to_loopback,
    )
    return result, told


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_a_good_account_passes_every_stage_and_sends_one_message(
    certificates: Certificates, trusted_ca: Path, tls: str
) -> None:
    with ScriptedServer(tls=tls, certificate=files(certificates.good), users=USERS) as server:
        result, told = run(server, mail(), host=NAME)
    assert (result.accepted, result.outcome, result.stage) == (True, "accepted", "accepted")
    assert (result.code, result.reply) == (250, "250 2.0.0 queued as 1")
    assert result.steps == tuple(told)
    order = order_of("ssl" if tls == "implicit" else "starttls", sending=True)
    assert [step.stage for step in told] == list(order)
    assert all(step.ok for step in told)
    details = {step.stage: step.detail for step in told}
    assert details[Stage.DNS] == f"{NAME} → 127.0.0.1"
    assert details[Stage.TLS].startswith("TLS 1.3, certificado válido até")
    assert details[Stage.LOGIN] == "financeiro@example.com"
    assert server.recipients == {"teste@example.com": 1}


def test_without_a_message_it_ends_after_the_login_and_sends_nothing() -> None:
    with ScriptedServer(users=USERS) as server:
        result, told = run(server)
    assert result.accepted
    assert [step.stage for step in told][-1] is Stage.LOGIN
    assert (result.stage, result.reply, server.messages) == ("login", "", 0)


def test_a_failure_tells_cause_cure_reply_and_what_was_not_reached() -> None:
    with ScriptedServer(users=USERS) as server:
        result, told = run(server, mail(), password="errada")
    assert not result.accepted
    assert (result.outcome, result.stage, result.cause) == ("account", "login", "wrong_password")
    assert result.title == "Usuário ou senha recusados pelo servidor."
    assert "senha de app" in result.cure
    assert (result.code, result.reply) == (535, "535 5.7.8 Authentication credentials invalid")
    assert [(step.stage, step.ok) for step in result.steps] == [
        (Stage.DNS, True),
        (Stage.CONNECT, True),
        (Stage.GREETING, True),
        (Stage.TLS, True),
        (Stage.LOGIN, False),
        (Stage.MAIL, None),
        (Stage.RCPT, None),
        (Stage.DATA, None),
        (Stage.ACCEPTED, None),
    ]
    assert told[-1].ok is False
    assert told[-1].reply == result.reply


def test_wrong_password_closed_port_and_wrong_tls_each_have_their_own_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    with ScriptedServer(users=USERS) as server:
        results = [
            run(server, password="errada")[0],
            run(server, port=closed)[0],
            run(server, security="ssl")[0],
            run(server, security="starttls")[0],
        ]
    assert [result.cause for result in results] == [
        "wrong_password",
        "port_closed",
        "wrong_tls_mode",
        "starttls_missing",
    ]
    assert len({result.title for result in results}) == 4
    assert len({result.cure for result in results}) == 4


def test_a_server_that_does_not_confirm_is_uncertain() -> None:
    with ScriptedServer(Fault("accepted", "drop")) as server:
        result, _ = run(server, mail())
    assert (result.outcome, result.stage) == ("uncertain", "accepted")
    assert [step.ok for step in result.steps][-2:] == [True, False]


def test_a_forbidden_destination_fails_at_the_first_step() -> None:
    with ScriptedServer() as server:
        result, told = run(server, policy=DestinationPolicy())
    assert [step.ok for step in told] == [False]
    assert result.cause == "destination_refused"
    assert server.connections == 0


def test_results_and_steps_are_plain_json() -> None:
    with ScriptedServer(users=USERS) as server:
        for result in (run(server, mail())[0], run(server, password="errada")[0]):
            given = json.loads(json.dumps(result.to_dict()))
            assert given["steps"][0].keys() == {
                *("stage", "label", "ok", "detail", "milliseconds", "reply")
            }
            assert type(result.to_dict()["steps"][0]["stage"]) is str
            assert result.steps[1].label == f"Conexão na porta {server.port}"
