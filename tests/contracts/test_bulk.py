"""One value for many contracts: what it may be, what would change, and that it changes once."""

import pytest

from portal.contracts import service
from portal.contracts.bulk import DELIVERY, WALLET, parse_edit, preview
from portal.contracts.models import Contract
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.settings.models import DeliveryType
from tests.factories import NOON, create_contract, create_wallet


def audit_of(contract_id):
    query = db.session.query(AuditEvent).filter_by(entity="contract", entity_id=contract_id)
    return [(event.action, event.changes) for event in query.order_by(AuditEvent.id)]


@pytest.mark.parametrize(
    ("column", "raw", "field"),
    [
        (DELIVERY, "", DELIVERY),
        (DELIVERY, "fax", DELIVERY),
        (WALLET, "", WALLET),
        (WALLET, "999", WALLET),
        (WALLET, "1e3", WALLET),
        ("amount", "10", "column"),
    ],
)
def test_only_the_delivery_type_and_a_wallet_that_exists_may_change(session, column, raw, field):
    with pytest.raises(InvalidValue) as refused:
        parse_edit(column, raw)
    assert refused.value.field == field


def test_an_inactive_wallet_is_refused_by_name(session):
    wallet = create_wallet(name="Velha", active=False)
    with pytest.raises(InvalidValue, match="“Velha” está inativa"):
        parse_edit(WALLET, str(wallet.id))


def test_the_preview_tells_what_changes_from_what_in_the_order_given(session):
    wallet = create_wallet(name="Itaú")
    first = create_contract(wallet=wallet, delivery_type=None)
    second = create_contract(wallet=wallet, delivery_type=DeliveryType.PRINTED)
    third = create_contract(wallet=wallet, delivery_type=DeliveryType.EMAIL)
    found = preview(parse_edit(DELIVERY, "email"), [second.id, third.id, first.id, 999_999])
    assert [(line.code, line.before) for line in found.lines] == [
        (second.code, "Impresso"),
        (first.code, "Padrão"),
    ]
    assert found.same == 1


def test_many_contracts_change_with_one_event_each_and_one_for_all(session):
    old, new = create_wallet(name="Sicredi"), create_wallet(name="Itaú")
    contracts = [create_contract(wallet=old) for _ in range(3)]
    seen = {contract.code: contract.version for contract in contracts}
    edit = parse_edit(WALLET, str(new.id))
    result = service.change_many(edit, seen, "Lista X.", None, NOON)
    assert (len(result.changed), result.same, result.stale) == (3, 0, [])
    session.expire_all()
    assert {(c.wallet_id, c.version) for c in session.query(Contract)} == {(new.id, 2)}
    assert audit_of(contracts[0].id) == [
        ("contracts.change", {"wallet_id": [old.id, new.id]}),
    ]
    whole = session.query(AuditEvent).filter_by(entity_id=None).one()
    assert whole.summary == "Em massa, contratos: 3; Carteira de cobrança: Itaú. Lista X."


def test_the_same_again_and_what_was_saved_meanwhile_change_nothing(session):
    contracts = [create_contract(delivery_type=DeliveryType.PRINTED) for _ in range(2)]
    seen = {contract.code: contract.version for contract in contracts}
    edit = parse_edit(DELIVERY, "inherit")
    service.change(contracts[0].id, {"due_day": 20}, 1, None, NOON)
    first = service.change_many(edit, seen, "", None, NOON)
    assert (len(first.changed), first.stale) == (1, [contracts[0].code])
    again = service.change_many(edit, seen, "", None, NOON)
    assert (len(again.changed), len(again.stale)) == (0, 2)
    kept = session.get(Contract, contracts[0].id, populate_existing=True)
    assert (kept.delivery_type, kept.due_day) == (DeliveryType.PRINTED, 20)
