"""Início: what needs a person, today in numbers, and what an empty portal shows."""

from datetime import timedelta

import pytest

from portal.core import audit
from portal.core.db import db
from portal.deliveries.models import QuotaUse
from portal.deliveries.states import Kind, State
from portal.generation.models import Generation, GenerationState
from portal.smtp.models import SmtpAccount
from tests.dashboard.making import add_messages, listed
from tests.factories import (
    NOON,
    TODAY,
    create_contract,
    create_receivable,
)
from tests.support.counting import plans, statements
from tests.support.pages import links, words


def test_an_empty_portal_shows_how_to_set_it_up(admin):
    answer = admin.get("/")
    page = words(answer)
    assert "Comece por aqui" in page
    assert "Ainda não há contratos." in page
    assert "Servidor para vários boletos" in page
    assert links(answer)["Importar clientes"] == "/clientes/importar"
    for url in links(answer).values():
        assert admin.get(url).status_code == 200, url


def test_a_reader_is_offered_no_import(reader):
    assert "Importar clientes" not in links(reader.get("/"))


def test_a_paused_account_comes_first_with_reason_queue_and_link(app, admin, account):
    with app.app_context():
        row = db.session.get_one(SmtpAccount, account)
        row.state, row.pause_reason = "paused", "Senha recusada"
        add_messages(2, account)
    answer = admin.get("/")
    assert "Conta Financeiro pausada: Senha recusada. 2 e-mails esperam." in words(answer)
    assert links(answer)["Corrigir e retomar"] == f"/configuracoes/smtp/{account}"


def test_an_account_that_rests_goes_on_by_itself(app, admin, account):
    with app.app_context():
        row = db.session.get_one(SmtpAccount, account)
        row.hold_until, row.hold_reason = NOON + timedelta(minutes=30), "Limite do provedor"
        db.session.commit()
    page = words(admin.get("/"))
    assert "Conta Financeiro em espera até 12:30: Limite do provedor. Continua sozinha" in page


def test_failures_are_grouped_by_cause_and_lead_to_them(app, admin, account):
    with app.app_context():
        add_messages(3, account, state=State.FAILED, cause="mailbox_not_found")
        add_messages(1, account, state=State.FAILED, cause="wrong_password")
        add_messages(1, account, state=State.FAILED, cause="wrong_password", kind=Kind.TEST)
        old = NOON - timedelta(days=31)
        add_messages(1, account, state=State.FAILED, cause="quota", created_at=old)
    answer = admin.get("/")
    page = words(answer)
    assert "3 e-mails falharam: caixa inexistente." in page
    assert "1 e-mail falhou: senha recusada." in page
    assert "limite do provedor" not in page
    assert "Confirme o e-mail com o cliente e corrija o cadastro." in page  # the cure
    found = links(answer)
    assert found["Ver : caixa inexistente"] == (
        "/sistema/log-email?estado=failed&causa=mailbox_not_found&periodo=30"
    )
    confirm = admin.get(found["Reenviar os 3 : caixa inexistente"])
    assert "3 e-mails. Filtros: estado Falhou; causa caixa inexistente; período 30 dias." in words(
        confirm
    )


def test_a_failed_test_does_not_swell_the_list_of_a_cause(app, admin, account):
    with app.app_context():
        add_messages(2, account, state=State.FAILED, cause="quota")
        add_messages(1, account, state=State.FAILED, cause="quota", kind=Kind.TEST)
    answer = admin.get("/")
    assert "2 e-mails falharam: limite do provedor." in words(answer)
    assert len(listed(admin, links(answer)["Ver : limite do provedor"])) == 2
    assert len(listed(admin, links(answer)["✕ 3 limite do provedor"])) == 3  # today, in the log


def test_the_last_reply_of_a_cause_is_one_click_away(app, admin, account):
    with app.app_context():
        reply = "550 5.1.1 <b>unknown"
        add_messages(1, account, state=State.FAILED, cause="mailbox_not_found", reply="550 old")
        add_messages(1, account, state=State.FAILED, cause="mailbox_not_found", reply=reply)
    page = admin.get("/").text
    assert "Última resposta do servidor" in page
    assert "550 5.1.1 &lt;b&gt;unknown" in page
    assert "550 old" not in page


def test_what_a_person_holds_back_is_named_with_the_way_to_let_it_go(app, admin, reader, account):
    with app.app_context():
        held = {"cause": "held", "reason": "Pausado por Ana Souza.", "next_attempt_at": None}
        db.session.add(run())
        db.session.commit()
        add_messages(2, account, generation_id=1, **held)
    answer = admin.get("/")
    assert "Pausado por Ana Souza. 2 e-mails da geração nº 1 esperam até alguém retomar." in words(
        answer
    )
    assert "Retomar os 2 pausados" in words(admin.get(links(answer)["Retomar"]))
    assert "Retomar" not in links(reader.get("/"))


def test_uncertain_messages_wait_for_a_decision(app, admin, account):
    with app.app_context():
        add_messages(2, account, state=State.UNCERTAIN)
    answer = admin.get("/")
    assert "2 e-mails incertos: o servidor não confirmou, pode ter chegado." in words(answer)
    assert links(answer)["Decidir"] == "/sistema/log-email?estado=uncertain"


def test_a_requirement_that_broke_and_a_queue_that_is_away_are_told(app, admin):
    with app.app_context():
        create_contract()
    page = words(admin.get("/"))  # nothing listens where Redis should be
    assert "A fila (Redis) não responde" in page
    assert "itens do checklist faltam para o envio automático." in page


def test_a_run_that_failed_today_is_named(app, admin, account):
    with app.app_context():
        db.session.add(run(state=GenerationState.FAILED, error="Carteira sem números."))
        db.session.commit()
    page = words(admin.get("/"))
    assert "A geração nº 1 de dez/2026 falhou há 1 h: Carteira sem números." in page


def run(**values):
    defaults = {
        "request_key": "0" * 32,
        "requested_by": "Ana",
        "created_at": NOON - timedelta(hours=1),
        "competence": TODAY.replace(month=12, day=1),
        "today": TODAY,
        "state": GenerationState.DONE,
    }
    return Generation(**{**defaults, **values})


def test_the_day_in_numbers_and_each_number_is_its_list(app, admin, account):
    with app.app_context():
        db.session.add(run(receivables=47))
        yesterday = NOON - timedelta(days=1)
        add_messages(4, account, state=State.SENT)
        add_messages(9, account, state=State.SENT, created_at=yesterday)
        add_messages(1, account, state=State.QUEUED)
        add_messages(1, account, state=State.QUEUED, created_at=yesterday)
        add_messages(1, account, state=State.FAILED)
        add_messages(1, account, state=State.UNCERTAIN, created_at=yesterday)
        db.session.add_all(
            QuotaUse(smtp_account_id=account, used_at=NOON - timedelta(minutes=minutes))
            for minutes in (5, 59, 61, 60 * 24 + 1)
        )
        db.session.commit()
    answer = admin.get("/")
    page = words(answer)
    for figure in (
        "Títulos gerados 47 hoje",
        "Enviados 4 dos pedidos hoje",
        "Na fila 2 esperam a vez",
        "Falharam 1 dos pedidos hoje",
        "Incertos 1 esperam decisão",
        "2/200 nesta hora",
        "3/2.000 em 24 horas",
    ):
        assert figure in page
    found = links(answer)
    for figure, count in (
        ("Enviados 4 dos pedidos hoje", 4),
        ("Na fila 2 esperam a vez", 2),
        ("Falharam 1 dos pedidos hoje", 1),
        ("Incertos 1 esperam decisão", 1),
    ):
        assert len(listed(admin, found[figure])) == count, figure
    oldest = found["O mais antigo na fila espera há 1 dia"]
    assert "Na fila" in words(admin.get(oldest))


def test_titles_of_several_runs_are_told_run_by_run(app, admin, account):
    with app.app_context():
        db.session.add_all(
            [run(receivables=2), run(request_key="1" * 32, receivables=1, created_at=NOON)]
        )
        db.session.commit()
        for run_id in (1, 1, 2):
            create_receivable(generation_id=run_id)
    answer = admin.get("/")
    assert "Títulos gerados 3 em 2 gerações" in words(answer)
    assert len(listed(admin, links(answer)["2 títulos da geração nº 1"])) == 2
    assert len(listed(admin, links(answer)["1 título da geração nº 2"])) == 1


def test_what_changed_since_the_last_run_is_told_with_what_is_missing(app, admin, account):
    with app.app_context():
        db.session.add(run())
        changes = {"email_on_generation": [True, False], "name": ["a", "b"]}
        for at, summary in (
            (NOON - timedelta(hours=2), "antes"),
            (NOON, "Carteira “Itaú” alterada"),
        ):
            audit.record(None, "wallets.change", "wallet", 1, at, summary=summary, changes=changes)
        audit.record(None, "wallets.change", "wallet", 1, NOON, changes={"name": ["a", "b"]})
        db.session.get_one(SmtpAccount, account).body = ""
        db.session.commit()
    page = words(admin.get("/"))
    assert "1 item do checklist falta para o envio automático." in page or "itens" in page
    assert "Mudou depois da última geração: Carteira “Itaú” alterada — " in page
    assert "Sim → Não (agora, por linha de comando)." in page
    assert "antes" not in page


def test_the_page_asks_little_of_the_database(app, admin, account):
    with app.app_context():
        add_messages(3, account, state=State.FAILED, cause="quota")
        add_messages(3, account, state=State.UNCERTAIN)
    with statements(app) as sent:
        assert admin.get("/").status_code == 200
    assert len(sent) <= 24


def test_the_page_never_reads_the_whole_log(app, admin, account):
    with app.app_context():
        if db.engine.dialect.name != "sqlite":
            pytest.skip("the plans of PostgreSQL depend on what it knows of the rows")
        add_messages(3, account, state=State.SENT)
    with plans(app) as found:
        admin.get("/")
    assert [line for line in found if "email_messages" in line]
    for table in ("email_messages", "delivery_attempts", "quota_uses", "receivables"):
        assert not [line for line in found if line.startswith(f"SCAN {table}")]
