"""Aba Devoluções, the client's page and the log, as a browser sees them."""

import pytest

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.bounces import service, settings, views
from portal.deliveries.models import Bounce
from portal.deliveries.states import State
from portal.smtp.models import Security, SmtpAccount
from tests import factories
from tests.factories import NOON
from tests.support.forms import post
from tests.support.pages import links, words

SECRET = "s3gredo-da-caixa"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def account_id(app):
    with app.app_context():
        return factories.create_account(name="Financeiro").id


@pytest.fixture
def url(account_id):
    return f"/configuracoes/smtp/{account_id}/devolucoes"


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    jobs = []
    monkeypatch.setattr(service, "wake", lambda *job: jobs.append(job))
    return jobs


def fields(**changes):
    return {
        "imap_host": "imap.example.com",
        "imap_port": "993",
        "imap_security": "ssl",
        "imap_username": "financeiro@example.com",
        "imap_password": SECRET,
        "imap_folder": "INBOX",
        "version": "1",
        **changes,
    }


def stored(app, account_id):
    with app.app_context():
        return db.session.get_one(SmtpAccount, account_id)


def test_the_tab_is_there_and_explains_itself(admin, account_id, url):
    assert links(admin.get(f"/configuracoes/smtp/{account_id}"))["Devoluções"] == url
    text = words(admin.get(url))
    assert "O portal lê esses avisos a cada 5 minutos, sem apagar nem marcar nada" in text
    assert "Testar e ler agora" not in text  # there is no mailbox yet


def test_saving_keeps_the_password_secret_and_bound_to_the_row(app, admin, account_id, url, caplog):
    caplog.set_level("DEBUG")
    answer = post(admin, url, fields())
    assert (answer.status_code, answer.location) == (303, url)
    account = stored(app, account_id)
    assert (account.imap_host, account.imap_port, account.imap_security) == (
        "imap.example.com",
        993,
        Security.SSL,
    )
    with app.app_context():
        assert settings.mailbox_of(account).password == SECRET
        events = [str(event.changes) for event in db.session.query(AuditEvent)]
    history = admin.get(f"/configuracoes/smtp/{account_id}/historico").text
    for text in (admin.get(url).text, history, caplog.text, *events):
        assert SECRET not in text
        assert account.imap_password not in text
    assert "Há uma senha guardada" in admin.get(url).text
    assert "Servidor IMAP" in history
    assert "imap_" not in history


def test_an_empty_password_keeps_it_and_the_box_removes_it(app, admin, account_id, url):
    post(admin, url, fields())
    before = stored(app, account_id).imap_password
    changed = fields(imap_password="", imap_folder="Avisos", version="2")
    assert post(admin, url, changed).status_code == 303
    assert stored(app, account_id).imap_password == before
    both = post(admin, url, fields(clear_password="y", version="3"))
    assert (both.status_code, "não os dois" in both.text) == (422, True)
    post(admin, url, fields(imap_password="", clear_password="y", version="3"))
    assert stored(app, account_id).imap_password == ""


def test_another_mailbox_is_read_from_its_beginning(app, admin, account_id, url):
    post(admin, url, fields())
    with app.app_context():
        account = db.session.get_one(SmtpAccount, account_id)
        account.imap_uid_validity, account.imap_last_uid = 7, 500
        account.imap_checked_at, account.imap_error = NOON, "Antigo"
        db.session.commit()
    post(admin, url, fields(imap_password="nova", version="2"))
    account = stored(app, account_id)
    assert (account.imap_last_uid, account.imap_error) == (500, "")
    post(admin, url, fields(imap_folder="Avisos", version="3"))
    account = stored(app, account_id)
    assert (account.imap_uid_validity, account.imap_last_uid) == (None, 0)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"imap_host": "10.0.0.9"}, "é um endereço da rede interna"),
        ({"imap_host": "169.254.169.254"}, "é um endereço da rede interna"),
        ({"imap_host": "https://imap.example.com"}, "sem https://"),
        ({"imap_port": "587", "imap_host": "8.8.8.8"}, "não é uma porta de IMAP. Use 993"),
        ({"imap_port": "6379", "imap_host": "127.0.0.1"}, "não é uma porta de IMAP"),
        ({"imap_port": "0"}, "A porta vai de 1 a 65535"),
        ({"imap_port": "abc"}, "Informe um número inteiro."),
        ({"imap_username": ""}, "Informe o usuário da caixa."),
        ({"imap_folder": ""}, "Informe a pasta"),
        ({"imap_password": "a\nb"}, "não pode ter quebras de linha"),
        ({"imap_password": "a" * 501}, "passa de 500 caracteres"),
        ({"imap_folder": "a" * 121}, "No máximo 120 caracteres"),
        ({"imap_security": "outra"}, "Escolha um item da lista."),
    ],
)
def test_what_cannot_be_saved_says_why(app, admin, account_id, url, changes, says):
    answer = post(admin, url, fields(**changes))
    assert answer.status_code == 422
    assert says in words(answer)
    assert stored(app, account_id).version == 1


def test_an_empty_host_turns_reading_off(app, admin, account_id, url):
    post(admin, url, fields())
    assert post(admin, url, fields(imap_host="", imap_username="", version="2")).status_code == 303
    assert stored(app, account_id).imap_host == ""


def test_an_old_version_is_refused(app, admin, account_id, url):
    assert post(admin, url, fields()).status_code == 303
    assert post(admin, url, fields(imap_port="143")).status_code == 409
    assert stored(app, account_id).imap_port == 993


def test_reading_now_asks_a_worker_and_the_page_waits(app, admin, account_id, url, woken, clock):
    post(admin, url, fields())
    answer = post(admin, f"{url}/ler")
    assert woken == [("jobs.bounces.read", account_id)]
    waiting = answer.location.partition("#")[0]
    assert f"{url}?desde=" in waiting
    fragment = admin.get(waiting, headers=HTMX).text
    assert "Lendo imap.example.com" in fragment
    assert 'hx-trigger="every 2s"' in fragment
    assert "<html" not in fragment
    clock.seconds += 11
    assert "portal worker" in words(admin.get(waiting))
    with app.app_context():
        account = db.session.get_one(SmtpAccount, account_id)
        account.imap_checked_at, account.imap_error = views.clock.now(), "Senha <b>ruim</b>"
        db.session.commit()
    done = admin.get(waiting, headers=HTMX).text
    assert "hx-trigger" not in done
    assert "Senha &lt;b&gt;ruim&lt;/b&gt;" in done


def test_waiting_ends(admin, account_id, url, clock):
    post(admin, url, fields())
    waiting = post(admin, f"{url}/ler").location.partition("#")[0]
    clock.seconds += 600
    assert "hx-trigger" not in admin.get(waiting, headers=HTMX).text
    for odd in ("99999999999", "-1", "abc", "٣", "9999999999"):
        assert admin.get(f"{url}?desde={odd}").status_code == 200


@pytest.fixture
def clock(monkeypatch):
    """The views' clock, which a test may push on."""
    from datetime import timedelta

    real = views.clock.now

    class Clock:
        seconds = 0

    held = Clock()
    monkeypatch.setattr(views.clock, "now", lambda: real() + timedelta(seconds=held.seconds))
    return held


def test_without_a_mailbox_there_is_nothing_to_read(admin, url, woken):
    assert post(admin, f"{url}/ler").status_code == 409
    assert woken == []


def bounced(app, account_id, **changes):
    with app.app_context():
        title = factories.create_receivable()
        message = factories.create_message(
            receivable=title, smtp_account_id=account_id, state=State.BOUNCED, cause="bounced",
            reason="O endereço do destinatário não existe.", reply="550 5.1.1 no such user",
        )  # fmt: skip
        values = {
            "smtp_account_id": account_id,
            "message_id": message.id,
            "notification_id": "<1@mx>",
            "recipient": "maria@cliente.example",
            "action": "failed",
            "status": "5.1.1",
            "diagnostic": "550 <script>alert(1)</script>",
            "received_at": NOON,
        }
        db.session.add(Bounce(**{**values, **changes}))
        db.session.add(
            Bounce(**{**values, "message_id": None, "notification_id": "<2@mx>",
                      "action": "delayed", "status": "4.4.1"})
        )  # fmt: skip
        title.client.bounced_at, title.client.bounce_reason = NOON, "maria@x.example: <b>sumiu</b>"
        db.session.commit()
        return message.id, title.client_id


def test_what_came_back_is_listed_with_its_reason(app, reader, account_id, url):
    message_id, client_id = bounced(app, account_id)
    answer = reader.get(url)
    text = words(answer)
    for piece in (
        "Devolvido",
        "Atrasado",
        "maria@cliente.example",
        "24/11/2026",
        "não identificado",
    ):
        assert piece in text
    assert "O endereço do destinatário não existe." in text
    assert "<script>alert" not in answer.text
    assert links(answer)["Ver e-mail a maria@cliente.example"] == f"/sistema/log-email/{message_id}"
    assert f"/clientes/{client_id}" in answer.text


def test_the_clients_pages_say_that_an_e_mail_came_back(app, admin, reader, account_id):
    _, client_id = bounced(app, account_id)
    for page in ("", "/contratos", "/financeiro", "/emails-enviados"):
        answer = admin.get(f"/clientes/{client_id}{page}")
        assert "E-mail devolvido em 24/11/2026" in words(answer)
        assert "<b>sumiu" not in answer.text
    assert "Corrigir o e-mail" in words(admin.get(f"/clientes/{client_id}"))
    assert "Corrigir o e-mail" not in words(reader.get(f"/clientes/{client_id}"))


def test_the_message_says_why_it_came_back_and_can_be_sent_again(app, finance, account_id):
    message_id, _ = bounced(app, account_id)
    text = words(finance.get(f"/sistema/log-email/{message_id}"))
    assert "Devolvido · aceita, depois devolvida" in text
    assert "O endereço do destinatário não existe." in text
    assert "Confirme o e-mail com o cliente, corrija o cadastro" in text
    assert post(finance, f"/sistema/log-email/{message_id}/reenviar").status_code == 303


def test_readers_see_and_change_nothing(app, reader, account_id, url):
    html = reader.get(url).text
    assert ">Salvar<" not in html
    assert post(reader, url, fields()).status_code == 403
    assert post(reader, f"{url}/ler").status_code == 403
    assert stored(app, account_id).version == 1


def test_unknown_accounts_are_404(admin):
    assert admin.get("/configuracoes/smtp/99/devolucoes").status_code == 404
    assert post(admin, "/configuracoes/smtp/99/devolucoes", fields()).status_code == 404
    assert post(admin, "/configuracoes/smtp/99/devolucoes/ler").status_code == 404
