"""The charts of Início: what they say, and that each number is the list it leads to."""

import re
from datetime import date, timedelta
from decimal import Decimal

from portal.deliveries.states import State
from portal.receivables.models import ReceivableStatus
from tests.dashboard.making import add_messages, listed
from tests.factories import NOON, create_receivable
from tests.support.pages import links


def test_every_number_of_the_days_is_the_list_it_leads_to(app, admin, account):
    midnight = NOON.replace(hour=3)  # in São Paulo
    with app.app_context():
        for moment, state, count in (
            (midnight, State.SENT, 2),
            (midnight - timedelta(seconds=1), State.SENT, 3),
            (midnight - timedelta(days=1), State.BOUNCED, 1),
            (midnight - timedelta(days=29), State.FAILED, 2),
            (midnight - timedelta(days=29, seconds=1), State.FAILED, 4),
        ):
            add_messages(count, account, state=state, created_at=moment)
    answer = admin.get("/")
    shown = {
        text: int(text.split()[0])
        for text in links(answer)
        if re.fullmatch(r"\d+ \w+ em \d\d/\d\d", text)
    }
    assert shown == {
        "2 Enviado em 24/11": 2,
        "3 Enviado em 23/11": 3,
        "1 Devolvido em 23/11": 1,
        "2 Falhou em 26/10": 2,
    }
    for text, count in shown.items():
        assert len(listed(admin, links(answer)[text])) == count, text


def test_the_charts_say_in_words_what_they_draw(app, admin, account):
    with app.app_context():
        add_messages(2, account, state=State.SENT)
        add_messages(1, account, state=State.FAILED, cause="quota")
    page = admin.get("/").text
    assert "<title>24/11: enviado 2, falhou 1</title>" in page
    drawing = re.search(r'<svg class="chart-plot".*?</svg>', page, re.DOTALL)
    assert drawing
    assert 'role="img"' in drawing[0]
    assert "style=" not in drawing[0]
    assert "Nada neste período." in page  # no try yet


def test_amounts_by_month_lead_to_their_titles(app, admin):
    with app.app_context():
        for amount, day, status in (
            ("10.00", 1, "open"),
            ("20.50", 31, "open"),
            ("7.00", 31, "paid"),
            ("9.00", 5, "cancelled"),
        ):
            create_receivable(
                amount=Decimal(amount),
                due_date=date(2026, 12, day),
                status=ReceivableStatus(status),
            )
    page = admin.get("/inicio/valores")
    found = {text: url for text, url in links(page).items() if "dez/2026" in text}
    assert list(found) == ["R$ 7,00 Pago em dez/2026", "R$ 30,50 Aberto em dez/2026"]
    assert [len(listed(admin, url)) for url in found.values()] == [1, 2]
    part = admin.get(
        "/inicio/valores", headers={"HX-Request": "true", "HX-Request-Type": "partial"}
    ).text
    assert "<html" not in part
    assert "<title>dez/2026: pago R$ 7, aberto R$ 30</title>" in part
