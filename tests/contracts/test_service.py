"""Creating and changing contracts."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import scoped_session

from portal.contracts import service
from portal.contracts.models import Contract, ContractStatus
from portal.core.audit import AuditEvent
from portal.core.errors import Conflict, InvalidValue, NotFound
from portal.settings.models import DeliveryType
from tests.factories import NOON, create_client, create_contract, create_receivable, create_wallet


def _values(**changes: Any) -> dict[str, Any]:
    return {
        "code": "C-1",
        "client_code": "5",
        "plan": "FIBRA 1G",
        "amount": Decimal("99.90"),
        "due_day": 31,
        "delivery_type": None,
        "status": ContractStatus.ACTIVE,
        "activated_on": date(2026, 1, 2),
    } | changes


def test_a_new_contract_belongs_to_its_client_and_is_audited(session: scoped_session) -> None:  # type: ignore[type-arg]
    client, wallet = create_client(code="5"), create_wallet()
    contract = service.create(_values(wallet_id=wallet.id), None, NOON)
    assert (contract.client_id, contract.wallet_id) == (client.id, wallet.id)
    event = session.scalars(select(AuditEvent)).one()
    assert (event.action, event.entity_id) == ("contracts.create", contract.id)
    assert event.changes["amount"] == [None, "99.90"]


@pytest.mark.parametrize(
    ("field", "value"), [("client_code", "desconhecido"), ("wallet_id", 99), ("code", "repetido")]
)
def test_a_contract_without_client_or_wallet_or_with_a_used_code_is_refused(
    session: scoped_session,  # type: ignore[type-arg]
    field: str,
    value: object,
) -> None:
    create_client(code="5")
    create_contract(code="repetido")
    wallet = create_wallet()
    with pytest.raises(InvalidValue) as refusal:
        service.create({**_values(wallet_id=wallet.id), field: value}, None, NOON)
    assert refusal.value.field == field
    session.rollback()
    assert session.scalars(select(Contract.code)).all() == ["repetido"]


def test_the_delivery_type_changes_alone_and_generated_titles_keep_theirs(
    session: scoped_session,  # type: ignore[type-arg]
) -> None:
    contract = create_contract(delivery_type=None)
    title = create_receivable(contract=contract, delivery_type=DeliveryType.EMAIL)
    service.change(contract.id, {"delivery_type": DeliveryType.PRINTED}, 1, None, NOON)
    session.refresh(title)
    assert contract.delivery_type == DeliveryType.PRINTED
    assert title.delivery_type == DeliveryType.EMAIL
    assert contract.version == 2
    event = session.scalars(select(AuditEvent)).one()
    assert event.changes == {"delivery_type": [None, "printed"]}


def test_a_change_over_someone_elses_is_refused(session: scoped_session) -> None:  # type: ignore[type-arg]
    contract = create_contract(version=3, due_day=10)
    with pytest.raises(Conflict, match="Outra pessoa salvou"):
        service.change(contract.id, {"due_day": 20}, 2, None, NOON)
    session.rollback()
    assert session.get(Contract, contract.id).due_day == 10


def test_columns_that_no_form_has_cannot_be_changed(session: scoped_session) -> None:  # type: ignore[type-arg]
    contract = create_contract(code="1")
    service.change(contract.id, {"code": "2", "client_id": 99, "id": 7}, 1, None, NOON)
    assert (contract.code, contract.version) == ("1", 1)


def test_an_unknown_contract_cannot_be_changed(session: scoped_session) -> None:  # type: ignore[type-arg]
    with pytest.raises(NotFound):
        service.change(999, {}, 1, None, NOON)
