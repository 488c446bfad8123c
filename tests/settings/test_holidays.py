"""Aba Contratos: the rule of business days and municipal holidays; pro rata beside them."""

from datetime import date

import pytest
from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import InvalidValue, NotFound
from portal.settings import holidays, service
from portal.settings.models import BusinessDayRule, DeliveryType, Holiday
from tests.factories import NOON
from tests.support.forms import post
from tests.support.pages import words

TAB = "/configuracoes/parametros/gerais/contratos"
FINANCIAL = "/configuracoes/parametros/financeiro"
DAY = {"dia": "2026-07-14", "nome": "Aniversário da cidade"}


def test_the_rule_of_business_days_is_saved_and_kept_when_not_sent(app, admin):
    fields = {"version": "0", "default_delivery_type": "email", "business_day_rule": "next"}
    assert post(admin, TAB, fields).status_code == 303
    with app.app_context():
        assert service.general().business_day_rule == BusinessDayRule.NEXT
    only_type = {"version": "1", "default_delivery_type": "printed"}
    assert post(admin, TAB, only_type).status_code == 303
    with app.app_context():
        assert service.general().business_day_rule == BusinessDayRule.NEXT
        assert service.general().default_delivery_type == DeliveryType.PRINTED
    wrong = {"version": "2", "default_delivery_type": "email", "business_day_rule": "previous"}
    assert post(admin, TAB, wrong).status_code == 422


def test_pro_rata_is_saved(app, admin):
    fields = {
        "version": "0",
        "smtp_account_id": "",
        "group_by_client": "1",
        "expire_after_days": "30",
        "pro_rata": "1",
    }
    assert post(admin, FINANCIAL, fields).status_code == 303
    with app.app_context():
        assert service.financial().pro_rata is True


def test_a_holiday_is_added_listed_and_removed_and_audited(app, admin):
    assert post(admin, f"{TAB}/feriados", DAY).location == TAB
    page = words(admin.get(TAB))
    assert "Feriado de 14/07/2026 incluído." in page
    assert "14/07/2026 Aniversário da cidade Excluir" in page
    with app.app_context():
        number = db.session.scalars(select(Holiday.id)).one()
    assert post(admin, f"{TAB}/feriados/{number}/excluir").location == TAB
    assert "14/07/2026 Aniversário" not in words(admin.get(TAB))
    with app.app_context():
        events = db.session.scalars(select(AuditEvent).where(AuditEvent.entity == "holiday")).all()
        assert [event.action for event in events] == ["settings.create", "settings.delete"]
        assert events[0].summary == "Feriado 14/07/2026, Aniversário da cidade"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"dia": "", "nome": "x"}, "Preencha este campo."),
        ({"dia": "2026-02-30", "nome": "x"}, "Data inválida"),
        ({"dia": "1999-01-01", "nome": "x"}, "de 2000 a 2100"),
        ({"dia": "2026-07-14", "nome": ""}, "Preencha este campo."),
        ({"dia": "2026-07-14", "nome": "x" * 81}, "No máximo 80 caracteres."),
    ],
)
def test_a_holiday_that_cannot_be_is_refused(app, admin, fields, sentence):
    answer = post(admin, f"{TAB}/feriados", fields)
    assert answer.status_code == 422
    assert sentence in words(answer)
    with app.app_context():
        assert db.session.query(Holiday).count() == 0


def test_a_day_stands_once(session):
    holidays.add_holiday(date(2026, 7, 14), "Aniversário", None, NOON)
    with pytest.raises(InvalidValue, match="14/07/2026 já está na lista"):
        holidays.add_holiday(date(2026, 7, 14), "Outro", None, NOON)
    with pytest.raises(NotFound):
        holidays.remove_holiday(99, None, NOON)


def test_readers_see_holidays_and_change_none(app, admin, reader):
    post(admin, f"{TAB}/feriados", DAY)
    page = words(reader.get(TAB))
    assert "Aniversário da cidade" in page
    assert "Excluir" not in page
    assert post(reader, f"{TAB}/feriados", DAY).status_code == 403
    assert post(reader, f"{TAB}/feriados/1/excluir").status_code == 403
