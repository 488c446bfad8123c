"""The rule, fact by fact."""

from dataclasses import replace
from datetime import timedelta

import pytest

from portal.deliveries.eligibility import (
    CODES,
    AccountFacts,
    Facts,
    Status,
    Verdict,
    WalletFacts,
    judge,
)
from portal.deliveries.labels import REASONS, REQUIREMENTS
from tests.factories import NOON

ACCOUNT = AccountFacts(
    id=3,
    name="Financeiro",
    server="smtp.exemplo.com:587 com TLS",
    active=True,
    pause_reason="",
    tested_at=NOON - timedelta(hours=3),
    test_accepted=True,
    test_is_current=True,
    tested_by="Ana",
    has_credentials=True,
    subject="Seu boleto",
    body_present=True,
    variables=6,
    unknown_variables=(),
    message_changed_at=None,
)
WALLET = WalletFacts(7, "Itaú 109", True, True, True, True)
READY = Facts(
    contract_id=11,
    contract_status="active",
    contract_delivery_type=None,
    default_delivery_type="email",
    client_id=5,
    client_active=True,
    emails=("maria@exemplo.com",),
    invalid_emails="",
    wallet=WALLET,
    account=ACCOUNT,
    open_receivables=0,
    max_open_receivables=None,
    already_generated=False,
    competence="dez/2026",
    now=NOON,
)


def statuses(verdict: Verdict) -> dict[str, Status]:
    return {item.code: item.status for item in verdict.requirements}


def evidence(facts: Facts, code: str) -> str:
    return next(item.evidence for item in judge(facts).requirements if item.code == code)


def test_everything_in_order_is_e_mailed():
    verdict = judge(READY)
    assert set(statuses(verdict).values()) == {Status.OK}
    assert (verdict.emails, verdict.ready) == (True, True)
    assert (verdict.not_generated_code, verdict.not_sent_code) == ("", "")


def test_every_requirement_names_itself_with_evidence_and_one_link():
    requirements = judge(READY).requirements
    assert tuple(item.code for item in requirements) == CODES
    assert all(item.evidence and item.fix_url.startswith("/") for item in requirements)
    assert set(CODES) == set(REASONS) == set(REQUIREMENTS)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"wallet": replace(WALLET, email_on_generation=False)}, "wallet_email_on_generation"),
        ({"wallet": replace(WALLET, active=False)}, "wallet_email_on_generation"),
        ({"wallet": replace(WALLET, is_bank=False, makes_boleto=False)}, "wallet_is_bank"),
        ({"account": None}, "smtp_account_chosen"),
        ({"account": replace(ACCOUNT, active=False)}, "smtp_account_usable"),
        ({"account": replace(ACCOUNT, has_credentials=False)}, "smtp_account_usable"),
        ({"account": replace(ACCOUNT, subject="")}, "message_ready"),
        ({"account": replace(ACCOUNT, body_present=False)}, "message_ready"),
        ({"account": replace(ACCOUNT, unknown_variables=("clinte",))}, "message_ready"),
        ({"emails": ()}, "client_email"),
        ({"emails": (), "invalid_emails": "maria@"}, "client_email"),
    ],
)
def test_what_blocks_the_e_mail_still_generates_the_title(change, code):
    verdict = judge(replace(READY, **change))
    assert verdict.not_sent_code == code
    assert verdict.not_generated_code == ""
    assert not verdict.emails


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"contract_status": "suspended"}, "contract_active"),
        ({"contract_status": "cancelled"}, "contract_active"),
        ({"client_active": False}, "client_active"),
        ({"already_generated": True}, "not_generated_yet"),
        ({"open_receivables": 3, "max_open_receivables": 3}, "open_receivables_limit"),
    ],
)
def test_what_blocks_the_title_is_named(change, code):
    verdict = judge(replace(READY, **change))
    assert verdict.not_generated_code == code
    assert not verdict.emails


@pytest.mark.parametrize(
    ("own", "default", "printed", "words"),
    [
        (None, "email", False, "E-mail (padrão do sistema)"),
        (None, "printed", True, "Impresso (padrão do sistema)"),
        ("email", "printed", False, "E-mail (do próprio contrato)"),
        ("printed", "email", True, "Impresso (do próprio contrato)"),
    ],
)
def test_the_contracts_own_delivery_type_wins_and_says_so(own, default, printed, words):
    facts = replace(READY, contract_delivery_type=own, default_delivery_type=default)
    verdict = judge(facts)
    assert verdict.printed is printed
    assert verdict.emails is not printed
    assert verdict.not_sent_code == ""
    assert evidence(facts, "email_delivery_type") == words


def test_a_gateway_wallet_with_bank_data_is_a_warning_not_a_block():
    verdict = judge(replace(READY, wallet=replace(WALLET, is_bank=False)))
    assert statuses(verdict)["wallet_is_bank"] == Status.WARNING
    assert verdict.emails


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"tested_at": None}, Status.UNTESTED, "nunca testado"),
        ({"test_is_current": False}, Status.UNTESTED, "a conexão mudou depois do teste de há 3 h"),
        ({"test_accepted": False}, Status.WARNING, "o último teste falhou há 3 h"),
        ({}, Status.OK, "teste aceito há 3 h por Ana"),
    ],
)
def test_an_untested_account_warns_but_sends(change, status, words):
    facts = replace(READY, account=replace(ACCOUNT, **change))
    verdict = judge(facts)
    assert statuses(verdict)["smtp_account_usable"] == status
    assert words in evidence(facts, "smtp_account_usable")
    assert verdict.emails


def test_a_paused_account_says_why():
    account = replace(ACCOUNT, active=False, pause_reason="senha recusada")
    assert "senha recusada" in evidence(replace(READY, account=account), "smtp_account_usable")


def test_a_message_edited_after_the_last_test_warns():
    account = replace(ACCOUNT, message_changed_at=NOON)
    facts = replace(READY, account=account)
    assert statuses(judge(facts))["message_ready"] == Status.WARNING
    assert "mudou depois do último teste" in evidence(facts, "message_ready")


def test_an_invalid_second_address_is_a_warning_and_is_shown():
    facts = replace(READY, invalid_emails="maria@")
    assert statuses(judge(facts))["client_email"] == Status.WARNING
    assert "maria@" in evidence(facts, "client_email")
