"""Gerar financeiro and the checklist, where a browser must play along."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from portal.core.clock import now
from portal.core.db import db
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.generation import service
from portal.generation.models import Generation
from tests.factories import create_contract, create_settings
from tests.support.browser import sign_in

MONTH = "2031-05"  # no other test generates it


@pytest.fixture
def contract(live):
    """The code of a contract of its own, in a portal that sends by e-mail."""
    with live.app.app_context():
        create_settings()
        code = create_contract().code
        db.session.remove()
    return code


def follow(page, live, code):
    """Generate for the contract; the number of the run whose page is open."""
    page.goto(
        f"{live.url}/financeiro/gerar/simular?competencia={MONTH}&quem=contrato&contrato={code}"
    )
    page.get_by_role("button", name="Gerar 1 título e enviar 1 e-mail").dblclick()
    page.wait_for_url(re.compile(r"/financeiro/gerar/\d+$"))
    return int(page.url.rsplit("/", 1)[1])


def test_the_fields_of_a_choice_show_when_it_is_chosen(page, live, contract):
    sign_in(page, live)
    page.goto(f"{live.url}/financeiro/gerar")
    field = page.get_by_label("Contrato", exact=True)
    expect(field).to_be_hidden()
    page.get_by_label("Um contrato").check()
    page.get_by_role("button", name=re.compile("^Lupa")).click()
    page.get_by_label("Código do contrato, nome ou código do cliente").fill(contract)
    page.get_by_role("button", name=re.compile(rf"^{contract} ")).click()
    expect(field).to_have_value(contract)
    page.get_by_role("button", name="Simular").click()
    expect(page.get_by_text("1 contrato = 1 com título")).to_be_visible()


def test_a_double_click_generates_once_and_the_page_follows_without_reload(page, live, contract):
    sign_in(page, live)
    number = follow(page, live, contract)
    titles = page.get_by_role("heading", name=re.compile("^Títulos"))
    expect(titles).to_contain_text("Na fila")
    page.evaluate("window.sameDocument = true")
    with live.app.app_context():
        assert len(list(db.session.scalars(runs_of(contract)))) == 1
        service.run(number, now())
        db.session.remove()
    expect(titles).to_contain_text("Concluída")
    expect(page.get_by_role("link", name="Na fila · 1")).to_be_visible()
    with live.app.app_context():
        of_run = update(EmailMessage).where(EmailMessage.generation_id == number)
        db.session.execute(of_run.values(state=State.SENT))
        db.session.commit()
        db.session.remove()
    expect(page.get_by_role("link", name="Enviado · 1")).to_be_visible()
    assert page.evaluate("window.sameDocument")


def runs_of(code):
    runs = select(Generation).where(Generation.parameters.is_not(None))
    with_code = [
        run.id
        for run in db.session.scalars(runs)
        if code in run.parameters.get("contract_codes", ())
    ]
    return select(Generation.id).where(Generation.id.in_(with_code))


def test_once_all_ended_the_page_asks_no_more(page, live, contract):
    sign_in(page, live)
    number = follow(page, live, contract)
    with live.app.app_context():
        service.run(number, now())
        of_run = update(EmailMessage).where(EmailMessage.generation_id == number)
        db.session.execute(of_run.values(state=State.SENT))
        db.session.commit()
        db.session.remove()
    expect(page.get_by_role("link", name="Enviado · 1")).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []


def test_the_checklist_counts_next_month_after_it_is_shown(page, live, contract):
    sign_in(page, live)
    page.goto(f"{live.url}/checklist")
    preview = page.locator("#previa")
    expect(preview).to_contain_text(re.compile("Se você gerasse|já foi gerado"))
    preview.get_by_role("link", name="Simular geração").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gerar")
