from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import SelectField
from wtforms.fields import DateField, IntegerField

from portal.core.errors import InvalidValue
from portal.web import formatters
from portal.web.forms import (
    LongTextField,
    MoneyField,
    MonthField,
    PercentField,
    PortalForm,
    TextField,
    at_most,
    parse_month,
    required,
)


class Sample(PortalForm):
    class Meta(PortalForm.Meta):
        csrf = False

    name = TextField("Nome", [required(), at_most(20)])
    notes = LongTextField("Observações")
    amount = MoneyField("Valor")
    fine = PercentField("Multa")
    month = MonthField("Competência")
    count = IntegerField("Parcelas", default=1)
    day = DateField("Dia")
    kind = SelectField("Tipo", choices=["a", "b"])


@pytest.fixture
def send(app):
    """The form as it reads what a browser sent."""

    def fill(**fields):
        with app.test_request_context():
            form = Sample(MultiDict({"name": "x", "kind": "a", "count": "1", **fields}))
            form.validate()
            return form

    return fill


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ana   Souza ", "Ana   Souza"),
        ("Ana\r\nBcc: x@y.z", "Ana  Bcc: x@y.z"),
        ("Ana\x07\u200e\u202e", "Ana"),
        ("Ana\u2028Souza", "Ana Souza"),
        ("Jose\u0301", "José"),
    ],
)
def test_a_line_of_text_is_one_clean_line(send, typed, kept):
    assert send(name=typed).name.data == kept


def test_lines_of_text_keep_their_lines(send):
    assert send(notes=" a\r\nb\rc\x00\n ").notes.data == "a\nb\nc"


@pytest.mark.parametrize("name", ["", "   ", "\t", "\x07"])
def test_what_must_be_filled_is_not_filled_with_spaces(send, name):
    assert send(name=name).name.errors == ["Preencha este campo."]


def test_messages_are_in_portuguese(send):
    form = send(name="x" * 21, kind="z", count="um", day="ontem")
    assert form.name.errors == ["No máximo 20 caracteres."]
    assert form.kind.errors == ["Escolha um item da lista."]
    assert form.count.errors == ["Informe um número inteiro."]
    assert form.day.errors == ["Data inválida: escreva como 31/12/2026."]


@pytest.mark.parametrize(
    ("typed", "amount"), [("1.499,00", "1499.00"), ("R$ 89,9", "89.90"), ("", None)]
)
def test_money_is_read_as_people_write_it(send, typed, amount):
    assert send(amount=typed).amount.data == (Decimal(amount) if amount else None)


@pytest.mark.parametrize("typed", ["1e309", "NaN", "-1", "0", "0,001", "abc"])
def test_what_is_no_amount_is_refused_and_shown_again(send, typed):
    field = send(amount=typed).amount
    assert field.errors
    assert field._value() == typed


@pytest.mark.parametrize(
    ("typed", "value"), [("2,00", "2.00"), ("0", "0.00"), ("0,00 %", "0.00"), ("", "0.00")]
)
def test_a_percentage_may_be_zero(send, typed, value):
    assert send(fine=typed).fine.data == Decimal(value)


@pytest.mark.parametrize("typed", ["100,01", "-1", "x"])
def test_a_percentage_stays_within_0_and_100(send, typed):
    assert send(fine=typed).fine.errors


@pytest.mark.parametrize("typed", ["2026-12", "12/2026", " 12/2026 "])
def test_a_month_is_its_first_day(send, typed):
    assert send(month=typed).month.data == date(2026, 12, 1)


@pytest.mark.parametrize("typed", ["13/2026", "2026", "12/1999", "12/9999", "x/y", "1/2/3"])
def test_what_is_no_month_says_how_to_write_one(typed):
    with pytest.raises(ValueError, match="Competência"):
        parse_month(typed)


def test_a_refusal_of_the_service_stands_beside_its_field(send):
    form = send()
    form.reject(InvalidValue("name", "Já existe."))
    form.reject(InvalidValue("elsewhere", "Não cabe."))
    assert form.name.errors == ["Já existe."]
    assert form.form_errors == ["Não cabe."]


def test_only_declared_fields_reach_the_service(send):
    assert set(send(role="admin", state="sent").to_command()) == {
        "name", "notes", "amount", "fine", "month", "count", "day", "kind",
    }  # fmt: skip


# --- how values read ------------------------------------------------------------------------------
NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)  # 23:30 of the day before in São Paulo
ZONE = "America/Sao_Paulo"


def test_moments_are_shown_in_the_portals_time():
    assert formatters.moment(NOW, ZONE) == "23/11/2026 23:30"
    assert formatters.moment(None, ZONE) == "—"
    assert formatters.short_moment(NOW, NOW, ZONE) == "23:30"
    assert formatters.short_moment(NOW - timedelta(days=1), NOW, ZONE) == "22/11 23:30"
    assert formatters.short_moment(NOW - timedelta(days=365), NOW, ZONE) == "23/11/2025 23:30"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "agora"),
        (59, "agora"),
        (60, "há 1 min"),
        (3599, "há 59 min"),
        (3600, "há 1 h"),
        (86_400, "há 1 dia"),
        (172_800, "há 2 dias"),
    ],
)
def test_how_long_ago(seconds, text):
    assert formatters.since(NOW - timedelta(seconds=seconds), NOW) == text


def test_numbers_documents_and_dates():
    assert formatters.number(1234567) == "1.234.567"
    assert formatters.percent(971, 1000) == "97,1 %"
    assert formatters.percent(0, 0) == "—"
    assert formatters.day(date(2026, 12, 1)) == "01/12/2026"
    assert formatters.month(date(2026, 12, 1)) == "dez/2026"
    assert formatters.long_month(date(2026, 3, 1)) == "março/2026"
    assert formatters.cpf_cnpj("12345678909") == "123.456.789-09"
    assert formatters.cpf_cnpj("12ABC34501DE35") == "12.ABC.345/01DE-35"
    assert formatters.cpf_cnpj("123") == "123"
    assert formatters.postal_code("13010000") == "13010-000"
