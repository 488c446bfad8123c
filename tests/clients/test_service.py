"""Creating and changing clients."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import scoped_session

from portal.clients import service
from portal.clients.contact import email_columns
from portal.clients.models import Client, EmailStatus
from portal.core.audit import AuditEvent
from portal.core.errors import Conflict, InvalidValue, NotFound
from tests.factories import NOON, create_client, create_user

TYPED: dict[str, Any] = {
    "code": "77",
    "name": "  PADARIA AVIÃO LTDA ",
    "cpf_cnpj": "12.abc.345/01de-35",
    "emails": "Contas@Example.com; financeiro@example.org",
    "phone": "",
    "address": "Av. Brasil",
    "number": "10",
    "complement": "",
    "district": "Centro",
    "city": "Campinas",
    "state": "SP",
    "postal_code": "13010-000",
    "active": True,
}


def _last_event(session: scoped_session) -> AuditEvent:  # type: ignore[type-arg]
    return session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()


@pytest.mark.parametrize(
    ("typed", "emails", "invalid", "status"),
    [
        ("", "", "", EmailStatus.MISSING),
        (" ; ", "", "", EmailStatus.MISSING),
        ("A@example.com", "a@example.com", "", EmailStatus.OK),
        ("a@example.com, nada", "a@example.com", "nada", EmailStatus.OK),
        ("nao tem", "", "nao tem", EmailStatus.INVALID),
    ],
)
def test_the_email_state_follows_from_the_field(
    typed: str, emails: str, invalid: str, status: EmailStatus
) -> None:
    assert email_columns(typed) == {
        "emails": emails,
        "invalid_emails": invalid,
        "email_status": status,
    }


def test_a_new_client_is_stored_clean_and_audited(session: scoped_session) -> None:  # type: ignore[type-arg]
    actor = create_user(name="Bruno Lima")
    client = service.create(TYPED, actor, NOON)
    assert client.name == "PADARIA AVIÃO LTDA"
    assert client.cpf_cnpj == "12ABC34501DE35"
    assert client.email_list == ("contas@example.com", "financeiro@example.org")
    assert client.email_status == EmailStatus.OK
    assert client.postal_code == "13010000"
    event = _last_event(session)
    assert (event.action, event.entity, event.entity_id) == ("clients.create", "client", client.id)
    assert event.actor_name == "Bruno Lima"
    assert event.changes["cpf_cnpj"] == [None, "12ABC34501DE35"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("cpf_cnpj", "529.982.247-24"), ("emails", "a@example.com; nada"), ("code", "5")],
)
def test_a_client_that_a_boleto_could_not_use_is_refused(
    session: scoped_session,  # type: ignore[type-arg]
    field: str,
    value: str,
) -> None:
    create_client(code="5")
    with pytest.raises(InvalidValue) as refusal:
        service.create({**TYPED, field: value}, None, NOON)
    assert refusal.value.field == field
    session.rollback()
    assert session.scalars(select(Client.code)).all() == ["5"]


def test_line_breaks_and_control_characters_never_reach_a_name(session: scoped_session) -> None:  # type: ignore[type-arg]
    client = service.create({**TYPED, "name": "Ana\r\nBcc: x@example.com\x00"}, None, NOON)
    assert client.name == "Ana  Bcc: x@example.com"


def test_a_change_raises_the_version_and_keeps_the_code(session: scoped_session) -> None:  # type: ignore[type-arg]
    client = create_client(code="5", name="Antes")
    service.change(client.id, {**TYPED, "name": "Depois"}, 1, None, NOON)
    assert (client.code, client.name, client.version) == ("5", "Depois", 2)
    event = _last_event(session)
    assert event.action == "clients.change"
    assert event.changes["name"] == ["Antes", "Depois"]
    assert "code" not in event.changes


def test_saving_without_changes_leaves_version_and_audit_alone(session: scoped_session) -> None:  # type: ignore[type-arg]
    client = service.create(TYPED, None, NOON)
    before = _last_event(session).id
    service.change(client.id, TYPED, 1, None, NOON)
    assert client.version == 1
    assert _last_event(session).id == before


def test_a_change_over_someone_elses_is_refused(session: scoped_session) -> None:  # type: ignore[type-arg]
    client = create_client(version=2, name="Delas")
    with pytest.raises(Conflict, match="Outra pessoa salvou"):
        service.change(client.id, TYPED, 1, None, NOON)
    session.rollback()
    assert session.get(Client, client.id).name == "Delas"


def test_an_unknown_client_cannot_be_changed(session: scoped_session) -> None:  # type: ignore[type-arg]
    with pytest.raises(NotFound):
        service.change(999, TYPED, 1, None, NOON)
