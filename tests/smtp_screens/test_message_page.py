"""Aba Mensagem: saving, refusing, previewing."""

import pytest

from portal.core.db import db
from portal.smtp import preview, variables
from portal.smtp.message_rules import NEUTRAL_BODY, NEUTRAL_SUBJECT
from portal.smtp.models import SmtpAccount
from tests.factories import create_account
from tests.support.forms import post

URL = "/configuracoes/smtp/1/mensagem"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture(autouse=True)
def account(app, monkeypatch):
    # Whatever rooms above put here: these tests speak of this room alone.
    monkeypatch.setattr(preview, "FACTS", preview.sample_facts)
    monkeypatch.setattr(preview, "CLIENT_LOOKUP", None)
    with app.app_context():
        create_account()


def fields(**changes):
    return {"version": "1", "subject": "Boleto de #cliente_nome#", "body": "Olá"} | changes


def stored(app):
    with app.app_context():
        return db.session.get(SmtpAccount, 1)


def test_the_page_has_the_advice_of_the_manual_and_every_variable(admin):
    html = admin.get(URL).text
    assert "recomenda-se configurar uma mensagem neutra" in html
    assert "tanto para comunicações antes quanto após o vencimento" in html
    assert "Dica:" in html
    for item in variables.CATALOGUE:
        assert f'data-insert="{item.token}"' in html
        assert item.label in html
    for group, _ in variables.grouped():
        assert f">{group}</h3>" in html


def test_a_message_is_saved(app, admin):
    assert post(admin, URL, fields()).status_code == 303
    assert (stored(app).subject, stored(app).body) == ("Boleto de #cliente_nome#", "Olá")


def test_an_unknown_variable_is_refused_with_place_and_nearest_name(app, admin):
    body = "Olá\n  #clinte_nome# e #boleto_valr#"
    answer = post(admin, URL, fields(body=body))
    assert answer.status_code == 422
    assert "Linha 2, coluna 3: #clinte_nome# não existe." in answer.text
    assert "Você quis dizer #cliente_nome#?" in answer.text
    assert "Você quis dizer #boleto_valor#?" in answer.text
    assert stored(app).body != body
    answer = post(admin, URL, fields(subject="#empresa_nom#"))
    assert "Coluna 1: #empresa_nom# não existe." in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": ""},
        {"body": "  "},
        {"subject": "x" * 201},
        {"body": "x" * 100_001},
        {"body": "#data_hoje# " * 501},
    ],
)
def test_what_cannot_be_sent_is_refused(admin, changes):
    assert post(admin, URL, fields(**changes)).status_code == 422


def test_template_languages_are_literal_text(admin):
    body = "{{7*7}} {% for x in y %} {0.__class__} %s ${x}"
    post(admin, URL, fields(body=body))
    shown = post(admin, URL + "/previa", fields(body=body), headers=HTMX).text
    assert "{{7*7}} {% for x in y %} {0.__class__} %s ${x}" in shown


def test_five_megabytes_are_refused(admin):
    assert post(admin, URL, fields(body="x" * 5_000_000)).status_code == 413


def test_an_account_without_message_is_offered_a_neutral_one(app, admin):
    with app.app_context():
        account = db.session.get(SmtpAccount, 1)
        account.subject = account.body = ""
        db.session.commit()
    html = admin.get(URL).text
    assert "sugestão neutra" in html
    assert NEUTRAL_SUBJECT in html
    assert post(admin, URL, fields(subject=NEUTRAL_SUBJECT, body=NEUTRAL_BODY)).status_code == 303


def test_the_neutral_message_reads_well_before_and_after_the_due_date(app):
    with app.test_request_context():
        for overdue, word in ((False, "vence em"), (True, "venceu em")):
            shown = preview.preview(NEUTRAL_SUBJECT, NEUTRAL_BODY, None, overdue=overdue)
            assert word in shown.text
            assert "#" not in shown.text + shown.subject


def test_the_preview_shows_unsaved_text_and_saves_nothing(app, admin):
    before = stored(app).body
    data = fields(
        subject="Oi #cliente_primeiro_nome#", body="Vale #boleto_valor#: #boleto_situacao#"
    )
    html = post(admin, URL + "/previa", data, headers=HTMX).text
    assert "<html" not in html
    assert "Oi Maria" in html
    assert "vence em" in html
    overdue = post(admin, URL + "/previa", {**data, "vencido": "1"}, headers=HTMX).text
    assert "venceu em" in overdue
    assert stored(app).body == before


def test_the_preview_names_unknown_variables(admin):
    html = post(admin, URL + "/previa", fields(body="a #clinte_nome#"), headers=HTMX).text
    assert "Linha 1, coluna 3: #clinte_nome# não existe." in html


def test_without_javascript_the_preview_is_a_whole_page_with_the_unsaved_text(admin):
    html = post(admin, URL + "/previa", fields(body="Só prévia")).text
    assert "<html" in html
    assert html.count("Só prévia") == 2  # in the field and in the preview


def frame_address(html):
    return html.split('src="')[1].split('"')[0].replace("&amp;", "&")


def test_html_is_shown_in_a_sandboxed_frame_with_its_own_strict_policy(admin):
    data = fields(body="<p>Oi <b>#cliente_nome#</b></p>", formato="html")
    html = post(admin, URL + "/previa", data, headers=HTMX).text
    assert '<iframe class="preview-frame" sandbox' in html
    frame = admin.get(frame_address(html))
    assert "<b>Maria da Silva</b>" in frame.text
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "style-src 'unsafe-inline'" in policy
    assert "img-src data:" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "sandbox" in policy
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_hostile_markup_is_cleaned_in_the_frame(admin):
    body = (
        '<p>x</p><script>alert(1)</script><img src=x onerror=alert(1)><a href="javascript:x">y</a>'
    )
    html = post(admin, URL + "/previa", fields(body=body, formato="html"), headers=HTMX).text
    assert "<script>alert" not in html
    shown = admin.get(frame_address(html)).text
    for bad in ("<script", "onerror", "javascript:", "<img"):
        assert bad not in shown


def test_a_forged_draft_shows_the_saved_message(admin):
    forged = admin.get(URL + "/previa.html?rascunho=WyJ4IiwieSJd.forjado").text
    assert "Rede Exemplo LTDA" in forged


def test_a_draft_too_long_for_an_address_falls_back_to_the_saved_message(admin):
    words = " ".join(str(number * 7919) for number in range(3000))
    html = post(admin, URL + "/previa", fields(body=words, formato="html"), headers=HTMX).text
    assert "última versão salva" in html
    assert len(frame_address(html)) < 300


def test_a_room_above_may_offer_real_clients(app, admin, monkeypatch):
    asked = []

    def facts(client_id, overdue):
        asked.append((client_id, overdue))
        return preview.sample_facts(client_id, overdue)

    monkeypatch.setattr(preview, "FACTS", facts)
    monkeypatch.setattr(preview, "CLIENT_LOOKUP", lambda: "/procura-de-clientes")
    assert "/procura-de-clientes" in admin.get(URL).text
    post(admin, URL + "/previa", fields(client_id="12", vencido="1"), headers=HTMX)
    assert asked[-1] == (12, True)
    post(admin, URL + "/previa", fields(client_id="abc"), headers=HTMX)
    assert asked[-1] == (None, False)


def test_readers_may_preview_but_not_save(app, reader):
    assert post(reader, URL + "/previa", fields(), headers=HTMX).status_code == 200
    assert post(reader, URL, fields()).status_code == 403
