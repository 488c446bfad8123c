"""Steps 3 and 4: confirm once, follow until all ended."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.core.db import db
from portal.core.errors import PortalError
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation import service, views
from portal.generation.models import Generation, GenerationState
from portal.receivables.models import Receivable
from portal.smtp.models import AccountState, SmtpAccount
from tests.factories import NOON, create_contract, create_settings, create_wallet
from tests.generation_screens.worlds import MONTH, everyone
from tests.support.forms import post
from tests.support.pages import hidden, links, words

SIMULATE = f"/financeiro/gerar/simular?{MONTH}"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def base(app):
    with app.app_context():
        everyone()


@pytest.fixture
def woken(monkeypatch):
    """The runs for which a worker was woken; the queue answers."""
    runs = []
    monkeypatch.setattr(views.service, "start", lambda number: runs.append(number) or True)
    return runs


def confirm(browser, url=SIMULATE):
    """Press the button of a fresh simulation; the answer to the POST."""
    return post(browser, "/financeiro/gerar", hidden(browser.get(url)))


def carry_out(app, number=1):
    """What a worker does."""
    with app.app_context():
        service.run(number, NOON)


def set_states(app, *states):
    with app.app_context():
        found = db.session.scalars(select(EmailMessage).order_by(EmailMessage.id)).all()
        for message, state in zip(found, states, strict=True):
            message.state = state
        db.session.commit()


def test_the_button_asks_for_one_run_and_leads_to_it(app, finance, base, woken):
    answer = confirm(finance)
    assert (answer.status_code, answer.location) == (303, "/financeiro/gerar/1")
    assert woken == [1]
    with app.app_context():
        run = db.session.get_one(Generation, 1)
        assert (run.state, run.requested_by) == (GenerationState.QUEUED, "Bruno Lima")
        assert f"{run.competence} {run.today}" == "2026-12-01 2026-11-24"


def test_double_click_reload_and_back_are_one_run(app, finance, base, woken):
    fields = hidden(finance.get(SIMULATE))
    first = post(finance, "/financeiro/gerar", fields)
    second = post(finance, "/financeiro/gerar", fields)
    carry_out(app)
    third = post(finance, "/financeiro/gerar", fields)
    assert first.location == second.location == third.location
    with app.app_context():
        assert db.session.scalar(select(func.count(Generation.id))) == 1
        assert db.session.scalar(select(func.count(Receivable.id))) == 7
    assert woken == [1, 1]  # the run that ended wakes nobody


def test_the_second_person_is_told_that_nothing_was_left(app, finance, admin, base, woken):
    late = hidden(admin.get(SIMULATE))  # seen before the first one generated
    confirm(finance)
    carry_out(app)
    answer = post(admin, "/financeiro/gerar", late)
    carry_out(app, 2)
    page = words(admin.get(answer.location))
    assert "Dezembro/2026 já estava gerado: 0 títulos novos, nenhum e-mail repetido." in page
    assert "por Bruno Lima: geração nº 1" in page
    with app.app_context():
        assert db.session.scalar(select(func.count(Receivable.id))) == 7


def test_a_month_that_is_done_offers_no_button(app, finance, base, woken):
    confirm(finance)
    carry_out(app)
    answer = finance.get(SIMULATE)
    assert "Dezembro/2026 já foi gerado: nada novo a gerar." in words(answer)
    assert 'name="chave"' not in answer.text


def test_a_run_that_waits_is_named_to_whom_simulates(finance, admin, base, woken):
    confirm(finance)
    page = words(admin.get(SIMULATE))
    assert "Já há uma geração de dezembro/2026 na fila, pedida agora por Bruno Lima" in page


@pytest.mark.parametrize("key", ["", "x" * 32, "0" * 31, "0" * 65])
def test_a_form_without_a_good_key_generates_nothing(app, finance, base, woken, key):
    fields = hidden(finance.get(SIMULATE)) | {"chave": key}
    answer = post(finance, "/financeiro/gerar", fields)
    assert answer.status_code == 422
    assert "Simule de novo." in words(answer)
    with app.app_context():
        assert db.session.scalar(select(func.count(Generation.id))) == 0
    assert woken == []


def test_an_empty_pilot_never_means_everybody(app, finance, base, woken):
    fields = hidden(finance.get(SIMULATE)) | {"quem": "piloto", "clientes": ""}
    assert post(finance, "/financeiro/gerar", fields).status_code == 422
    assert woken == []


def test_who_only_reads_may_not_generate(app, reader, admin, base, woken):
    fields = hidden(admin.get(SIMULATE))
    assert post(reader, "/financeiro/gerar", fields).status_code == 403
    with app.app_context():
        assert db.session.scalar(select(func.count(Generation.id))) == 0


def test_without_a_queue_the_run_is_kept_and_the_page_says_so(app, finance, base):
    page = words(finance.get(confirm(finance).location))  # nothing listens where Redis should be
    assert "A fila está fora do ar: a geração fica guardada" in page
    with app.app_context():
        assert db.session.get_one(Generation, 1).state == GenerationState.QUEUED


def test_a_run_that_nobody_takes_says_so_after_five_seconds(finance, base, woken, at_noon):
    url = confirm(finance).location
    assert "ainda não respondeu" not in words(finance.get(url))
    at_noon.shift(timedelta(seconds=6))
    assert "Na fila: o processo de envio ainda não respondeu." in words(finance.get(url))


def test_the_results_add_up_and_each_number_leads_to_its_rows(app, finance, base, woken):
    url = confirm(finance).location
    carry_out(app)
    answer = finance.get(url)
    page = words(answer)
    assert "9 contratos = 7 com título + 2 sem título" in page
    assert "7 títulos = 3 por e-mail + 1 impresso + 3 não enviados" in page
    assert "3 títulos saem em 2 e-mails" in page
    assert "Soma R$ 839,30" in page
    found = links(answer)
    assert "7 títulos" in words(finance.get(found["7 títulos"]))
    assert "3 títulos" in words(finance.get(found["3 por e-mail"]))
    assert "1 título" in words(finance.get(found["1 impresso"]))
    assert "2 títulos" in words(finance.get(found["Cliente sem e-mail válido"]))
    for link in found.values():
        assert finance.get(link).status_code == 200, link


def test_each_state_leads_into_the_log_of_this_run(app, finance, base, woken):
    confirm(finance)
    carry_out(app)
    set_states(app, State.SENT, State.FAILED)
    found = links(finance.get("/financeiro/gerar/1"))
    assert found["✓ Enviado · 1"] == "/sistema/log-email?geracao=1&estado=sent"
    assert found["✕ Falhou · 1"] == "/sistema/log-email?geracao=1&estado=failed"
    assert found["? Incerto · 0"] == "/sistema/log-email?geracao=1&estado=uncertain"


def trigger(answer):
    """The seconds of the fragment's next look, or none."""
    text = answer.get_data(as_text=True)
    return text.split('hx-trigger="every ')[1].split('"')[0] if "hx-trigger=" in text else None


def fragment(browser):
    return browser.get("/financeiro/gerar/1", headers=PART)


def test_the_page_looks_again_only_while_something_moves(app, finance, base, woken):
    confirm(finance)
    assert trigger(fragment(finance)) == "2s"
    carry_out(app)
    assert trigger(fragment(finance)) == "2s"
    set_states(app, State.SENT, State.UNCERTAIN)
    assert trigger(fragment(finance)) is None


def test_while_an_account_is_paused_the_page_looks_seldom_and_says_why(app, finance, base, woken):
    confirm(finance)
    carry_out(app)
    with app.app_context():
        account = db.session.scalars(select(SmtpAccount)).one()
        account.state, account.pause_reason = AccountState.PAUSED, "Senha recusada"
        db.session.commit()
    answer = fragment(finance)
    assert trigger(answer) == "30s"
    assert "Conta Financeiro pausada: Senha recusada." in words(answer)


def test_htmx_gets_the_part_that_moves_and_hears_only_news(app, finance, base, woken):
    confirm(finance)
    carry_out(app)
    answer = fragment(finance)
    assert "<html" not in answer.text
    assert "7 títulos gerados. Enviando os e-mails." in answer.text
    again = finance.get(
        "/financeiro/gerar/1?ouvido=7 títulos gerados. Enviando os e-mails.", headers=PART
    )
    assert "hx-swap-oob" not in again.text


def test_a_run_that_failed_says_why_and_leads_back_to_the_same_choice(app, finance, woken):
    with app.app_context():
        create_settings()
        create_contract(wallet=create_wallet(name="Itaú"))
    confirm(finance, SIMULATE + "&quem=carteira&carteira=Itaú".replace("&quem=todos", ""))
    with app.app_context():
        run = db.session.get_one(Generation, 1)
        run.parameters = {"wallet_name": "Itaú que sumiu", "contract_codes": [], "limit": None}
        db.session.commit()
        with pytest.raises(PortalError):
            service.run(1, NOON)
    answer = finance.get("/financeiro/gerar/1")
    assert "A geração falhou e nada foi gravado. Carteira “Itaú que sumiu” não existe." in words(
        answer
    )
    assert links(answer)["simule de novo"] == (
        "/financeiro/gerar?competencia=2026-12&parcelas=1&quem=carteira"
        "&carteira=Ita%C3%BA+que+sumiu"
    )
    assert trigger(fragment(finance)) is None


def test_the_last_runs_are_listed_with_what_came_of_them(app, finance, base, woken):
    confirm(finance)
    carry_out(app)
    answer = finance.get("/financeiro/gerar")
    assert "nº 1 12:00 Bruno Lima dez/2026 toda a base ✓ Concluída 7 R$ 839,30 2" in words(answer)


def test_a_run_that_does_not_exist_is_not_found(finance):
    assert finance.get("/financeiro/gerar/99").status_code == 404
