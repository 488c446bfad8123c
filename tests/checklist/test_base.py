"""Saúde da base: counts by the rule, the contracts behind each number, search, CSV, command."""

import json
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from portal.checklist.base_health import EMAILS, measure, stopped_by
from portal.checklist.base_kinds import Base
from portal.checklist.base_lists import BaseList, ListFilters
from portal.clients.models import EmailStatus
from portal.contracts.models import Contract, ContractStatus
from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries.eligibility import CODES, DELIVERY, GENERATION
from portal.deliveries.explain import explain_contract
from portal.receivables.models import ReceivableStatus
from portal.settings.models import DeliveryType
from portal.wallets.models import WalletKind
from tests.factories import (
    NOON,
    create_account,
    create_client,
    create_contract,
    create_generation,
    create_receivable,
    create_settings,
    create_wallet,
)
from tests.support.counting import statements
from tests.support.pages import links, words

NO_EMAIL = {"emails": "", "email_status": EmailStatus.MISSING}
NUMBERS = "/checklist/numeros"
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def mixed_base() -> None:
    """Contracts of every kind that the rule tells apart, some of them in several at once."""
    create_settings(create_account(), max_open_receivables=2)
    good = create_wallet(name="Itaú 109")
    off = create_wallet(name="Sicredi", email_on_generation=False)
    blank = create_wallet(name="Gateway", kind=WalletKind.GATEWAY, bank_code="")
    unreachable = create_client(**NO_EMAIL)
    typo = create_client(emails="", invalid_emails="ana@", email_status=EmailStatus.INVALID)
    gone = create_client(active=False)
    for wallet in (good, off, blank):
        for client in (None, unreachable, typo, gone):
            for kind in (None, DeliveryType.EMAIL, DeliveryType.PRINTED):
                owner = client or create_client()
                create_contract(wallet=wallet, client=owner, delivery_type=kind)
    create_contract(wallet=good, status=ContractStatus.SUSPENDED)
    create_contract(wallet=good, activated_on=date(2026, 12, 31))
    create_contract(wallet=good, activated_on=date(2027, 1, 15))  # not in December yet
    later = create_contract(wallet=good, activated_on=date(2027, 2, 1))
    titles_of(later, date(2026, 12, 1), date(2027, 1, 1))  # so February is judged
    titles_of(create_contract(wallet=good), date(2026, 12, 1), date(2027, 2, 1))  # a gap
    many = create_contract(wallet=good)
    titles_of(many, date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1))
    undone = create_contract(wallet=good, activated_on=date(2027, 1, 5))
    create_receivable(contract=undone, status=ReceivableStatus.CANCELLED, undone_at=NOON)


def titles_of(contract: Contract, *months: date) -> None:
    for month in months:
        create_receivable(contract=contract, competence=month)


def explained() -> dict[str, str]:
    """For each active contract (by code), what `portal explain` says stops it first."""
    active = db.session.query(Contract.code).where(Contract.status == ContractStatus.ACTIVE)
    found = {}
    for (code,) in active.all():
        said = explain_contract(code, None, NOON)["requirements"]
        blocked = [item["code"] for item in said if item["status"] == "blocked"]
        found[code] = next((c for c in (*GENERATION, *DELIVERY) if c in blocked), EMAILS)
    return found


def test_the_counts_are_those_of_explain_contract_by_contract(session):
    mixed_base()
    by_contract = explained()
    health = measure(NOON)
    counted = {item.code: item.count for item in health.reasons if item.count}
    assert counted | {EMAILS: health.emails} == {
        code: list(by_contract.values()).count(code) for code in set(by_contract.values())
    }
    assert health.contracts == len(by_contract)
    assert len(counted) >= 6  # the base is mixed indeed


def test_each_list_holds_the_contracts_of_its_number_in_explain_s_words(session):
    mixed_base()
    by_contract = explained()
    for code in (EMAILS, *CODES):
        lines = list(BaseList(ListFilters(code), NOON).lines())
        assert {line.contract for line in lines} == {
            contract for contract, first in by_contract.items() if first == code
        }
        for line in lines:
            said = explain_contract(line.contract, None, NOON)
            assert f"{line.competence:%Y-%m}" == said["competence"]
            if code != EMAILS:
                words_of = {item["code"]: item["evidence"] for item in said["requirements"]}
                assert line.evidence == words_of[code]


def test_a_list_with_the_contracts_stopped_before_has_the_number_beside_it(session):
    mixed_base()
    for item in measure(NOON).reasons:
        found = BaseList(ListFilters(item.code, every=True), NOON)
        assert found.total() == len(found.ids()) == item.every >= item.count


def test_one_contract_speaks_for_all_of_its_kind(session):
    """What the kinds do not tell apart must not decide: every contract is judged as its example."""
    mixed_base()
    base = Base(NOON)
    for kind in base.kinds():
        ids = list(db.session.scalars(base.select(Contract.id).where(base.is_one_of([kind]))))
        assert len(ids) == kind.count
        wanted = stopped_by(kind.example.verdict)
        assert {tuple(stopped_by(item.verdict)) for item in base.judge(ids)} == {tuple(wanted)}


def test_counting_asks_the_same_few_questions_of_a_base_of_any_size(app, session):
    mixed_base()
    with statements(app) as few:
        measure(NOON)
    wallet = db.session.query(Contract).first().wallet
    for _ in range(30):
        create_contract(wallet=wallet)
    with statements(app) as more:
        measure(NOON)
    assert len(more) <= len(few) <= 12


def test_the_page_shows_the_counts_and_links_each_to_its_list(app, admin):
    with app.app_context():
        create_settings(create_account())
        wallet = create_wallet(name="Itaú 109")
        create_contract(wallet=wallet)
        create_contract(wallet=wallet, client=create_client(**NO_EMAIL))
        create_contract(
            wallet=wallet, client=create_client(**NO_EMAIL), delivery_type=DeliveryType.PRINTED
        )
    answer = admin.get("/checklist/base")
    page = words(answer)
    assert "Contratos ativos 3" in page
    assert "Receberiam e-mail 1 33,3 %" in page
    assert "Não receberiam 2" in page
    found = links(answer)
    assert found["1 contratos: Cliente sem e-mail válido"] == "/checklist/base/client_email"
    assert found["2 contratos ao todo: Cliente sem e-mail válido"] == (
        "/checklist/base/client_email?tambem=1"
    )
    rows = words(admin.get("/checklist/base/client_email"))
    assert "1 contrato ·" in rows
    assert "cliente sem e-mail" in rows


def test_an_empty_base_says_what_to_do(admin):
    assert "Nenhum contrato ativo." in words(admin.get("/checklist/base"))
    assert "Nenhum contrato nesta lista agora." in words(admin.get("/checklist/base/client_email"))


def test_a_list_that_does_not_exist_is_not_found(session, app, admin):
    assert admin.get("/checklist/base/dinheiro").status_code == 404
    with pytest.raises(NotFound):
        ListFilters("dinheiro")


def test_a_wallet_that_stops_many_is_one_link_above_the_list(app, admin):
    with app.app_context():
        create_settings(create_account())
        wallet = create_wallet(name="Sicredi", email_on_generation=False)
        url = f"/cadastros/carteiras/{wallet.id}"
        for _ in range(3):
            create_contract(wallet=wallet)
    answer = admin.get("/checklist/base/wallet_email_on_generation")
    assert "Carteira “Sicredi”: enviar ao gerar = Não · 3 contratos." in words(answer)
    assert links(answer)["Abrir : carteira “Sicredi”: enviar ao gerar = Não"] == url


def test_a_list_is_searched_by_client_and_by_code_and_paged_by_key(app, admin):
    with app.app_context():
        create_settings(create_account())
        wallet = create_wallet()
        ana = create_client(name="Ana Conceição", code="A-77", **NO_EMAIL)
        create_contract(wallet=wallet, client=ana, code="C-1")
        for _ in range(55):
            create_contract(wallet=wallet, client=create_client(**NO_EMAIL))
    url = "/checklist/base/client_email"
    for wanted in ("ana conceicao", "A-77", "C-1"):
        rows = admin.get(f"{url}?q={wanted}", headers=PART)
        assert "<html" not in rows.text
        assert "Ana Conceição" in rows.text
        assert rows.text.count('name="contrato"') == 1
    first = admin.get(url)
    second = admin.get(links(first)["Próximos »"])
    seen = [answer.text.split('name="contrato" value="')[1:] for answer in (first, second)]
    ids = [part.split('"')[0] for parts in seen for part in parts]
    assert len(ids) == len(set(ids)) == 56


def test_the_file_of_a_list_is_safe_and_has_what_the_correction_reads(app, reader):
    with app.app_context():
        create_settings(create_account())
        typo = create_client(
            name="=SOMA(A1)", code="77", emails="", invalid_emails="ana@",
            email_status=EmailStatus.INVALID,
        )  # fmt: skip
        create_contract(wallet=create_wallet(name="Itaú"), client=typo, code="C-1")
    answer = reader.get("/checklist/base/client_email/contratos.csv")
    assert answer.mimetype == "text/csv"
    header, row = answer.data.decode("utf-8-sig").splitlines()
    assert header.startswith("codigo;cliente;email;contrato;")
    assert row.startswith("77;'=SOMA(A1);ana@;C-1;FIBRA 300M;119,90;Itaú;Padrão (E-mail);dez/2026;")


def test_who_only_reads_sees_lists_without_boxes_or_corrections(app, reader):
    with app.app_context():
        create_settings(create_account())
        create_contract(wallet=create_wallet(), client=create_client(**NO_EMAIL))
    html = reader.get("/checklist/base/client_email").text
    assert "cliente sem e-mail" in html
    assert 'name="contrato"' not in html
    assert "em massa" not in html
    assert reader.get("/checklist/base/client_email/emails").status_code == 403


def test_the_checklist_leads_to_the_lists_with_their_numbers(app, admin, reader):
    with app.app_context():
        create_settings(create_account())
        wallet = create_wallet()
        for _ in range(2):
            create_contract(wallet=wallet, delivery_type=DeliveryType.PRINTED)
        create_contract(wallet=wallet, client=create_client(**NO_EMAIL))
        create_generation()
    assert links(admin.get("/checklist"))["Contar os contratos de cada linha"] == NUMBERS
    found = links(admin.get(NUMBERS))
    printed = "/checklist/base/email_delivery_type?tambem=1"
    assert found["Ver os 2 : Tipo de envio de cobrança"] == printed
    email = "/checklist/base/client_email?tambem=1"
    assert found["Corrigir em massa : E-mail dos clientes"] == email
    assert links(reader.get(NUMBERS))["Ver o contrato : E-mail dos clientes"] == email


def test_the_simulation_s_list_of_a_reason_leads_to_its_correction(app, admin):
    with app.app_context():
        create_settings(create_account())
        create_contract(wallet=create_wallet(), client=create_client(**NO_EMAIL))
        create_contract(wallet=create_wallet())
    titles = "/financeiro/gerar/simular/titulos?competencia=2099-12&parcelas=1&quem=todos&motivo="
    missing = links(admin.get(f"{titles}client_email.missing"))
    assert missing["Corrigir em massa"] == "/checklist/base/client_email"
    assert "Corrigir em massa" not in links(admin.get(f"{titles}emails"))


def test_the_command_prints_the_counts_and_a_list(session, monkeypatch):
    from contextlib import nullcontext

    from portal.cli import base as command

    mixed_base()
    monkeypatch.setattr(command, "portal_app", nullcontext)
    health = measure(NOON)
    printed = json.loads(CliRunner().invoke(command.base, ["--json"]).stdout)
    assert printed == json.loads(json.dumps(health.to_dict()))
    listed = CliRunner().invoke(command.base, ["--json", "--code", "client_email"])
    data = json.loads(listed.stdout)
    assert data["count"] == len(data["contracts"]) == health.reason("client_email").count
    assert {"contract", "client", "name", "competence", "evidence", "fix_url"} == set(
        data["contracts"][0]
    )
    assert "contratos ativos" in CliRunner().invoke(command.base, []).stdout
    assert CliRunner().invoke(command.base, ["--every"]).exit_code == 2
    assert isinstance(CliRunner().invoke(command.base, ["--code", "dinheiro"]).exception, NotFound)


def test_a_month_that_was_generated_moves_the_question_to_the_next(session):
    create_settings(create_account())
    titles_of(create_contract(), date(2026, 12, 1))
    assert measure(NOON).emails == 1
    assert measure(NOON + timedelta(days=31)).emails == 1
