"""Corrigir em massa: looked at, confirmed with its number, done once, and nobody's work lost."""

from io import BytesIO

import pytest

from portal.clients.models import Client, EmailStatus
from portal.contracts.models import Contract
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.settings.models import DeliveryType
from tests.factories import (
    NOON,
    create_account,
    create_client,
    create_contract,
    create_settings,
    create_wallet,
)
from tests.support.forms import post
from tests.support.pages import links, words

LIST = "/checklist/base/email_delivery_type"
EMAILS = "/checklist/base/client_email/emails"
NO_EMAIL = {"emails": "", "email_status": EmailStatus.MISSING}


@pytest.fixture
def printed(app):
    """Sixty contracts that are Impresso by their own choice, two of clients without e-mail."""
    with app.app_context():
        create_settings(create_account())
        wallet = create_wallet(name="Itaú 109")
        for number in range(60):
            client = create_client(**NO_EMAIL) if number < 2 else create_client()
            create_contract(
                wallet=wallet, client=client, delivery_type=DeliveryType.PRINTED, code=f"K{number}"
            )


def kinds(app):
    with app.app_context():
        return [kind for (kind,) in db.session.query(Contract.delivery_type).all()]


def events(app, entity):
    with app.app_context():
        query = db.session.query(AuditEvent).filter_by(entity=entity).order_by(AuditEvent.id)
        return [(event.entity_id, event.summary, event.changes) for event in query]


def test_all_of_a_list_is_looked_at_then_changed_once(app, admin, printed):
    answer = post(admin, f"{LIST}/corrigir", {"mudar": "tipo", "tipo": "email", "todos": "1"})
    page = admin.get(answer.location)
    text = words(page)
    assert "Tipo de Envio de Cobrança: E-mail" in text
    assert "60 contratos mudam. Títulos já gerados ficam como estão. Nada foi gravado" in text
    assert "O que muda: os primeiros 10 de 60" in text
    assert "K59" in text
    assert "Impresso E-mail" in text
    assert (
        "58 contratos desta escolha receberiam e-mail; não: Cliente sem e-mail válido (2)" in text
    )
    assert "Mudar 60 contratos" in text
    assert kinds(app) == [DeliveryType.PRINTED] * 60  # looking changes nothing
    for _ in range(2):  # a double click
        assert post(admin, answer.location).location == answer.location
        assert "60 contratos mudaram." in words(admin.get(answer.location))
    assert kinds(app) == [DeliveryType.EMAIL] * 60
    *each, whole = events(app, "contract")
    assert len(each) == 60
    assert each[0][2] == {"delivery_type": ["printed", "email"]}
    assert whole == (
        None,
        "Em massa, contratos: 60; Tipo de Envio de Cobrança: E-mail. Lista Tipo de envio Impresso.",
        {},
    )


def test_only_the_ticked_ones_change_and_strangers_to_the_list_are_told(app, admin, printed):
    with app.app_context():
        other = create_contract(delivery_type=DeliveryType.EMAIL).id
    chosen = {"mudar": "tipo", "tipo": "inherit", "contrato": ["1", "2", str(other), "x"]}
    answer = post(admin, f"{LIST}/corrigir?q=maria", chosen)
    text = words(admin.get(answer.location))
    assert "2 contratos mudam." in text
    assert "1 contrato fora desta lista agora: não muda." in text
    post(admin, answer.location)
    assert kinds(app).count(None) == 2
    assert events(app, "contract")[-1][1].endswith("busca “maria”, só os marcados.")


def test_what_someone_saved_meanwhile_is_left_alone_and_told(app, admin, printed):
    answer = post(admin, f"{LIST}/corrigir", {"mudar": "tipo", "tipo": "email", "todos": "1"})
    with app.app_context():
        contract = db.session.query(Contract).filter_by(code="K7").one()
        contract.plan, contract.version = "FIBRA 500M", contract.version + 1
        db.session.commit()
    post(admin, answer.location)
    text = words(admin.get(answer.location))
    assert "59 contratos mudaram." in text
    assert (
        "1 contrato ficou como estava: alguém salvou o cadastro depois que você conferiu." in text
    )
    assert "K7 ." in text
    with app.app_context():
        kept = db.session.query(Contract).filter_by(code="K7").one()
        assert (kept.plan, kept.delivery_type) == ("FIBRA 500M", DeliveryType.PRINTED)


def test_a_wallet_changes_and_the_page_says_what_it_would_not_mend(app, admin):
    with app.app_context():
        create_settings(create_account())
        off = create_wallet(name="Sicredi", email_on_generation=False)
        create_wallet(name="Velha", active=False)
        good, also_off = (
            create_wallet(name="Itaú 109"),
            create_wallet(name="BB", email_on_generation=False),
        )
        for _ in range(3):
            create_contract(wallet=off)
        good_id, also_off_id = good.id, also_off.id
    url = "/checklist/base/wallet_email_on_generation"
    assert "Velha" not in admin.get(url).text
    data = {"mudar": "carteira", "carteira": str(also_off_id), "todos": "1"}
    text = words(admin.get(post(admin, f"{url}/corrigir", data).location))
    assert (
        "0 contratos desta escolha receberiam e-mail; não: Carteira com envio ao gerar = Não (3)"
        in text
    )
    answer = post(admin, f"{url}/corrigir", data | {"carteira": str(good_id)})
    assert "3 contratos desta escolha receberiam e-mail." in words(admin.get(answer.location))
    post(admin, answer.location)
    with app.app_context():
        assert {row.wallet_id for row in db.session.query(Contract)} == {good_id}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"mudar": "tipo", "tipo": "email"}, "Marque ao menos um contrato"),
        ({"mudar": "tipo", "todos": "1"}, "Escolha o tipo de envio"),
        ({"mudar": "carteira", "carteira": "999", "todos": "1"}, "Escolha uma carteira da lista."),
        ({"mudar": "valor", "todos": "1"}, "Escolha o que mudar"),
    ],
)
def test_an_incomplete_choice_shows_the_list_again(app, admin, printed, data, message):
    answer = post(admin, f"{LIST}/corrigir", data)
    assert answer.status_code == 422
    assert message in words(answer)
    assert 'name="contrato"' in answer.text


def test_a_correction_belongs_to_who_looked_at_it(admin, finance, reader, printed):
    location = post(
        admin, f"{LIST}/corrigir", {"mudar": "tipo", "tipo": "email", "todos": "1"}
    ).location
    assert finance.get(location).status_code == 404
    assert post(finance, location).status_code == 404
    assert post(reader, f"{LIST}/corrigir", {"todos": "1"}).status_code == 403


def test_pasted_lines_are_looked_at_with_their_faults_then_written(app, admin):
    with app.app_context():
        create_settings(create_account())
        create_client(code="1", **NO_EMAIL)
        create_client(code="2", emails="velho@example.com", bounced_at=NOON, bounce_reason="x")
        create_client(code="3", emails="certo@example.com")
    lines = (
        "codigo;email\r\n1;Maria@Example.com, financeiro@example.com\r\n\r\n2\tnovo@example.com\r\n"
        "3,certo@example.com\r\n9;a@example.com\r\n1;ana@\r\nso-codigo\r\n2;"
    )
    answer = post(admin, EMAILS, {"lines": lines}, content_type="multipart/form-data")
    text = words(admin.get(answer.location))
    assert "2 clientes mudam. Os e-mails informados substituem os de antes." in text
    assert "1 cliente já com estes e-mails: não muda." in text
    assert "4 linhas recusadas" in text
    assert "velho@example.com novo@example.com" in text
    assert "6 codigo Não há cliente com o código “9”" in text
    assert "7 email “ana@” não é um e-mail válido: corrija ou apague." in text
    assert "8 email Falta o separador entre o código e o e-mail" in text
    assert "9 email Falta o e-mail depois do código." in text
    for _ in range(2):
        post(admin, answer.location)
    with app.app_context():
        found = {c.code: c for c in db.session.query(Client)}
        assert found["1"].emails == "maria@example.com, financeiro@example.com"
        assert found["1"].email_status == EmailStatus.OK
        assert (found["2"].emails, found["2"].bounced_at) == ("novo@example.com", None)
        assert [found[code].version for code in "123"] == [2, 2, 1]
    *_, whole = events(app, "client")
    assert whole[1] == "E-mails em massa, clientes: 2. Linhas coladas, 4 linhas recusadas."


def test_the_list_s_own_file_filled_in_goes_back_in(app, admin):
    with app.app_context():
        create_settings(create_account())
        for code in ("A1", "A2"):
            create_contract(client=create_client(code=code, **NO_EMAIL))
    exported = admin.get("/checklist/base/client_email/contratos.csv").data
    filled = exported.replace(b";;", b";ana@example.com;", 1)
    upload = {"lines": "", "file": (BytesIO(filled), "lista.csv")}
    answer = post(admin, EMAILS, upload, content_type="multipart/form-data")
    text = words(admin.get(answer.location))
    assert "1 cliente muda." in text
    assert "1 linha recusada" in text  # the one still empty
    post(admin, answer.location)
    with app.app_context():
        assert [c.emails for c in db.session.query(Client)].count("ana@example.com") == 1


def test_nothing_both_or_no_list_is_refused_in_words(admin):
    for data, message in (
        ({"lines": " "}, "Cole as linhas ou escolha um arquivo"),
        ({"lines": "1;a@b.com", "file": (BytesIO(b"x"), "x.csv")}, "um dos dois"),
        ({"lines": "codigo;email"}, "Não há nenhuma linha com código e e-mail."),
        ({"lines": "", "file": (BytesIO(b"PK\x03\x04zip"), "x.xlsx")}, "O arquivo não é CSV"),
    ):
        answer = post(admin, EMAILS, data, content_type="multipart/form-data")
        assert answer.status_code == 422
        assert message in words(answer)


def test_what_cannot_be_written_can_be_tried_again(app, admin, printed, monkeypatch):
    location = post(
        admin, f"{LIST}/corrigir", {"mudar": "tipo", "tipo": "email", "todos": "1"}
    ).location
    with monkeypatch.context() as patch:
        patch.setattr("portal.contracts.service.record_each", _broken)
        assert post(admin, location).status_code == 500
    assert kinds(app) == [DeliveryType.PRINTED] * 60
    post(admin, location)
    assert kinds(app) == [DeliveryType.EMAIL] * 60


def _broken(*_args, **_kwargs):
    raise OSError("disk full")


def test_the_ways_back_lead_to_the_list(admin, printed):
    answer = post(
        admin, f"{LIST}/corrigir?q=maria", {"mudar": "tipo", "tipo": "printed", "todos": "1"}
    )
    page = admin.get(answer.location)
    assert "Nada a mudar." in words(page)
    assert "60 contratos já com Impresso: não mudam." in words(page)
    assert links(page)["Voltar"] == f"{LIST}?q=maria"
