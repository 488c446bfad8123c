"""Carteira de cobrança: rules, services and pages."""

from decimal import Decimal

import pytest

from portal.boletos import InvalidBoleto, bank, parse_linha
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import Conflict, InvalidValue
from portal.wallets import rules, service
from portal.wallets.models import BANK_FIELDS, Wallet, WalletKind
from tests.factories import NOON, TODAY, create_wallet
from tests.support.forms import post

NEW = "/cadastros/carteiras/nova"
HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}
ITAU = {"bank_code": "341", "agencia": "1234", "conta": "12345", "conta_dv": "6", "carteira": "109"}
BANKS = [
    ITAU,
    {"bank_code": "001", "agencia": "1234", "conta": "12345", "convenio": "1234567",
     "carteira": "17"},
    {"bank_code": "237", "agencia": "1234", "conta": "12345", "carteira": "09"},
    {"bank_code": "104", "agencia": "1234", "convenio": "123456", "carteira": "14"},
    {"bank_code": "033", "agencia": "1234", "convenio": "1234567", "carteira": "101"},
    {"bank_code": "756", "agencia": "1234", "convenio": "123456", "carteira": "1"},
    {"bank_code": "748", "agencia": "0434", "posto": "08", "convenio": "36699", "carteira": "1",
     "byte": "2"},
]  # fmt: skip


def fields(**changes):
    return {
        "version": "0",
        "seen_number": "1",
        "name": "Itaú 109",
        "kind": "bank",
        **ITAU,
        "next_nosso_numero": "1",
        "instructions": "Não receber após 30 dias\r\n\r\n Multa de 2 %",
        "fine_percent": "2,00",
        "interest_percent_month": "1",
        "discount": "",
        "email_on_generation": "1",
        "active": "1",
    } | changes


def whole(**changes):
    return {**service.DEFAULTS, "name": "Carteira", **ITAU, **changes}


def refused(**changes):
    return {problem.field for problem in rules.wallet_problems(whole(**changes), TODAY)}


def stored(app, wallet_id=1):
    with app.app_context():
        return db.session.get(Wallet, wallet_id)


# --- rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", BANKS, ids=lambda data: data["bank_code"])
def test_the_seven_banks_are_accepted_and_proved_by_a_sample(data):
    values = {**service.DEFAULTS, "name": "Carteira", **data}
    assert list(rules.wallet_problems(values, TODAY)) == []
    decoded = parse_linha(rules.sample(values, TODAY).linha_digitavel, TODAY)
    assert (decoded.bank_code, decoded.valor, decoded.vencimento) == (
        data["bank_code"],
        Decimal("119.90"),
        TODAY,
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"bank_code": ""}, "bank_code"),
        ({"bank_code": "999"}, "bank_code"),
        ({"agencia": "12x4"}, "agencia"),
        ({"agencia": "12345"}, "agencia"),
        ({"agencia": "0" * 12}, "agencia"),
        ({"conta": ""}, "conta"),
        ({"carteira": "999"}, "carteira"),
        ({"conta_dv": "X"}, "conta_dv"),
        ({"next_nosso_numero": 0}, "next_nosso_numero"),
        ({"next_nosso_numero": 10**8}, "next_nosso_numero"),  # Itaú has eight digits
        ({"fine_percent": Decimal("2.01")}, "fine_percent"),
        ({"interest_percent_month": Decimal("101")}, "interest_percent_month"),
        ({"discount": Decimal("-1")}, "discount"),
        ({"instructions": ["x"] * 9}, "instructions"),
        ({"instructions": ["x" * 91]}, "instructions"),
    ],
)
def test_what_no_bank_takes_is_refused_beside_its_field(changes, field):
    assert field in refused(**changes)


def test_a_gateway_needs_no_bank_but_bank_data_must_be_right():
    nothing = dict.fromkeys(BANK_FIELDS, "")
    assert not refused(**nothing, kind=WalletKind.GATEWAY)
    assert refused(kind=WalletKind.GATEWAY, agencia="x") == {"agencia"}
    assert refused(**{**nothing, "agencia": "1234"}, kind=WalletKind.GATEWAY) == {"bank_code"}


def test_interest_above_one_percent_and_a_mailing_gateway_are_warned_about():
    assert any("Juros" in text for text in rules.wallet_warnings(
        whole(interest_percent_month=Decimal("1.01"))
    ))  # fmt: skip
    gateway = whole(kind=WalletKind.GATEWAY, email_on_generation=True)
    assert any("não é recomendado" in text for text in rules.wallet_warnings(gateway))
    assert not list(rules.wallet_warnings(whole(email_on_generation=True)))


def test_only_the_fields_of_the_chosen_bank_are_kept():
    values = rules.only_asked_for(whole(posto="08", convenio="123"))
    assert (values["posto"], values["convenio"], values["agencia"]) == ("", "123", "1234")
    assert rules.only_asked_for(whole(bank_code=""))["agencia"] == ""


def test_a_number_of_ten_digits_fits_the_database(session):
    data = {**BANKS[1], "name": "BB", "next_nosso_numero": 5_000_000_000}
    wallet = service.create(data, None, NOON)
    session.expire_all()
    assert wallet.next_nosso_numero == 5_000_000_000


# --- service --------------------------------------------------------------------------------------


def test_the_next_number_never_goes_back(session):
    wallet = create_wallet(next_nosso_numero=500)
    with pytest.raises(InvalidValue, match="500 ou mais") as error:
        service.change(wallet.id, {"next_nosso_numero": 499}, 1, None, NOON)
    assert error.value.field == "next_nosso_numero"
    service.change(wallet.id, {"next_nosso_numero": 501}, 1, None, NOON)
    assert wallet.next_nosso_numero == 501


def test_saving_the_same_again_changes_nothing(session):
    wallet = service.create(whole(), None, NOON)
    service.change(wallet.id, whole(), 1, None, NOON)
    assert wallet.version == 1
    assert session.query(AuditEvent).count() == 1


def test_changes_are_recorded_and_the_second_editor_is_told(session):
    wallet = service.create(whole(), None, NOON)
    service.change(wallet.id, {"email_on_generation": True}, 1, None, NOON)
    event = session.query(AuditEvent).order_by(AuditEvent.id.desc()).first()
    assert event.changes == {"email_on_generation": [False, True]}
    with pytest.raises(Conflict, match="Outra pessoa salvou"):
        service.change(wallet.id, {"active": False}, 1, None, NOON)


def test_names_are_unique(session, monkeypatch):
    service.create(whole(), None, NOON)
    with pytest.raises(InvalidValue, match="Já existe"):
        service.create(whole(), None, NOON)
    monkeypatch.setattr(service, "by_name", lambda name: None)  # as it was a moment ago
    with pytest.raises(InvalidValue, match="Já existe"):
        service.create(whole(), None, NOON)


# --- pages ----------------------------------------------------------------------------------------


def test_a_new_wallet_is_saved_and_shows_the_numbers_of_its_next_boleto(app, admin):
    answer = post(admin, NEW, fields())
    assert (answer.status_code, answer.location) == (303, "/cadastros/carteiras/1")
    wallet = stored(app)
    assert wallet.instructions == ["Não receber após 30 dias", "Multa de 2 %"]
    assert (wallet.fine_percent, wallet.interest_percent_month, wallet.discount) == (
        Decimal("2.00"),
        Decimal("1.00"),
        Decimal("0.00"),
    )
    html = admin.get("/cadastros/carteiras/1").text
    assert "34191.09008 00000.10" in html
    assert "109/00000001-" in html


def test_the_list_says_whether_a_wallet_mails(app, admin):
    with app.app_context():
        create_wallet(name="Com")
        create_wallet(name="Sem", email_on_generation=False)
        create_wallet(name="Porta", kind=WalletKind.GATEWAY)
    html = admin.get("/cadastros/carteiras").text
    for words in ("Sim, não recomendado", "✕</span> Não", "✓</span> Sim", "341 - Itaú", "Gateway"):
        assert words in html


def test_the_form_has_the_manuals_parameter_notice_and_requirements(admin):
    html = admin.get(NEW).text
    assert "Enviar e-mail para cliente ao gerar financeiro do contrato" in html
    assert "não é recomendado para carteiras de cobrança do tipo Gateway" in html
    assert "O Tipo de Envio de Cobrança deve ser igual a E-mail" in html


def test_a_gateway_that_mails_is_saved_with_the_notice(app, admin):
    nothing = dict.fromkeys(ITAU, "")
    post(admin, NEW, fields(**nothing, kind="gateway"))
    assert stored(app).kind == WalletKind.GATEWAY
    html = admin.get("/cadastros/carteiras/1").text
    assert "não é recomendado para carteiras de cobrança do tipo Gateway" in html
    assert "Sim, não recomendado" in html
    assert "o portal não faz boleto por esta carteira" in html


@pytest.mark.parametrize("data", BANKS, ids=lambda data: data["bank_code"])
def test_choosing_a_bank_shows_its_fields_and_only_those(admin, data):
    html = post(admin, "/cadastros/carteiras/campos", fields(**data), headers=HTMX).text
    assert "<html" not in html
    asked = {spec.name for spec in bank(data["bank_code"]).fields}
    for name in BANK_FIELDS:
        assert (f'name="{name}"' in html) is (name in asked)
    assert 'value="1234"' in html or data["bank_code"] == "748"  # what was typed stays


def test_without_javascript_a_button_shows_the_fields(app, admin):
    answer = post(admin, NEW, fields(bank_code="748", name="", show_fields="1"))
    assert answer.status_code == 200
    assert 'name="posto"' in answer.text
    assert "error-summary" not in answer.text
    assert stored(app) is None


def test_every_listed_bank_has_a_form(admin):
    from portal.boletos import banks

    for item in banks():
        html = post(
            admin, "/cadastros/carteiras/campos", fields(bank_code=item.code), headers=HTMX
        ).text
        assert all(f'name="{spec.name}"' in html for spec in item.fields)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("agencia", "12x4"),
        ("conta", ""),
        ("carteira", "999"),
        ("bank_code", "999"),
        ("kind", "cartório"),
        ("next_nosso_numero", "abc"),
        ("fine_percent", "10"),
        ("interest_percent_month", "abc"),
        ("discount", "1e309"),
        ("name", ""),
    ],
)
def test_an_invalid_form_comes_back_with_the_error_beside_its_field(app, admin, field, value):
    answer = post(admin, NEW, fields(**{field: value}))
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text or field == "kind"
    assert stored(app) is None


def test_generation_may_move_the_number_while_a_person_edits(app, admin):
    post(admin, NEW, fields())
    with app.app_context():
        db.session.get(Wallet, 1).next_nosso_numero = 300  # taken in blocks, version untouched
        db.session.commit()
    answer = post(admin, "/cadastros/carteiras/1", fields(version="1", active="0"))
    assert answer.status_code == 303
    assert (stored(app).next_nosso_numero, stored(app).active) == (300, False)
    lower = fields(version="2", next_nosso_numero="299")
    assert post(admin, "/cadastros/carteiras/1", lower).status_code == 422


def test_changing_the_bank_empties_the_fields_of_the_old_one(app, admin):
    post(admin, NEW, fields())
    post(admin, "/cadastros/carteiras/1", {**fields(version="1"), **BANKS[4]})
    wallet = stored(app)
    assert (wallet.bank_code, wallet.convenio, wallet.carteira) == ("033", "1234567", "101")
    wallet.bank_account  # noqa: B018 - it can be built
    with pytest.raises(InvalidBoleto):
        bank("341").check(wallet.bank_account)


def test_readers_see_but_do_not_change(app, reader):
    with app.app_context():
        create_wallet()
    assert ">Salvar<" not in reader.get("/cadastros/carteiras/1").text
    assert reader.get(NEW).status_code == 403
    assert post(reader, "/cadastros/carteiras/1", fields(version="1")).status_code == 403
    assert post(reader, NEW, fields()).status_code == 403


def test_unknown_wallets_are_404(admin):
    assert admin.get("/cadastros/carteiras/99").status_code == 404
    assert post(admin, "/cadastros/carteiras/99", fields()).status_code == 404


def test_texts_of_people_are_escaped(app, admin):
    post(admin, NEW, fields(name="<script>x</script>", instructions="<para>[[x]]</para>"))
    for url in ("/cadastros/carteiras", "/cadastros/carteiras/1"):
        assert "<script>x" not in admin.get(url).text
    assert stored(app).instructions == ["<para>[[x]]</para>"]
