"""Clients and contracts: reading, creating, changing, and what is refused."""

import pytest

from tests.factories import NOON, create_client, create_contract, create_settings, create_wallet
from tests.support.counting import statements

NEW = {
    "code": "C1",
    "name": "Ana Souza",
    "cpf_cnpj": "529.982.247-25",
    "emails": ["ana@example.com", "financeiro@example.com"],
    "postal_code": "13010-000",
}


def test_a_client_is_created_read_and_changed(erp):
    created = erp.post("/clients", NEW)
    assert (created.status_code, created.headers["Location"]) == (201, "/api/v1/clients/C1")
    assert created.json["cpf_cnpj"] == "52998224725"
    assert created.headers["ETag"] == '"1"'
    assert erp.get("/clients/C1").json == created.json
    changed = erp.patch("/clients/C1", {"city": "Campinas"}, '"1"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert changed.json == created.json | {"city": "Campinas", "version": 2}


def test_a_change_needs_the_version_that_was_read(erp):
    erp.post("/clients", NEW)
    assert erp.patch("/clients/C1", {"city": "X"}, None).status_code == 428
    assert erp.patch("/clients/C1", {"city": "Campinas"}, '"1"').status_code == 200
    for match in ('"1"', 'W/"2"', "2", "*", '"x"', '"99999999999"'):
        answer = erp.patch("/clients/C1", {"city": "Outra"}, match)
        assert (answer.status_code, answer.mimetype) == (412, "application/problem+json"), match
    assert erp.get("/clients/C1").json["city"] == "Campinas"


def test_a_client_that_was_erased_cannot_be_changed_and_says_so(app, erp):
    with app.app_context():
        create_client(code="C1", anonymised_at=NOON)
    answer = erp.patch("/clients/C1", {"city": "Campinas"}, '"1"')
    assert answer.status_code == 409
    assert "anonimizado" in answer.json["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\ud800b"}, "name"),
        ({"cpf_cnpj": "52998224724"}, "cpf_cnpj"),
        ({"emails": "ana@example.com"}, "emails"),
        ({"emails": ["ana@example.com", 1]}, "emails[1]"),
        ({"emails": ["isto não é"]}, "emails"),
        ({"state": "XX"}, "state"),
        ({"postal_code": "123"}, "postal_code"),
        ({"active": "S"}, "active"),
        ({"active": 1}, "active"),
        ({"nome": "Ana"}, "nome"),
        ({"version": 3}, "version"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(erp, change, field):
    answer = erp.post("/clients", NEW | change)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert [item["field"] for item in answer.json["errors"]] == [field]
    assert all(item["message"] for item in answer.json["errors"])
    assert erp.get("/clients").json["data"] == []


def test_everything_wrong_is_said_at_once(erp):
    answer = erp.post("/clients", {"name": "", "active": 1, "x": 2})
    fields = {item["field"] for item in answer.json["errors"]}
    assert fields == {"x", "code", "name", "cpf_cnpj", "active"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe{}", "application/json", 400),
        (b'{"code": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"code": 1' + b"0" * 5000 + b"}", "application/json", 400),
        (b'{"code": "1", "code": "2"}', "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{}", "text/plain", 415),
        (b"code=1", "application/x-www-form-urlencoded", 415),
        (b'{"name": "' + b"x" * 300_000 + b'"}', "application/json", 413),
    ],
)
def test_a_body_that_is_not_our_json_is_a_problem(erp, body, kind, status):
    answer = erp.post("/clients", data=body, content_type=kind)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nada", 404), ("/clients/nao-ha", 404), ("/receivables/999999999999", 404)],
)
def test_what_does_not_exist_is_a_problem_too(erp, path, status):
    answer = erp.get(path)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_a_method_that_an_address_does_not_take_is_a_problem_too(erp):
    answer = erp.client.delete("/api/v1/clients", headers=erp.headers)
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("query", ["pagina=2", "limit=0", "limit=x", "limit=1&limit=2", "active=S"])
def test_query_arguments_are_checked_as_strictly(erp, query):
    answer = erp.get(f"/clients?{query}")
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == query.partition("=")[0]


def test_a_taken_code_is_refused(erp):
    assert erp.post("/clients", NEW).status_code == 201
    answer = erp.post("/clients", NEW)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "code")


def test_a_code_with_a_slash_has_an_address(erp):
    erp.post("/clients", NEW | {"code": "12/2026"})
    assert erp.get("/clients/12%2F2026").json["code"] == "12/2026"


def test_lists_go_on_by_cursor_and_link(app, erp):
    with app.app_context():
        for number in range(5):
            create_client(code=f"C{number}", name=f"Cliente {number}")
        create_client(code="X", name="Outro")
    seen, path = [], "/api/v1/clients?q=Cliente&limit=2"
    while path:
        answer = erp.client.get(path, headers=erp.headers)
        seen += [row["code"] for row in answer.json["data"]]
        link = answer.headers.get("Link", "")
        assert bool(link) == (answer.json["next_cursor"] is not None)
        path = link.partition(">")[0].lstrip("<")
    assert seen == ["C4", "C3", "C2", "C1", "C0"]


@pytest.mark.parametrize(
    "cursor", ["x", "é", "AAAA", "Y29udHJhY3RzOjE", "Y2xpZW50czo5OTk5OTk5OTk5OQ"]
)
def test_a_cursor_that_is_not_of_this_list_is_refused(erp, cursor):
    answer = erp.get(f"/clients?cursor={cursor}")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "cursor")


CONTRACT = {
    "code": "K1",
    "client_code": "C1",
    "amount": "119.90",
    "due_day": 10,
    "wallet": "Itaú",
    "activated_on": "2026-01-15",
}


@pytest.fixture
def wallet(app):
    with app.app_context():
        create_wallet(name="Itaú")
        create_client(code="C1")


def test_a_contract_is_created_read_and_changed(erp, wallet):
    created = erp.post("/contracts", CONTRACT)
    assert created.status_code == 201
    assert created.json == erp.get("/contracts/K1").json
    assert (created.json["amount"], created.json["delivery_type"]) == ("119.90", None)
    changed = erp.patch("/contracts/K1", {"delivery_type": "printed", "amount": "99.00"}, '"1"')
    assert (changed.json["delivery_type"], changed.json["amount"]) == ("printed", "99.00")
    assert erp.patch("/contracts/K1", {"delivery_type": None}, '"2"').json["delivery_type"] is None
    assert erp.patch("/contracts/K1", {"amount": "1.00"}, '"2"').status_code == 412


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 119.9}, "amount"),
        ({"amount": "119,90"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "100000000.00"}, "amount"),
        ({"due_day": 32}, "due_day"),
        ({"due_day": True}, "due_day"),
        ({"wallet": "Outra"}, "wallet"),
        ({"client_code": "nao-ha"}, "client_code"),
        ({"activated_on": "2026-02-30"}, "activated_on"),
        ({"activated_on": "15/01/2026"}, "activated_on"),
        ({"status": "A"}, "status"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused(erp, wallet, change, field):
    answer = erp.post("/contracts", CONTRACT | change)
    assert answer.status_code == 422
    assert [item["field"] for item in answer.json["errors"]] == [field]


def test_a_contract_says_why_its_boleto_is_not_mailed(app, erp):
    with app.app_context():
        create_settings()
        create_contract(code="K9", wallet=create_wallet(email_on_generation=False))
    answer = erp.get("/contracts/K9/explain?competence=2026-12")
    assert answer.json["ready"] is False
    blocked = [item["code"] for item in answer.json["requirements"] if item["status"] == "blocked"]
    assert blocked == ["wallet_email_on_generation"]


def test_lists_of_contracts_are_made_with_few_queries(app, erp):
    with app.app_context():
        for _ in range(10):
            create_contract()
    erp.get("/contracts")
    with statements(app) as found:
        assert len(erp.get("/contracts").json["data"]) == 10
    assert len(found) < 10
