"""Pages of the clients."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.clients.models import Client, EmailStatus
from portal.core.db import db
from portal.web.search import Hit
from tests.clients.browsing import post
from tests.factories import create_client, create_contract

FORM = {
    "name": "Ana <script>alert(1)</script>",
    "cpf_cnpj": "529.982.247-25",
    "emails": "ana@example.com\r\nfinanceiro@example.org",
    "state": "SP",
    "postal_code": "13010-000",
    "active": "1",
}


def _make(app: Flask, **values: object) -> int:
    with app.app_context():
        return create_client(**values).id


def test_an_empty_list_leads_to_the_import(finance: FlaskClient) -> None:
    page = finance.get("/clientes")
    assert page.status_code == 200
    assert "/clientes/importar" in page.text
    assert "Ainda não há clientes" in page.text


def test_who_may_only_read_is_not_offered_changes(app: Flask, reader: FlaskClient) -> None:
    client_id = _make(app, name="Ana", email_status=EmailStatus.MISSING, emails="")
    for url in ("/clientes", f"/clientes/{client_id}"):
        page = reader.get(url)
        assert page.status_code == 200
        assert "/editar" not in page.text
        assert "/importar" not in page.text


@pytest.mark.parametrize(
    "url", ["/clientes/novo", "/clientes/1/editar", "/clientes/importar", "/clientes/importar/x"]
)
def test_changes_need_the_right(reader: FlaskClient, url: str) -> None:
    assert reader.get(url).status_code == 403
    assert post(reader, url).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    ["conceicao", "CONCEIÇÃO", "MARIA da c", "c-77", "529.982", "52998224725", "maria@exa"],
)
def test_the_list_finds_by_name_code_document_and_email(
    app: Flask, finance: FlaskClient, wanted: str
) -> None:
    _make(app, name="MARIA DA CONCEIÇÃO", code="c-77", emails="maria@example.com")
    _make(app, name="João", cpf_cnpj="11144477735", emails="joao@example.org")
    text = finance.get("/clientes", query_string={"q": wanted}).text
    assert "MARIA DA CONCEIÇÃO" in text
    assert "João" not in text


@pytest.mark.parametrize("wanted", ["%", "_", "\\", "' OR 1=1 --", '"'])
def test_wildcards_and_quotes_in_the_search_are_plain_text(
    app: Flask, finance: FlaskClient, wanted: str
) -> None:
    _make(app, name="João")
    page = finance.get("/clientes", query_string={"q": wanted})
    assert page.status_code == 200
    assert "João" not in page.text


def test_the_filters_of_email_and_situation_hold_together(app: Flask, finance: FlaskClient) -> None:
    _make(app, name="Certo")
    _make(app, name="Sem", emails="")
    _make(app, name="Errado", emails="", invalid_emails="nao tem", email_status="invalid")
    _make(app, name="Parado", emails="", active=False)
    assert "Sem</a>" in (text := finance.get("/clientes?email=missing&ativo=S").text)
    assert not any(name in text for name in ("Certo</a>", "Errado</a>", "Parado</a>"))
    assert "Errado</a>" in (text := finance.get("/clientes?email=invalid").text)
    assert "nao tem" in text
    assert "Parado</a>" in finance.get("/clientes?ativo=N").text
    assert finance.get("/clientes?email=nonsense&ativo=%27&depois=x").status_code == 200


def test_a_long_list_goes_on_page_by_page(app: Flask, finance: FlaskClient) -> None:
    with app.app_context():
        for number in range(51):
            create_client(name=f"Cliente de número {number:02}")
    first = finance.get("/clientes?ativo=S")
    assert "51 clientes" in first.text
    assert "número 50" in first.text
    assert "número 00" not in first.text
    after = first.text.split("depois=")[1].split('"')[0]
    second = finance.get(f"/clientes?ativo=S&depois={after}")
    assert "número 00" in second.text
    assert "número 50" not in second.text


def test_htmx_gets_only_the_table(app: Flask, finance: FlaskClient) -> None:
    _make(app, name="Ana")
    part = finance.get(
        "/clientes?q=ana", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert "Ana" in part.text
    assert "<html" not in part.text


def test_a_new_client_is_saved_and_shown_escaped(app: Flask, finance: FlaskClient) -> None:
    done = post(finance, "/clientes/novo", code="9", role="admin", id="77", **FORM)
    assert done.status_code == 303
    shown = finance.get(done.headers["Location"]).text
    assert "<script>alert" not in shown
    assert "Ana &lt;script&gt;" in shown
    assert "financeiro@example.org" in shown
    assert "<script>alert" not in finance.get("/clientes").text
    with app.app_context():
        client = db.session.scalars(select(Client)).one()
        assert client.emails == "ana@example.com, financeiro@example.org"
        assert client.id != 77


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("code", "", "Preencha este campo"),
        ("name", " ", "Preencha este campo"),
        ("cpf_cnpj", "529.982.247-24", "dígito verificador"),
        ("emails", "ana@example", "não é um e-mail válido"),
        ("postal_code", "123", "8 dígitos"),
        ("state", "XX", "Escolha"),
        ("name", "x" * 161, "160 caracteres"),
    ],
)
def test_a_bad_form_comes_back_with_its_reason_and_saves_nothing(
    app: Flask, finance: FlaskClient, field: str, value: str, words: str
) -> None:
    page = post(finance, "/clientes/novo", **{"code": "9", **FORM, field: value})
    assert page.status_code == 422
    assert words in page.text
    assert "Não foi salvo" in page.text
    with app.app_context():
        assert db.session.scalars(select(Client)).first() is None


def test_a_used_code_is_refused_beside_its_field(app: Flask, finance: FlaskClient) -> None:
    _make(app, code="9")
    page = post(finance, "/clientes/novo", **{"code": "9", **FORM})
    assert page.status_code == 422
    assert "já é de outro cliente" in page.text


def test_the_same_document_is_saved_with_a_warning(app: Flask, finance: FlaskClient) -> None:
    _make(app, code="8", cpf_cnpj="52998224725", name="Outra Ana")
    done = post(finance, "/clientes/novo", **{"code": "9", **FORM})
    assert done.status_code == 303
    assert "Outra Ana" in finance.get(done.headers["Location"]).text


def test_the_edit_form_shows_invalid_addresses_until_they_are_mended(
    app: Flask, finance: FlaskClient
) -> None:
    client_id = _make(app, emails="", invalid_emails="ana@example..com", email_status="invalid")
    url = f"/clientes/{client_id}/editar"
    assert "ana@example..com" in finance.get(url).text
    saved = post(finance, url, version="1", **FORM)
    assert saved.status_code == 303
    with app.app_context():
        client = db.session.get(Client, client_id)
        assert client is not None
        assert (client.email_status, client.invalid_emails) == (EmailStatus.OK, "")
        assert client.version == 2


def test_saving_over_someone_elses_change_keeps_what_was_typed(
    app: Flask, finance: FlaskClient
) -> None:
    client_id = _make(app, version=2)
    page = post(
        finance, f"/clientes/{client_id}/editar", version="1", **{**FORM, "phone": "11 98888-7777"}
    )
    assert page.status_code == 409
    assert "Outra pessoa salvou" in page.text
    assert "11 98888-7777" in page.text


@pytest.mark.parametrize("url", ["/clientes/999", "/clientes/999/editar", "/clientes/abc"])
def test_an_unknown_client_is_not_found(finance: FlaskClient, url: str) -> None:
    assert finance.get(url).status_code == 404


def test_the_search_finds_clients_contracts_and_what_other_rooms_add(
    app: Flask, reader: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        client = create_client(name="JOSÉ ANTÔNIO", code="c1")
        create_contract(client=client, code="c1", plan="FIBRA 1G")
    titles = [Hit("Títulos", "Título 42", "<b>10/12/2026</b>", "/financeiro/titulos/42")]
    from portal.web import search

    monkeypatch.setattr(search, "SOURCES", [*search.SOURCES, lambda _wanted: titles])
    text = reader.get("/busca?q=c1").text
    assert "JOSÉ ANTÔNIO" in text
    assert "Contrato c1" in text
    assert "Título 42" in text
    assert "&lt;b&gt;" in text
    assert "JOSÉ ANTÔNIO" in reader.get("/busca?q=jose antonio").text


@pytest.mark.parametrize("query", ["", "%20", "%01", pytest.param("x" * 5000, id="long")])
def test_a_search_without_result_says_where_to_look(reader: FlaskClient, query: str) -> None:
    page = reader.get(f"/busca?q={query}")
    assert page.status_code == 200
    assert "empty" in page.text


def test_the_lupa_lists_clients_to_pick(app: Flask, reader: FlaskClient) -> None:
    _make(app, name="Ana", code="c9")
    rows = reader.get("/clientes/lupa?lupa=ana", headers={"HX-Request-Type": "partial"}).text
    assert 'data-pick="c9"' in rows
    assert "<html" not in rows
