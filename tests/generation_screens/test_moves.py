"""A run under way: its progress, pause, resume, cancel, undo, and what goes by paper."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation import runner, service
from portal.generation.models import Generation, GenerationState
from portal.receivables.models import Receivable, ReceivableStatus
from tests.factories import NOON
from tests.generation_screens.worlds import MONTH, everyone
from tests.support.forms import post
from tests.support.pages import hidden, links, words

RUN = "/financeiro/gerar/1"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def woken(monkeypatch):
    runs = []
    monkeypatch.setattr(service, "start", lambda number: runs.append(number) or True)
    return runs


@pytest.fixture
def queued(app, finance, woken):
    """Run 1, asked for on the screen and not begun."""
    with app.app_context():
        everyone()
    fields = hidden(finance.get(f"/financeiro/gerar/simular?{MONTH}"))
    assert post(finance, "/financeiro/gerar", fields).location == RUN


@pytest.fixture
def half(app, queued):
    """Run 1 after its first chunk of three contracts."""
    with app.app_context():
        claim = runner._claim(1, NOON)
        assert runner._step(1, claim, NOON, 3)[0]


@pytest.fixture
def done(app, queued):
    with app.app_context():
        service.run(1, NOON)


def state(app):
    with app.app_context():
        return db.session.get_one(Generation, 1).state


def test_half_way_the_page_says_how_far_and_looks_again(finance, half):
    answer = finance.get(RUN, headers=PART)
    page = words(answer)
    assert "Gerando" in page
    assert "3 de 9 contratos. A página pode ser fechada" in page
    assert "3 contratos = 3 com título + 0 sem título" in page
    assert 'value="3"' in answer.text
    assert 'max="9"' in answer.text
    assert 'hx-trigger="every 2s"' in answer.text


def test_a_run_whose_process_died_says_so(finance, half, at_noon):
    assert "parou de responder" not in words(finance.get(RUN))
    at_noon.shift(2 * runner.LEASE)
    assert "O processo que gerava parou de responder" in words(finance.get(RUN))


def test_paused_it_stops_and_resumed_it_wakes_a_worker(app, finance, half, woken):
    assert "Pausar" in words(finance.get(RUN))
    assert post(finance, f"{RUN}/pausar").location == RUN
    page = words(finance.get(RUN))
    assert "Geração pausada. O que já foi gerado fica." in page
    assert "Retomar" in page
    assert "Pausar " not in page.replace("Pausar o envio", "")
    assert 'every 2s"' not in finance.get(RUN, headers=PART).text or state(app) == "paused"
    post(finance, f"{RUN}/retomar")
    assert state(app) == GenerationState.QUEUED
    assert woken == [1, 1]


def test_cancelled_the_rest_is_not_generated_and_can_be_simulated_again(app, finance, half):
    assert "Cancelar o que falta" in words(finance.get(RUN))
    post(finance, f"{RUN}/cancelar")
    page = finance.get(RUN)
    assert "Geração cancelada agora. O que já tinha sido gerado fica" in words(page)
    assert "Retomar" not in words(page)
    again = words(finance.get(f"/financeiro/gerar/simular?{MONTH}"))
    assert "9 contratos = 4 com título + 5 sem título" in again


def test_a_move_that_came_too_late_says_so_on_the_page(finance, done):
    answer = post(finance, f"{RUN}/pausar")
    assert answer.location == RUN
    assert "está concluída: não dá para pausar. Nada mudou." in words(finance.get(RUN))


@pytest.mark.parametrize("move", ["pausar", "retomar", "cancelar", "desfazer", "impressos"])
def test_who_only_reads_moves_nothing(app, reader, half, move):
    page = words(reader.get(RUN))
    assert "Pausar " not in page.replace("Pausar o envio", "")
    assert "Desfazer" not in page
    assert post(reader, f"{RUN}/{move}").status_code == 403
    assert state(app) == GenerationState.RUNNING


def test_every_number_of_the_run_leads_to_an_exact_list(finance, done):
    answer = finance.get(RUN)
    found = links(answer)
    suspended = finance.get(found["Contrato suspenso ou cancelado"])
    assert {text for text in links(suspended) if text.isdigit()} == {"1008"}
    inactive = finance.get(found["Cliente inativo"])
    assert {text for text in links(inactive) if text.isdigit()} == {"1009"}
    assert "1 contrato" in words(inactive)
    for url in found.values():
        assert finance.get(url).status_code == 200, url


def test_the_lists_of_a_second_run_name_what_the_first_one_made(app, finance, done):
    fields = {"competencia": "2026-12", "parcelas": "1", "quem": "todos", "chave": "a" * 32}
    post(finance, "/financeiro/gerar", fields)
    with app.app_context():
        service.run(2, NOON)
    second = finance.get("/financeiro/gerar/2")
    page = finance.get(links(second)["Já gerado nesta competência"])
    assert "7 contratos" in words(page)
    # The first run's own lists do not change by it.
    first = finance.get(links(finance.get(RUN))["Cliente inativo"])
    assert "1 contrato" in words(first)


def test_a_list_that_changed_since_says_so(app, finance, done):
    with app.app_context():
        from portal.contracts.models import Contract

        found = db.session.scalars(select(Contract).where(Contract.code == "1008")).one()
        found.status = "active"
        db.session.commit()
    page = words(finance.get(f"{RUN}/sem-titulo?motivo=contract_active"))
    assert "Na hora da geração eram 1; agora são 0" in page


# --- undo -----------------------------------------------------------------------------------------


def test_undoing_names_the_numbers_and_then_cancels_them(app, finance, done):
    assert links(finance.get(RUN))["Desfazer…"] == f"{RUN}/desfazer"
    page = words(finance.get(f"{RUN}/desfazer"))
    assert "Serão cancelados 7 títulos e 2 e-mails" in page
    assert "Dezembro/2026 fica livre" in page
    post(finance, f"{RUN}/desfazer")
    run = finance.get(RUN)
    assert "Geração desfeita em 24/11/2026 12:00." in words(run)
    assert "Imprimir os impressos" not in words(run)
    again = words(finance.get(links(run)["simule de novo"]))
    assert "Gerar financeiro" in again
    with app.app_context():
        statuses = set(db.session.scalars(select(Receivable.status)))
        assert statuses == {ReceivableStatus.CANCELLED}
    assert "Desfazer" not in words(finance.get(RUN))
    assert "não há o que desfazer agora" in words(finance.get(f"{RUN}/desfazer"))


def test_every_page_says_that_a_title_was_undone_and_that_its_month_is_free(app, finance, done):
    post(finance, f"{RUN}/desfazer")
    with app.app_context():
        title = db.session.scalars(select(Receivable).order_by(Receivable.id)).first()
        client_id, contract_id, title_id = title.client_id, title.contract_id, title.id
    when = "24/11/2026 12:00"
    listed = words(finance.get(f"/clientes/{client_id}/financeiro"))
    assert f"Desfeito em {when}" in listed
    assert f"em {when}" in words(finance.get(f"/financeiro/titulos/{title_id}"))
    assert "Desfeito" in words(finance.get(f"/financeiro/titulos/{title_id}/por-que"))
    page = words(finance.get(f"/contratos/{contract_id}/envio"))
    assert "dez/2026 ainda não gerado" in page
    assert f"desfeito em {when} com a geração nº 1" in page
    assert "o mês pode ser gerado de novo" in page
    simulated = words(finance.get(f"/financeiro/gerar/simular?{MONTH}"))
    assert "7 títulos" in simulated


def test_a_month_undone_and_generated_again_names_the_run_that_stands(app, finance, done, woken):
    post(finance, f"{RUN}/desfazer")
    for number, key in ((2, "b"), (3, "c")):
        fields = {"competencia": "2026-12", "parcelas": "1", "quem": "todos", "chave": key * 32}
        post(finance, "/financeiro/gerar", fields)
        with app.app_context():
            service.run(number, NOON)
    assert "7 títulos" in words(finance.get("/financeiro/gerar/2"))
    third = finance.get("/financeiro/gerar/3")
    assert "já estava gerado" in words(third)
    assert links(third)["geração nº 2"] == "/financeiro/gerar/2"


def test_what_forbids_undoing_is_named(app, finance, done):
    with app.app_context():
        db.session.scalars(select(EmailMessage)).first().state = State.SENT
        db.session.commit()
    page = words(finance.get(f"{RUN}/desfazer"))
    assert "Esta geração não pode mais ser desfeita." in page
    assert "E-mails já enviados, ou que podem ter chegado: 1" in page
    post(finance, f"{RUN}/desfazer")
    assert state(app) == GenerationState.DONE


# --- by paper -------------------------------------------------------------------------------------


def test_what_goes_by_paper_is_one_pdf_and_is_marked(finance, done, at_noon):
    page = finance.get(links(finance.get(RUN))["Imprimir os impressos (1)"])
    assert "Imprimir 1 boleto" in words(page)
    pdf = finance.get(links(page)["Abrir o PDF"])
    assert pdf.mimetype == "application/pdf"
    assert pdf.data.startswith(b"%PDF")
    post(finance, f"{RUN}/impressos")
    at_noon.shift(timedelta(hours=1))
    page = words(finance.get(f"{RUN}/impressos"))
    assert "1 boleto marcado como impresso." in page
    assert "1 de 1 já marcado: impresso em 24/11/2026 12:00" in page
    assert finance.get(f"{RUN}/impressos.pdf?parte=2").location == f"{RUN}/impressos"
