"""What a bounce changes: the message, the client, and nothing twice."""

import json
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module

import pytest
from click.testing import CliRunner

from portal.cli import bounces as command
from portal.clients import service as clients
from portal.clients.models import Client
from portal.core.csv_reader import Limits
from portal.core.errors import Conflict, NotFound
from portal.deliveries import service as deliveries
from portal.deliveries.bounces import service
from portal.deliveries.models import Bounce, EmailMessage
from portal.deliveries.states import MOVES, State
from portal.smtp.models import Security, SmtpAccount
from tests.bounces.conftest import PASSWORD, USER, sample
from tests.factories import (
    create_account,
    create_client,
    create_contract,
    create_message,
    create_user,
)
from tests.factories import create_receivable as create_title
from tests.support.imap_server import NOON, Fault, ImapServer

MARIA = "maria@cliente.example"
LATER = NOON + timedelta(hours=1)


def sent(number=1, recipient=MARIA, **changes):
    """A message of a client with that address, accepted at noon; returns both ids."""
    client = create_client(emails=f"outra@cliente.example, {recipient}")
    title = create_title(contract=create_contract(client=client))
    values = {
        "receivable": title,
        "recipient": recipient,
        "message_id": f"<boleto.{number}@pontual.example.com>",
        "state": State.SENT,
        "accepted_at": NOON - timedelta(minutes=2),
        "reply": "250 ok",
        "next_attempt_at": None,
    }
    message = create_message(**{**values, **changes})
    return message.id, client.id


@pytest.fixture
def rows(session):
    """The newest state of rows, as another process would see it."""

    def get(model, row_id):
        session.rollback()
        return session.get_one(model, row_id, populate_existing=True)

    return get


def count(session, model):
    session.rollback()
    return session.query(model).count()


def test_a_bounce_marks_the_message_and_the_client(reading_account, imap, rows, session):
    message_id, client_id = sent()
    account_id = reading_account()
    imap.deliver(sample("postfix"))
    reading = service.read_account(account_id, LATER)
    assert (reading.mails, reading.bounced, reading.error) == (1, 1, "")
    message = rows(EmailMessage, message_id)
    assert (message.state, message.cause) == (State.BOUNCED, "bounced")
    assert message.reason == "O endereço do destinatário não existe."
    assert message.reply.startswith("550 5.1.1 <maria@cliente.example>: Recipient address")
    client = rows(Client, client_id)
    assert client.bounced_at == NOON
    assert client.bounce_reason == f"{MARIA}: O endereço do destinatário não existe."
    assert client.version == 1  # nobody who edits the client now is sent away
    bounce = session.query(Bounce).one()
    assert (bounce.message_id, bounce.status, bounce.action) == (message_id, "5.1.1", "failed")
    assert bounce.received_at == NOON
    assert imap.marked == []
    account = rows(SmtpAccount, account_id)
    assert account.imap_checked_at is not None
    assert (account.imap_last_uid, account.imap_error) == (1, "")


def test_reading_again_changes_nothing(reading_account, imap, rows, session):
    message_id, client_id = sent()
    account_id = reading_account()
    imap.deliver(sample("postfix"))
    service.read_account(account_id, LATER)
    session.query(Client).update({"bounced_at": None, "bounce_reason": ""})
    session.commit()
    assert service.read_account(account_id, LATER).mails == 0
    imap.rebuild()  # every UID counts as new
    again = service.read_account(account_id, LATER)
    assert (again.mails, again.bounced, again.other) == (1, 0, 0)
    assert count(session, Bounce) == 1
    assert rows(Client, client_id).bounced_at is None
    assert rows(EmailMessage, message_id).state == State.BOUNCED
    assert rows(SmtpAccount, account_id).imap_uid_validity == imap.uid_validity


def test_an_unknown_message_is_recorded_and_changes_nothing(reading_account, imap, rows, session):
    message_id, client_id = sent(number=99)
    imap.deliver(sample("postfix"))
    reading = service.read_account(reading_account(), LATER)
    assert (reading.bounced, reading.other) == (0, 1)
    assert session.query(Bounce).one().message_id is None
    assert rows(EmailMessage, message_id).state == State.SENT
    assert rows(Client, client_id).bounced_at is None


def test_a_delay_is_recorded_and_changes_nothing(reading_account, imap, rows, session):
    message_id, client_id = sent()
    imap.deliver(sample("delayed"))
    reading = service.read_account(reading_account(), LATER)
    assert (reading.bounced, reading.delayed) == (0, 1)
    assert session.query(Bounce).one().message_id == message_id
    assert rows(EmailMessage, message_id).state == State.SENT
    assert rows(Client, client_id).bounced_at is None


def test_a_failure_that_is_not_permanent_does_not_blame_the_address(
    reading_account, imap, rows, session
):
    message_id, client_id = sent()
    imap.deliver(sample("expired"))
    assert service.read_account(reading_account(), LATER).bounced == 1
    assert rows(EmailMessage, message_id).state == State.BOUNCED
    assert rows(Client, client_id).bounced_at is None


def test_an_address_that_was_corrected_meanwhile_is_not_blamed(
    reading_account, imap, rows, session
):
    message_id, client_id = sent()
    rows(Client, client_id).emails = "nova@cliente.example"
    session.commit()
    imap.deliver(sample("postfix"))
    service.read_account(reading_account(), LATER)
    assert rows(EmailMessage, message_id).state == State.BOUNCED
    assert rows(Client, client_id).bounced_at is None


def test_of_several_recipients_only_ours_counts(reading_account, imap, rows, session):
    message_id, _ = sent(number=7, recipient="quatro@cliente.example")
    imap.deliver(sample("several"))
    reading = service.read_account(reading_account(), LATER)
    assert (reading.bounced, reading.delayed, reading.other) == (1, 1, 1)
    assert rows(EmailMessage, message_id).reason == "O endereço do destinatário não existe."


def test_a_forwarded_mail_that_came_back_counts(reading_account, imap, rows):
    message_id, client_id = sent(recipient="maria@dominio.example")
    imap.deliver(sample("postfix"))
    service.read_account(reading_account(), LATER)
    assert rows(EmailMessage, message_id).state == State.BOUNCED
    assert rows(Client, client_id).bounce_reason.startswith("maria@dominio.example: ")


def test_what_came_back_had_left_though_the_server_never_said_so(reading_account, imap, rows):
    message_id, client_id = sent(state=State.UNCERTAIN, accepted_at=None)
    imap.deliver(sample("postfix"))
    assert service.read_account(reading_account(), LATER).bounced == 1
    assert rows(EmailMessage, message_id).state == State.BOUNCED
    assert rows(Client, client_id).bounced_at is not None


@pytest.mark.parametrize(
    "state", [s for s in State if not {s, *MOVES[s]} & {State.BOUNCED} and s != State.SENDING]
)
def test_only_a_message_that_left_can_come_back(reading_account, imap, rows, state):
    message_id, client_id = sent(state=state)
    imap.deliver(sample("postfix"))
    assert service.read_account(reading_account(), LATER).other == 1
    assert rows(EmailMessage, message_id).state == state
    assert rows(Client, client_id).bounced_at is None


def test_a_message_that_is_just_being_sent_is_waited_for(reading_account, imap, rows, session):
    message_id, _ = sent(state=State.SENDING, accepted_at=None)
    account_id = reading_account()
    imap.deliver(sample("exim"))  # another one, before
    imap.deliver(sample("postfix"))
    assert service.read_account(account_id, LATER).mails == 1
    assert rows(SmtpAccount, account_id).imap_last_uid == 1
    message = rows(EmailMessage, message_id)
    message.state, message.accepted_at = State.SENT, NOON
    session.commit()
    assert service.read_account(account_id, LATER).bounced == 1
    assert rows(EmailMessage, message_id).state == State.BOUNCED


def test_a_bounced_message_can_be_sent_again_and_an_old_notice_does_not_stop_it(
    reading_account, imap, rows, session
):
    message_id, _ = sent()
    account_id = reading_account()
    imap.deliver(sample("postfix"))
    service.read_account(account_id, LATER)
    deliveries.resend(message_id, create_user(), LATER)
    message = rows(EmailMessage, message_id)
    assert message.state == State.QUEUED
    message.state, message.accepted_at = State.SENT, LATER
    session.commit()
    # The same server had warned twice; the second notice is of the first try.
    imap.deliver(sample("postfix").replace(b"4Fz1Qk2p0Xz9@", b"second@"), NOON)
    assert service.read_account(account_id, LATER + timedelta(minutes=5)).other == 1
    assert rows(EmailMessage, message_id).state == State.SENT
    imap.deliver(sample("postfix").replace(b"4Fz1Qk2p0Xz9@", b"third@"), LATER)
    assert service.read_account(account_id, LATER + timedelta(minutes=5)).bounced == 1
    assert rows(EmailMessage, message_id).state == State.BOUNCED


def test_other_mails_are_passed_over_and_not_fetched(reading_account, imap, session):
    for name in ("out_of_office", "read_receipt", "malformed", "forwarded"):
        imap.deliver(sample(name))
    imap.deliver(b"From: a@b.example\nSubject: Bom dia\n\nOi\n")
    account_id = reading_account()
    reading = service.read_account(account_id, LATER)
    assert (reading.mails, reading.other, reading.error) == (5, 0, "")
    assert count(session, Bounce) == 0
    assert session.get_one(SmtpAccount, account_id).imap_last_uid == 5
    assert not [line for line in imap.said("UID FETCH 5") if "HEADER" not in line]


def test_a_pass_reads_at_most_so_many(reading_account, imap, monkeypatch, rows):
    monkeypatch.setattr(service, "MAILS_A_PASS", 2)
    account_id = reading_account()
    for _ in range(5):
        imap.deliver(sample("out_of_office"))
    assert [service.read_account(account_id, LATER).mails for _ in range(4)] == [2, 2, 1, 0]


def test_what_was_read_before_the_line_broke_is_kept(reading_account, rows):
    message_id, _ = sent()
    with ImapServer(Fault("UID FETCH", "drop", after=2), users={USER: PASSWORD}) as server:
        account_id = reading_account(server.port)
        server.deliver(sample("postfix"))
        server.deliver(sample("exim"))
        reading = service.read_account(account_id, LATER)
    assert reading.bounced == 1
    assert "encerrou a conexão" in reading.error
    assert rows(EmailMessage, message_id).state == State.BOUNCED
    account = rows(SmtpAccount, account_id)
    assert (account.imap_last_uid, account.imap_error) == (1, reading.error)


def test_no_transaction_is_open_while_the_network_is_spoken_to(
    reading_account, imap, session, monkeypatch
):
    sent()
    account_id = reading_account()
    imap.deliver(sample("postfix"))
    seen = []
    for name in ("new_uids", "header", "fetch"):
        original = getattr(service.Mailbox, name)

        def watch(box, *args, _original=original):
            seen.append(session().in_transaction())
            return _original(box, *args)

        monkeypatch.setattr(service.Mailbox, name, watch)
    service.read_account(account_id, LATER)
    assert seen == [False, False, False]


def test_a_wrong_password_is_written_down_and_mended_by_the_next_reading(
    reading_account, imap, rows, session
):
    account_id = reading_account()
    imap.users = {USER: "outra"}
    reading = service.read_account(account_id, LATER)
    assert reading.error.startswith("Usuário ou senha recusados pelo servidor IMAP.")
    assert PASSWORD not in rows(SmtpAccount, account_id).imap_error
    imap.users = {USER: PASSWORD}
    assert service.read_account(account_id, LATER).error == ""
    assert rows(SmtpAccount, account_id).imap_error == ""


def test_a_password_of_another_row_cannot_be_read(reading_account, imap, rows, session):
    account_id = reading_account()
    other = create_account(
        imap_host="127.0.0.1",
        imap_username=USER,
        imap_security=Security.NONE,
        imap_password=rows(SmtpAccount, account_id).imap_password,
    )
    assert "não pode ser lida" in service.read_account(other.id, LATER).error
    assert imap.commands == []


def test_a_defect_in_one_mailbox_is_told_and_does_not_escape(reading_account, imap, monkeypatch):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(service, "_begin", broken)
    assert "defeito" in service.read_account(reading_account(), LATER).error


def test_settings_that_change_meanwhile_stop_the_pass(reading_account, imap, session, monkeypatch):
    account_id = reading_account()
    imap.deliver(sample("postfix"))
    original = service.Mailbox.header

    def meanwhile(box, uid):
        session.get_one(SmtpAccount, account_id).imap_folder = "Outra"
        session.commit()
        return original(box, uid)

    monkeypatch.setattr(service.Mailbox, "header", meanwhile)
    told = service.read_account(account_id, LATER).error
    assert told == "A caixa mudou durante a leitura. Leia de novo."
    assert count(session, Bounce) == 0


def test_accounts_without_mailbox_are_left_alone(session, reading_account, imap):
    plain = create_account()
    with pytest.raises(Conflict):
        service.read_account(plain.id, LATER)
    with pytest.raises(NotFound):
        service.read_account(99_999, LATER)
    first, second = reading_account(), reading_account()
    assert [item.account_id for item in service.read_all(LATER)] == [first, second]


def test_every_five_minutes_each_mailbox_is_asked_for(reading_account, monkeypatch, imap):
    woken = []
    monkeypatch.setattr(service, "wake", lambda *job: woken.append(job))
    create_account()
    account_id = reading_account()
    for minute in range(60):
        service.wake_readers(NOON + timedelta(minutes=minute))
    assert woken == [("jobs.bounces.read", account_id)] * 12


def test_the_job_that_is_woken_is_there():
    module, _, name = service.READ.rpartition(".")
    assert callable(getattr(import_module(module), name))


# --- the client's mark ----------------------------------------------------------------------------
def marked_client(**changes):
    return create_client(
        emails=MARIA, bounced_at=NOON, bounce_reason=f"{MARIA}: não existe", **changes
    )


def client_values(client, **changes):
    names = ("name", "cpf_cnpj", "phone", "address", "number", "complement", "district", "city")
    values = {name: getattr(client, name) for name in (*names, "state", "postal_code", "active")}
    return {**values, "emails": client.emails, **changes}


def test_other_addresses_take_the_mark_away(session, rows):
    client = marked_client()
    values = client_values(client, phone="11 4000-0000")
    clients.change(client.id, values, 1, None, LATER)
    assert rows(Client, client.id).bounced_at == NOON
    values = client_values(client, emails="maria.nova@cliente.example")
    clients.change(client.id, values, 2, None, LATER)
    saved = rows(Client, client.id)
    assert (saved.bounced_at, saved.bounce_reason) == (None, "")


def test_an_import_that_changes_the_address_takes_the_mark_away(session, rows, tmp_path):
    changed, same = marked_client(code="501"), marked_client(code="502")
    head = (
        "codigo;razao_social;cpf_cnpj;email;telefone;endereco;numero;complemento"
        ";bairro;cidade;uf;cep;ativo"
    )
    lines = [
        f"{code};Maria;52998224725;{email};;Rua A;1;;Centro;Campinas;SP;13010000;S"
        for code, email in (("501", "nova@cliente.example"), ("502", MARIA))
    ]
    file = tmp_path / "clientes.csv"
    file.write_text("\n".join([head, *lines, ""]))
    clients.import_file(file, Limits(size=10_000, rows=10), "clientes.csv", None, LATER)
    assert rows(Client, changed.id).bounced_at is None
    assert rows(Client, same.id).bounced_at == NOON


# --- the command line -----------------------------------------------------------------------------
def test_the_command_reads_one_or_all_and_says_what_it_found(
    reading_account, imap, monkeypatch, app, session
):
    @contextmanager
    def running_app():
        yield app

    monkeypatch.setattr(command, "portal_app", running_app)
    monkeypatch.setattr(command.clock, "now", lambda: LATER)
    sent()
    reading_account(name="Financeiro")
    imap.deliver(sample("postfix"))
    done = CliRunner().invoke(command.bounces_group, ["read", "Financeiro", "--json"])
    assert done.exit_code == 0
    (data,) = json.loads(done.output)
    assert (data["account"], data["mails"], data["bounced"]) == ("Financeiro", 1, 1)
    imap.users = {}
    failed = CliRunner().invoke(command.bounces_group, ["read"])
    assert failed.exit_code == 1
    assert "✕ Financeiro: Usuário ou senha recusados" in failed.output
    unknown = CliRunner().invoke(command.bounces_group, ["read", "Outra"])
    assert isinstance(unknown.exception, NotFound)
