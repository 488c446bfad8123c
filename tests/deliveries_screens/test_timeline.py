"""Linha do tempo of a client: everything once, newest first, page after page."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from portal.core import audit
from portal.core.db import db
from portal.deliveries import timeline_queries
from portal.deliveries.models import Bounce
from portal.deliveries.states import State
from portal.deliveries.timeline import Place, Theme, parse_place
from portal.receivables.models import ReceivableStatus
from tests.deliveries_screens.making import add_try
from tests.factories import (
    NOON,
    create_client,
    create_contract,
    create_message,
    create_receivable,
)
from tests.support.counting import statements
from tests.support.pages import words

MINUTE = timedelta(minutes=1)
ALL = frozenset(Theme)


def title(contract, month, **values):
    return create_receivable(
        contract=contract,
        competence=contract.activated_on.replace(month=month, day=1),
        document_number=f"D-{month}",
        **values,
    )


@pytest.fixture
def story(app):
    """A client to whom one thing of each sort happened, a minute apart; returns the id."""
    with app.app_context():
        client = create_client(name="Maria")
        contract = create_contract(client=client)
        paid = title(
            contract, 1, status=ReceivableStatus.PAID, settled_at=NOON + 5 * MINUTE,
            amount=Decimal("99.90"),
        )  # fmt: skip
        title(
            contract, 2, status=ReceivableStatus.CANCELLED,
            created_at=NOON + 1 * MINUTE, cancelled_at=NOON + 6 * MINUTE,
        )  # fmt: skip
        title(
            contract, 3, status=ReceivableStatus.CANCELLED, created_at=NOON + 2 * MINUTE,
            cancelled_at=NOON + 7 * MINUTE, undone_at=NOON + 7 * MINUTE,
        )  # fmt: skip
        message = create_message(
            receivable=paid, state=State.BOUNCED, subject="Seu boleto", recipient="maria@x.example",
            created_at=NOON + 3 * MINUTE, attempts=2,
        )  # fmt: skip
        add_try(message, "data", "temporary", 451, "4.7.1 later", at=NOON + 3 * MINUTE)
        add_try(message, "accepted", "accepted", 250, "ok", at=NOON + 4 * MINUTE)
        db.session.add(
            Bounce(
                smtp_account_id=message.smtp_account_id,
                message_id=message.id,
                notification_id="n1",
                recipient="maria@x.example",
                action="failed",
                status="5.1.1",
                received_at=NOON + 8 * MINUTE,
            )
        )
        audit.record(
            None, "clients.change", "client", client.id, NOON + 9 * MINUTE,
            summary="Maria", changes={"city": ["Itu", "Campinas"]},
        )  # fmt: skip
        audit.record(
            None, "contracts.change", "contract", contract.id, NOON + 10 * MINUTE,
            summary="Contrato 1", changes={"due_day": [5, 10]},
        )  # fmt: skip
        audit.record(
            None, "receivables.settle", "receivable", paid.id, NOON + 5 * MINUTE, summary="pago"
        )
        stranger = create_message(created_at=NOON + 20 * MINUTE)
        audit.record(None, "clients.change", "client", stranger.client_id, NOON, summary="Outro")
        db.session.commit()
        return client.id


EVENTS = [
    "register", "register", "failed", "undone", "cancelled", "settled", "email",
    "created", "created", "created",
]  # fmt: skip


def test_everything_that_happened_once_and_newest_first(app, story):
    with app.app_context():
        rows = timeline_queries.page(story, ALL, None).rows
    assert [entry.event for entry in rows] == EVENTS
    assert [entry.place.at for entry in rows] == sorted(
        (entry.place.at for entry in rows), reverse=True
    )


@pytest.mark.parametrize("size", [1, 2, 3, 10])
def test_pages_of_any_size_hold_every_entry_once(app, story, size):
    with app.app_context():
        found, after = [], None
        while True:
            page = timeline_queries.page(story, ALL, after, size)
            found += [entry.event for entry in page.rows]
            if page.next_after is None:
                break
            after = parse_place(page.next_after)
            assert after is not None
    assert found == EVENTS


def test_entries_of_one_moment_are_neither_lost_nor_shown_twice(app):
    with app.app_context():
        client = create_client()
        contract = create_contract(client=client)
        for month in range(1, 8):
            created = title(contract, month, status=ReceivableStatus.PAID, settled_at=NOON)
            create_message(receivable=created, client=client)
        seen, after = [], None
        while True:
            page = timeline_queries.page(client.id, ALL, after, 4)
            seen += [str(entry.place) for entry in page.rows]
            if page.next_after is None:
                break
            after = parse_place(page.next_after)
    assert len(seen) == len(set(seen)) == 21


def test_the_page_tells_tries_bounces_payments_and_who(admin, story):
    page = words(admin.get(f"/clientes/{story}/historico"))
    for part in (
        "↩ Devolvido Seu boleto a maria@x.example",
        "ª tentativa, 24/11/2026 12:03: recusada por enquanto (451)",
        "ª tentativa, 24/11/2026 12:04: aceita (250)",
        "E-mail a maria@x.example",
        "Pago Título D-1 , R$ 99,90",
        "Geração desfeita Título D-3",
        "cidade: Itu → Campinas linha de comando",
        "dia de vencimento: 5 → 10",
    ):
        assert part in page, part
    assert "Outro" not in page
    row = re.search(
        r"Pago</span></td>.*?</tr>", admin.get(f"/clientes/{story}/historico").text, re.S
    )
    assert row
    assert "linha de comando" in row[0]


@pytest.mark.parametrize(
    ("theme", "count"),
    [("titulos", 5), ("pagamentos", 1), ("emails", 1), ("devolucoes", 1), ("cadastro", 2)],
)
def test_it_narrows_to_one_theme(admin, story, theme, count):
    page = admin.get(f"/clientes/{story}/historico?tipo={theme}").text
    assert page.count('<td class="nowrap">') == count


def test_who_may_not_see_the_audit_trail_sees_no_changes_of_the_register(reader, story):
    page = reader.get(f"/clientes/{story}/historico")
    assert "Campinas linha de comando" not in words(page)
    assert "tipo=cadastro" not in page.text
    assert reader.get(f"/clientes/{story}/historico?tipo=cadastro").text.count("Itu →") == 0


def test_a_place_survives_the_url_and_nonsense_is_the_beginning(admin, story):
    place = Place(NOON + timedelta(microseconds=1), 3, 17)
    assert parse_place(str(place)) == place
    for raw in ("", "x", "1-2", "1-2-3-4", "-1-2-3", "9" * 18 + "-1-1", "٣-1-1"):
        assert parse_place(raw) is None
        assert admin.get(f"/clientes/{story}/historico", query_string={"depois": raw}).status_code
    late = "9" * 17 + "-99-" + "9" * 18
    assert admin.get(f"/clientes/{story}/historico?depois={late}").status_code == 200


def test_a_client_to_whom_nothing_happened(app, admin):
    with app.app_context():
        client_id = create_client().id
    assert "Nada aconteceu com este cliente ainda." in words(
        admin.get(f"/clientes/{client_id}/historico")
    )


def test_more_entries_take_no_more_queries(app, admin, story):
    with statements(app) as few:
        admin.get(f"/clientes/{story}/historico")
    with app.app_context():
        message = create_message(client_id=story)
        for _ in range(20):
            create_message(client_id=story, smtp_account_id=message.smtp_account_id)
    with statements(app) as many:
        admin.get(f"/clientes/{story}/historico")
    assert len(many) == len(few) <= 24
