from datetime import timedelta

import pytest
from sqlalchemy import select, update

from portal.api import service
from portal.api.models import ApiToken
from portal.api.scopes import Scope
from portal.clients.models import DataAccess
from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.states import State
from portal.users.models import Role, User
from tests.api.conftest import System, make_token
from tests.factories import (
    create_client,
    create_contract,
    create_message,
    create_receivable,
    create_user,
)
from tests.support.forms import post


def problem(answer):
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == answer.status_code
    assert answer.json["title"]
    assert answer.json["detail"]
    return answer.json


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Basic YTpi", "Bearer pontual_nope", "Bearer a b", "bearer é"]
)
def test_without_a_token_that_is_known_nothing_opens(app, header):
    headers = {} if header is None else {"Authorization": header}
    answer = app.test_client().get("/api/v1/clients", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="Pontual"')
    problem(answer)


def test_a_session_cookie_opens_nothing_in_the_api(admin):
    assert admin.get("/sistema/api").status_code == 200
    assert admin.get("/api/v1/clients").status_code == 401


def test_a_revoked_token_opens_nothing(app, erp):
    assert erp.get("/clients").status_code == 200
    with app.app_context():
        row = db.session.scalars(select(ApiToken)).one()
        service.revoke(row.id, create_user(), clock.now())
    assert erp.get("/clients").status_code == 401


def test_an_expired_token_opens_nothing(app):
    with app.app_context():
        token = make_token(expires_at=clock.now() - timedelta(seconds=1))
    assert System(app.test_client(), token).get("/clients").status_code == 401


@pytest.mark.parametrize("loss", [{"active": False}, {"role": Role.FINANCE}])
def test_a_token_stops_while_its_maker_is_no_administrator(app, admin, loss):
    with app.app_context():
        maker_id = (maker := create_user()).id
        system = System(app.test_client(), make_token(maker=maker))

    def become(**values):
        with app.app_context():
            db.session.execute(update(User).where(User.id == maker_id).values(**values))
            db.session.commit()

    become(**loss)
    assert system.get("/clients").status_code == 401
    assert "Parado" in admin.get("/sistema/api").text
    become(active=True, role=Role.ADMIN)
    assert system.get("/clients").status_code == 200
    assert "Parado" not in admin.get("/sistema/api").text


def test_without_the_right_to_read_clients_no_address_is_explained(app):
    with app.app_context():
        client = create_client(code="C1", emails="maria@example.com")
        contract = create_contract(code="K1", client=client)
        facts = {"code": "client_email", "status": "warning", "evidence": "velha@example.com"}
        create_receivable(contract=contract, reasons=[facts | {"fix_url": "/clientes/1"}])
        systems = [
            System(app.test_client(), make_token(name, scopes))
            for name, scopes in (("A", [Scope.CONTRACTS_READ]), ("B", tuple(Scope)))
        ]
    hidden, shown = (system.get("/contracts/K1/explain").text for system in systems)
    assert "@" not in hidden
    assert "cliente com e-mail" in hidden
    assert "maria@example.com" in shown
    assert "velha@example.com" in shown


def test_a_search_of_contracts_tests_no_name_without_the_right_to_read_clients(app):
    with app.app_context():
        create_contract(code="K7", plan="Fibra 600", client=create_client(name="Maria Lima"))
        blind = System(app.test_client(), make_token("cego", [Scope.CONTRACTS_READ]))
        both = [Scope.CONTRACTS_READ, Scope.CLIENTS_READ]
        seeing = System(app.test_client(), make_token("vê", both))
    counts = {
        text: [len(system.get(f"/contracts?q={text}").json["data"]) for system in (blind, seeing)]
        for text in ("Maria", "K7", "Fibra")
    }
    assert counts == {"Maria": [0, 1], "K7": [1, 1], "Fibra": [1, 1]}


def test_a_token_does_only_what_its_scopes_say(app):
    with app.app_context():
        create_client(code="C1")
        token = make_token(scopes=[Scope.CLIENTS_READ])
    system = System(app.test_client(), token)
    assert system.get("/clients/C1").status_code == 200
    answer = system.post("/clients", {"code": "C2", "name": "Ana", "cpf_cnpj": "52998224725"})
    assert answer.status_code == 403
    assert "clients:write" in problem(answer)["detail"]
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_every_endpoint_refuses_a_token_without_its_scope(app):
    from portal.api.endpoint import REGISTRY

    assert len(REGISTRY.found) > 15
    with app.app_context():
        tokens = {
            scope: make_token(f"sem {scope}", [other for other in Scope if other != scope])
            for scope in Scope
        }
    for endpoint in REGISTRY.found:
        path = endpoint.path.replace("<int:id>", "1").replace("<path:code>", "C1")
        headers = {"Authorization": f"Bearer {tokens[endpoint.scope]}"}
        answer = app.test_client().open(f"/api/v1{path}", method=endpoint.method, headers=headers)
        assert answer.status_code == 403, endpoint.name


def test_every_route_of_the_api_is_an_endpoint_that_asks_for_a_scope(app):
    from portal.api.endpoint import REGISTRY

    paths = {f"/api/v1{endpoint.path}" for endpoint in REGISTRY.found}
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")}
    assert rules - paths == {"/api/v1/openapi.json"}


def test_only_a_digest_is_kept_and_the_last_use_to_the_minute(app, erp):
    token = erp.headers["Authorization"].removeprefix("Bearer ")
    erp.get("/clients")
    with app.app_context():
        row = db.session.scalars(select(ApiToken)).one()
        first = row.last_used_at
        assert first is not None
        assert token not in repr(vars(row))
        assert row.digest == service.digest(token)
    erp.get("/clients")
    with app.app_context():
        assert db.session.scalars(select(ApiToken)).one().last_used_at == first


def test_the_screen_shows_a_token_once_and_the_trail_never(app, admin):
    fields = {"name": "Site", "scopes": ["clients:read", "generate"], "lives": "90"}
    answer = post(admin, "/sistema/api/novo", fields)
    token = answer.text.split('id="token" type="text" value="')[1].split('"')[0]
    assert System(app.test_client(), token).get("/clients").status_code == 200
    assert token not in admin.get("/sistema/api").text
    with app.app_context():
        events = list(db.session.scalars(select(AuditEvent)))
        assert [event.action for event in events] == ["api.create_token"]
        assert token not in f"{events[0].summary} {events[0].changes}"
        token_id = db.session.scalars(select(ApiToken.id)).one()
    assert post(admin, f"/sistema/api/{token_id}/revogar").status_code == 303
    assert System(app.test_client(), token).get("/clients").status_code == 401


def test_a_token_needs_a_name_of_its_own_and_a_scope(admin):
    fields = {"name": "Site", "scopes": ["clients:read"], "lives": "0"}
    assert post(admin, "/sistema/api/novo", fields).status_code == 200
    again = post(admin, "/sistema/api/novo", fields)
    assert (again.status_code, "Já há um token com este nome" in again.text) == (422, True)
    none = post(admin, "/sistema/api/novo", {"name": "Outro", "lives": "0"})
    assert (none.status_code, "Escolha ao menos uma permissão" in none.text) == (422, True)


def test_only_administrators_see_tokens(finance):
    assert finance.get("/sistema/api").status_code == 403


def test_wrong_tokens_from_one_address_are_limited(limited):
    client = limited.test_client()
    for number in range(30):
        headers = {"Authorization": f"Bearer pontual_{number}"}
        assert client.get("/api/v1/clients", headers=headers).status_code == 401
    answer = client.get("/api/v1/clients", headers={"Authorization": "Bearer pontual_x"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    problem(answer)


def test_what_is_done_through_the_api_bears_the_tokens_name(app, erp):
    erp.post("/clients", {"code": "C1", "name": "Ana", "cpf_cnpj": "52998224725"})
    with app.app_context():
        event = db.session.scalars(
            select(AuditEvent).where(AuditEvent.action == "clients.create")
        ).one()
        assert (event.actor_id, event.actor_name) == (None, "API: ERP")


def test_an_empty_change_shows_data_too_and_is_kept(app):
    with app.app_context():
        client_id = create_client(code="C1").id
        token = make_token(scopes=[Scope.CLIENTS_WRITE])
    system = System(app.test_client(), token)
    assert system.patch("/clients/C1", {}, '"1"').status_code == 200
    with app.app_context():
        assert db.session.scalars(select(DataAccess.client_id)).all() == [client_id]


@pytest.mark.parametrize(("verb", "state"), [("cancel", State.QUEUED), ("resend", State.FAILED)])
def test_a_write_that_answers_with_a_recipient_is_kept_too(app, verb, state):
    with app.app_context():
        message = create_message(state=state)
        message_id, client_id = message.id, message.client_id
        token = make_token(scopes=[Scope.DELIVERIES_WRITE])
    answer = System(app.test_client(), token).post(f"/deliveries/{message_id}/{verb}")
    assert "@" in answer.json["recipient"]
    with app.app_context():
        assert db.session.scalars(select(DataAccess.client_id)).all() == [client_id]


def test_who_read_whose_data_is_kept_once_an_hour(app, erp):
    with app.app_context():
        client_id = create_client(code="C1").id
    for path in ("/clients/C1", "/clients/C1", "/clients?q=x", "/clients?q=y", "/clients/nao-ha"):
        erp.get(path)
    with app.app_context():
        rows = list(db.session.scalars(select(DataAccess).order_by(DataAccess.id)))
        assert [(row.user_name, row.client_id, row.what) for row in rows] == [
            ("API: ERP", client_id, "Consultou os dados pela API"),
            ("API: ERP", None, "Leu pela API a lista /api/v1/clients"),
        ]
