"""Every action and every field that the code records has words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from portal import ROOT
from portal.core.audit import SECRETS, AuditEvent, record
from portal.core.db import db
from portal.deliveries.bulk import RULES
from portal.users import audit_words
from portal.users.audit_fields import FIELDS
from tests.factories import NOON

ACTION = re.compile(r"[a-z]+\.[a-z_]+")
NO_ACTION = {"webhook.test"}  # an event for webhooks
# Made with a word that is not written where it is recorded.
ELSEWHERE = {
    "deliveries": {rule.verb for rule in RULES.values()},
    "issuance": {"print", "unprint"},
}
AUDITED = {
    "clients": {"bounced_at", "bounce_reason"},
    "contracts": set(),
    "wallets": set(),
    "smtp_accounts": {
        *("hold_until", "hold_reason", "holds", "imap_uid_validity", "imap_last_uid"),
        *("imap_checked_at", "imap_error"),
    },
    "users": {"last_login_at", "session_version"},
    "general_settings": set(),
    "financial_settings": set(),
}
NEVER = {"id", "version", "created_at"}


def recording() -> list[Path]:
    files = [
        file for file in (ROOT / "portal").rglob("*.py") if "audit.record(" in file.read_text()
    ]
    assert len(files) > 12
    return files


def constants(node: ast.expr) -> Iterator[str]:
    """The texts that an argument can be: a constant, or either end of an `if`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)


def made_up(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(area, verb) of `f"area.{verb}"`, with what the callers of its function give as `verb`."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        names = [argument.arg for argument in function.args.args]
        for text in ast.walk(function):
            if not (isinstance(text, ast.JoinedStr) and len(text.values) == 2):
                continue
            start, verb = text.values
            if not (isinstance(start, ast.Constant) and re.fullmatch(r"[a-z]+\.", start.value)):
                continue
            area = start.value[:-1]
            if area not in audit_words.AREAS:
                continue
            found = set(ELSEWHERE.get(area, ()))
            if isinstance(verb.value, ast.Name) and verb.value.id in names:
                place = names.index(verb.value.id)
                for call in ast.walk(tree):
                    if isinstance(call, ast.Call) and getattr(call.func, "id", "") == function.name:
                        given = [k.value for k in call.keywords if k.arg == verb.value.id]
                        given += call.args[place : place + 1]
                        found |= {word for node in given for word in constants(node)}
            assert found, f"{area}: where does {ast.unparse(text)} get its word?"
            yield from ((area, word) for word in found)


def test_every_action_that_is_recorded_has_words():
    wordless, seen = set(), set()
    for file in recording():
        tree = ast.parse(file.read_text())
        addresses = {
            id(argument)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("url_for", "go_to")
            for argument in node.args
        }
        written = {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if ACTION.fullmatch(node.value) and id(node) not in addresses
        }
        written |= {f"{area}.{verb}" for area, verb in made_up(tree)}
        for action in written:
            area, _, verb = action.partition(".")
            if area == "jobs" or action in NO_ACTION:
                continue
            seen.add(action)
            if area not in audit_words.AREAS or verb not in audit_words.VERBS:
                wordless.add(f"{file.name}: {action}")
    assert wordless == set()
    assert {"users.reactivate", "clients.import", "deliveries.resend"} <= seen


@pytest.mark.parametrize("table", sorted(AUDITED))
def test_every_column_that_is_recorded_has_a_name(app: Flask, table):
    columns = {column.name for column in db.metadata.tables[table].columns}
    assert columns - NEVER - AUDITED[table] - SECRETS - set(FIELDS) == set()


def test_the_file_says_the_same_as_the_page_and_runs_nothing(app, finance):
    with app.app_context():
        changes = {"state": ["SP", "RJ"], "default_delivery_type": ["email", "printed"]}
        record(None, "clients.change", "client", 7, NOON, summary="=cmd|x", changes=changes)
        record(None, "clients.change", "client", 8, NOON, summary="outro")
        record(None, "wallets.change", "wallet", 7, NOON, summary="carteira")
        db.session.commit()
        assert db.session.get(AuditEvent, 1).summary == "=cmd|x"
    lines = finance.get("/sistema/auditoria.csv?tipo=client&registro=7").text.splitlines()
    assert lines[0].startswith("\ufeffNúmero;Quando;Quem")
    assert "Clientes;alterou;'=cmd|x;Cliente 7;" in lines[1]
    assert "UF: SP → RJ" in lines[1]
    assert lines[2] == 'tipo de cobrança padrão: E-mail → Impresso"'
    assert len(lines) == 3
    page = finance.get("/sistema/auditoria?registro=7").text
    assert "carteira" in page
    assert "outro" not in page
