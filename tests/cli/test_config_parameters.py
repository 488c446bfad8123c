"""`portal config apply|show`: business days, holidays, pro rata, and the mailbox of bounces."""

import json
import tomllib
from datetime import date

import pytest

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.deliveries.bounces.settings import mailbox_of
from portal.settings import service as settings_service
from portal.settings.models import BusinessDayRule, Holiday
from portal.smtp import accounts
from portal.smtp.models import Security, SmtpAccount
from tests.cli.test_config import problem_of

SECRET = "senha-da-caixa"
FILE = """
[general]
business_day_rule = "next"

[financial]
pro_rata = true

[[smtp_accounts]]
name = "Financeiro"
host = "smtp.example.com"
username = "financeiro@example.com"
minute_limit = 30
imap_host = "imap.example.com"
imap_username = "financeiro@example.com"
imap_password_env = "BOX_PASSWORD"
imap_folder = "Devolvidas"

[[holidays]]
day = 2026-07-14
name = "Aniversário de Campinas"

[[holidays]]
day = "2026-12-08"
name = "Imaculada Conceição"
"""


def stored():
    tables = (SmtpAccount.__table__, Holiday.__table__, AuditEvent.__table__)
    return [db.session.execute(db.select(table)).all() for table in tables]


@pytest.fixture
def apply(run, write):
    return lambda text: run("config", "apply", write(text), "--json", BOX_PASSWORD=SECRET)


def test_the_parameters_go_in(app, apply):
    assert apply(FILE).exit_code == 0
    with app.app_context():
        assert settings_service.general().business_day_rule == BusinessDayRule.NEXT
        assert settings_service.financial().pro_rata is True
        days = {row.day: row.name for row in db.session.query(Holiday)}
        assert days[date(2026, 7, 14)] == "Aniversário de Campinas"
        assert len(days) == 2
        account = accounts.by_name("Financeiro")
        box = mailbox_of(account)
        assert (box.host, box.port, box.security) == ("imap.example.com", 993, Security.SSL)
        assert (box.username, box.password) == ("financeiro@example.com", SECRET)
        assert (box.folder, account.minute_limit) == ("Devolvidas", 30)
        assert SECRET not in account.imap_password
        assert account.password == ""


def test_applied_again_or_as_shown_nothing_changes(app, run, write, apply):
    apply(FILE)
    with app.app_context():
        before = stored()
    assert json.loads(apply(FILE).output)["changed"] is False
    shown = run("config", "show").output
    assert SECRET not in shown
    assert "# imap_password: há uma guardada" in shown
    parsed = tomllib.loads(shown)
    assert parsed["general"]["business_day_rule"] == "next"
    assert parsed["financial"]["pro_rata"] is True
    assert [row["day"] for row in parsed["holidays"]] == ["2026-07-14", "2026-12-08"]
    assert parsed["smtp_accounts"][0]["imap_folder"] == "Devolvidas"
    assert json.loads(apply(shown).output)["changed"] is False
    with app.app_context():
        assert stored() == before


def test_only_what_changed_is_told_and_what_the_file_leaves_out_stays(app, apply):
    apply(FILE)
    text = FILE.replace("Aniversário de Campinas", "Fundação").replace("Devolvidas", "INBOX")
    text = text.partition('[[holidays]]\nday = "2026-12-08"')[0].replace('"next"', '"keep"')
    report = json.loads(apply(text).output)
    told = {(item["table"], item["name"]): item for item in report["tables"]}
    assert told["holidays", "2026-07-14"]["keys"] == ["name"]
    assert told["smtp_accounts", "Financeiro"]["keys"] == ["imap_folder"]
    assert told["general", ""]["keys"] == ["business_day_rule"]
    with app.app_context():
        assert db.session.query(Holiday).count() == 2


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"next"', '"amanhã"', 'business_day_rule: escreva um destes: "keep", "next"'),
        ("= 2026-07-14", '= "14/07/2026"', 'day: escreva um dia assim: "2026-07-14"'),
        ('name = "Aniversário de Campinas"', "", "2026-07-14”, name: Informe o nome do feriado"),
        ('"2026-12-08"', '"2026-07-14"', "2026-07-14”: o dia aparece duas vezes"),
        ('"imap.example.com"', '"10.0.0.1"', "imap_host: "),
        ("pro_rata = true", "pro_rata = 1", "pro_rata: escreva true ou false"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(app, apply, old, new, words):
    assert old in FILE
    assert words in problem_of(apply(FILE.replace(old, new)))
    with app.app_context():
        assert not db.session.query(Holiday).count()
        assert not db.session.query(SmtpAccount).count()
