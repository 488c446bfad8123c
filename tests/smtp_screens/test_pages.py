"""The pages of E-mail SMTP, as a browser sees them."""

from datetime import timedelta

import pytest

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.smtp import accounts, models, service
from portal.smtp.forms import HELP
from portal.smtp.models import AccountState, SmtpAccount, SmtpTest
from tests.factories import create_account
from tests.smtp_screens.fields import PASSWORD, account_fields
from tests.support.forms import post

NEW = "/configuracoes/smtp/nova"
MANUAL_FIELDS = (
    "Servidor de saída",
    "Usuário",
    "Senha",
    "Porta",
    "Requer autenticação",
    "Tipo de segurança",
    "Codificação UTF-8",
    "Forçar codificação",
    "E-mail de destino para teste",
    "Limite de e-mails por hora",
    "Limite de e-mails por dia",
)
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def woken(monkeypatch):
    jobs = []
    monkeypatch.setattr(service, "wake", lambda *job: jobs.append(job))
    return jobs


@pytest.fixture
def account_id(app):
    with app.app_context():
        return create_account(name="Financeiro", test_recipient="teste@example.com").id


def stored(app, account_id=1):
    with app.app_context():
        return db.session.get(SmtpAccount, account_id)


@pytest.mark.parametrize("page", ["nova", "1"])
def test_new_and_edit_show_the_eleven_fields_of_the_manual_with_their_help(admin, account_id, page):
    html = admin.get(f"/configuracoes/smtp/{page}").text
    for label in MANUAL_FIELDS:
        assert f">{label}" in html
    for name in ("host", "port", "security", "username", "utf8", "force_charset", "hourly_limit"):
        assert HELP[name] in html


def test_saving_a_new_account_leads_to_its_message(app, admin):
    answer = post(admin, NEW, account_fields())
    assert (answer.status_code, answer.location) == (303, "/configuracoes/smtp/1/mensagem")
    account = stored(app)
    assert (account.sender_address, account.port) == ("financeiro@example.com", 587)
    assert "Nunca testado" in admin.get("/configuracoes/smtp").text


def test_an_invalid_form_comes_back_with_422_and_every_error(admin):
    answer = post(
        admin, NEW, account_fields(host="smtp.x:25", port="abc", test_recipient="x", name="")
    )
    assert answer.status_code == 422
    assert "data-focus" in answer.text
    assert "Informe um número inteiro." in answer.text
    answer = post(admin, NEW, account_fields(host="smtp.x:25", test_recipient="x", name=""))
    assert answer.text.count('class="error"') == 3


def test_587_with_ssl_is_saved_and_warned_about(app, admin):
    post(admin, NEW, account_fields(security="ssl"))
    assert stored(app).security == "ssl"
    html = admin.get("/configuracoes/smtp/1").text
    assert "A porta 587 costuma usar TLS" in html
    assert "data-port-security" in html
    assert "data-port-warning" in html


def test_extra_fields_are_ignored(app, admin):
    post(admin, NEW, account_fields(state="paused", id="77", tested_by="eu"))
    account = stored(app)
    assert (account.state, account.tested_by) == (AccountState.ACTIVE, "")


def test_the_password_is_on_no_page_and_in_no_log(app, admin, caplog):
    caplog.set_level("DEBUG")
    answer = post(admin, NEW, account_fields(host="com espaço x"))
    assert answer.status_code == 422
    assert PASSWORD not in answer.text
    post(admin, NEW, account_fields())
    for page in ("", "/1", "/1/mensagem", "/1/limites", "/1/historico"):
        html = admin.get(f"/configuracoes/smtp{page}").text
        assert PASSWORD not in html
        assert stored(app).password not in html
    assert PASSWORD not in caplog.text


def test_an_empty_password_on_edit_keeps_it_and_the_box_removes_it(app, admin):
    post(admin, NEW, account_fields())
    url = "/configuracoes/smtp/1"
    assert "Há uma senha guardada" in admin.get(url).text
    post(admin, url, account_fields(password="", version="1", sender_name="Outra"))
    with app.app_context():
        account = db.session.get(SmtpAccount, 1)
        assert account.sender_name == "Outra"
        assert accounts.password_of(account, service.settings().keys) == PASSWORD
    without = account_fields(version="2")
    del without["password"]  # a field that is not posted at all changes nothing either
    post(admin, url, without)
    assert stored(app).password
    both = post(admin, url, account_fields(clear_password="y", version="3"))
    assert both.status_code == 422
    post(admin, url, account_fields(password="", clear_password="y", version="3"))
    assert stored(app).password == ""


def test_an_old_version_is_refused(app, admin, account_id):
    url = f"/configuracoes/smtp/{account_id}/limites"
    fields = {"hourly_limit": "10", "daily_limit": "20", "max_connections": "1"}
    assert post(admin, url, {**fields, "version": "1"}).status_code == 303
    assert post(admin, url, {**fields, "version": "1", "hourly_limit": "11"}).status_code == 409
    assert post(admin, url, {**fields, "version": "x", "hourly_limit": "11"}).status_code == 409
    assert stored(app).hourly_limit == 10


def test_limits_say_how_long_many_e_mails_take(admin, account_id):
    html = admin.get(f"/configuracoes/smtp/{account_id}/limites").text
    assert "saem em cerca de 2 h" in html
    assert "saem em cerca de 2 dias e 4 h" in html


def test_pause_with_reason_and_resume_from_the_page(app, admin, account_id):
    url = f"/configuracoes/smtp/{account_id}"
    assert post(admin, f"{url}/pausar", {"reason": ""}).status_code == 400
    assert post(admin, f"{url}/pausar", {"reason": "Manutenção"}).status_code == 303
    html = admin.get(url).text
    assert "Conta pausada" in html
    assert "Manutenção" in html
    assert "Pausada" in admin.get("/configuracoes/smtp").text
    assert post(admin, f"{url}/retomar").status_code == 303
    with app.app_context():
        named = [(event.action, event.actor_name) for event in db.session.query(AuditEvent)]
    assert named == [("smtp.pause", "Ana Souza"), ("smtp.resume", "Ana Souza")]


def test_readers_see_everything_and_change_nothing(app, reader, account_id):
    url = f"/configuracoes/smtp/{account_id}"
    for page in ("", "/mensagem", "/limites", "/historico"):
        html = reader.get(url + page).text
        assert ">Salvar<" not in html
    assert reader.get(NEW).status_code == 403
    for path in ("", "/mensagem", "/limites", "/pausar", "/retomar", "/testes"):
        assert post(reader, url + path, account_fields(version="1")).status_code == 403
    assert stored(app).version == 1


def test_changing_routes_refuse_get_and_missing_tokens(app, admin, account_id):
    url = f"/configuracoes/smtp/{account_id}"
    for path in ("/pausar", "/retomar", "/testes"):
        assert admin.get(url + path).status_code == 405
    assert admin.post(url, data=account_fields(version="1")).status_code == 400
    assert stored(app).name == "Financeiro"


def test_unknown_accounts_are_404(admin):
    for path in ("/99", "/99/mensagem", "/99/limites", "/99/historico", "/99/testes/1", "/abc"):
        assert admin.get("/configuracoes/smtp" + path).status_code == 404


def test_texts_of_people_are_escaped(app, admin):
    post(admin, NEW, account_fields(name="<script>alert(1)</script>", sender_name='"><img src=x>'))
    for path in ("", "/1", "/1/historico"):
        html = admin.get("/configuracoes/smtp" + path).text
        assert "<script>alert" not in html
        assert "<img src=x" not in html


# --- the test e-mail ------------------------------------------------------------------------------


def test_the_button_queues_a_test_and_the_fragment_polls(app, admin, account_id, woken):
    url = f"/configuracoes/smtp/{account_id}/testes"
    html = post(admin, url, {"recipient": "eu@example.com"}, headers=HTMX).text
    assert "<html" not in html
    assert 'hx-trigger="every 1s"' in html
    assert "eu@example.com" in html
    assert woken == [("jobs.smtp.run_test", 1)]
    assert 'hx-trigger="every 1s"' in admin.get(url + "/1", headers=HTMX).text


def test_without_javascript_the_button_leads_back_to_the_page(admin, account_id):
    answer = post(admin, f"/configuracoes/smtp/{account_id}/testes", {"recipient": ""})
    assert (answer.status_code, answer.location) == (303, "/configuracoes/smtp/1#teste")
    assert "Atualizar" in admin.get("/configuracoes/smtp/1").text


def finish(app, **values):
    with app.app_context():
        test = db.session.get(SmtpTest, 1)
        for name, value in values.items():
            setattr(test, name, value)
        db.session.commit()


def test_a_failure_shows_cause_cure_and_the_reply_escaped_and_stops_polling(app, admin, account_id):
    url = f"/configuracoes/smtp/{account_id}/testes"
    post(admin, url, {"recipient": "eu@example.com"}, headers=HTMX)
    step = {"stage": "login", "label": "Login", "ok": False, "detail": "Recusado.",
            "milliseconds": 64, "reply": "535 5.7.8 <b>no</b>"}  # fmt: skip
    finish(
        app,
        state=models.SmtpTestState.FAILED,
        steps=[step],
        cause="Recusado.",
        cure="Gere uma senha de app.",
    )
    html = admin.get(url + "/1", headers=HTMX).text
    assert "hx-trigger" not in html
    for piece in ("Gere uma senha de app.", "Ver a resposta completa", "&lt;b&gt;no", "64 ms"):
        assert piece in html
    assert html.count("Recusado.") == 2  # beside the step, and told to those who listen
    assert "não chegou a esta etapa" in html


def test_only_news_is_told_to_those_who_listen(app, admin, account_id):
    url = f"/configuracoes/smtp/{account_id}/testes"
    post(admin, url, {"recipient": "eu@example.com"}, headers=HTMX)
    assert "innerHTML:#avisos" in admin.get(url + "/1", headers=HTMX).text
    heard = admin.get(url + "/1?ouvido=Teste na fila.", headers=HTMX).text
    assert "innerHTML:#avisos" not in heard


def test_the_eleventh_test_of_an_hour_is_429_and_says_when(admin, account_id):
    url = f"/configuracoes/smtp/{account_id}/testes"
    for _ in range(10):
        assert post(admin, url, {"recipient": "a@example.com"}, headers=HTMX).status_code == 200
    answer = post(admin, url, {"recipient": "a@example.com"}, headers=HTMX)
    assert (answer.status_code, "O próximo é possível às" in answer.text) == (429, True)
    page = post(admin, url, {"recipient": "a@example.com"})
    assert (page.status_code, "<html" in page.text) == (429, True)


def test_a_bad_recipient_is_422_in_place(admin, account_id):
    url = f"/configuracoes/smtp/{account_id}/testes"
    answer = post(admin, url, {"recipient": "a@b.com,c@d.com"}, headers=HTMX)
    assert (answer.status_code, "E-mail inválido" in answer.text) == (422, True)


def test_nobody_took_the_test_is_said_after_five_seconds(app, admin, account_id):
    url = f"/configuracoes/smtp/{account_id}/testes"
    post(admin, url, {"recipient": "eu@example.com"}, headers=HTMX)
    assert "Nenhum worker respondeu ainda" not in admin.get(url + "/1").text
    with app.app_context():
        test = db.session.get(SmtpTest, 1)
        test.created_at -= timedelta(seconds=30)
        db.session.commit()
    assert "Nenhum worker respondeu ainda" in admin.get(url + "/1").text


def test_history_lists_tests_and_changes_with_words(app, admin):
    post(admin, NEW, account_fields())
    post(admin, "/configuracoes/smtp/1", account_fields(security="ssl", port="465", version="1"))
    post(admin, "/configuracoes/smtp/1/testes", {"recipient": "eu@example.com"})
    html = admin.get("/configuracoes/smtp/1/historico").text
    for piece in ("Na fila", "eu@example.com", "Ana Souza", "Tipo de segurança", "TLS", "SSL"):
        assert piece in html
