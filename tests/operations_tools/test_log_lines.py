"""ATTACKS 36: what the log may hold, and how a request is told apart in it."""

import json
import logging

import pytest

from portal.core.logs import FORMAT, JsonFormatter, LineFormatter, request_id
from portal.core.masking import mask


@pytest.fixture(params=[LineFormatter(FORMAT), JsonFormatter()], ids=["lines", "json"])
def written(request, caplog):
    """What a formatter makes of a record."""

    def write(*args, **options):
        caplog.clear()
        logging.getLogger("portal.tests.masking").warning(*args, **options)
        return request.param.format(caplog.records[-1])

    return write


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        ("CPF 529.982.247-25 recusado", "CPF ***25 recusado"),
        ("CPF 52998224725", "CPF ***25"),
        ("CNPJ 11.222.333/0001-81", "CNPJ ***81"),
        ("CNPJ 11222333000181", "CNPJ ***81"),
        ("CNPJ 12.ABC.345/01DE-35", "CNPJ ***35"),
        ("para maria.silva@exemplo.com.br", "para m***@exemplo.com.br"),
        ("<a@b.c> 'joão+x@y.com'", "<a***@b.c> 'j***@y.com'"),
        ("redis://:seg:redo@fila:6379/0", "redis://:***@fila:6379/0"),
        ("postgresql+psycopg://u:p@ss@db/x", "postgresql+psycopg://u:***@db/x"),
        ("{'password': 'abc def'}", "{'password': ***}"),
        ("smtp_password=abc,host=x", "smtp_password=***,host=x"),
        ("Authorization: Bearer abcdef123456", "Authorization: ***"),
        ("bearer abcdef123456", "bearer ***"),
        ("chave " + "A" * 43 + "=", "chave ***"),
        ("The CSRF token is missing.", "The CSRF token is missing."),
        ("12 mensagens, R$ 1.499,00, 2026-11-24", "12 mensagens, R$ 1.499,00, 2026-11-24"),
        ("POST /clientes/123 404 5 ms user=7", "POST /clientes/123 404 5 ms user=7"),
    ],
)
def test_secrets_and_documents_are_masked(raw, masked):
    assert mask(raw) == masked


def test_masking_twice_changes_nothing():
    once = mask("maria@exemplo.com 52998224725 senha=1")
    assert mask(once) == once


def test_an_exception_s_text_is_masked_too(written):
    try:
        raise ValueError("maria@exemplo.com tem CPF 529.982.247-25\r\n\x1b[31m senha=segredo")
    except ValueError:
        text = written("falhou: %s", "joao@exemplo.com", exc_info=True)
    for secret in ("maria@", "joao@", "529.982", "segredo", "\x1b", "\r"):
        assert secret not in text
    assert "m***@exemplo.com" in text


def test_json_is_one_object_a_line_whatever_it_holds(written):
    text = written('aspas " e linha\nnova', extra={"facts": {"path": "/a\nb", "ms": 3}})
    if text.startswith("{"):
        assert "\n" not in text
        event = json.loads(text)
        assert (event["level"], event["request_id"], event["ms"]) == ("WARNING", "-", 3)
        assert event["path"] == "/a\\nb"
    else:
        assert text.count("\n") == 0


@pytest.mark.parametrize("given", ["0f8fad5b-d9cb-469f-a165-70867728950e", "abc12345"])
def test_a_proxy_s_id_is_kept(web, given):
    assert web.get("/entrar", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "short", "a b c d e f g h", "<script>alert(1)", "x" * 65])
def test_an_odd_id_is_replaced(web, given):
    made = web.get("/entrar", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert made != given
    assert len(made) == 12
    assert request_id("evil\nline: forged") != "evil\nline: forged"


def test_every_request_is_one_line_with_who_what_and_how_long(admin, caplog):
    caplog.set_level(logging.INFO, "portal.core.logs")
    answer = admin.get("/clientes?q=maria@exemplo.com")
    (record,) = [item for item in caplog.records if item.name == "portal.core.logs"]
    facts = record.facts
    assert (facts["method"], facts["path"], facts["status"]) == ("GET", "/clientes", 200)
    assert facts["user"] > 0
    assert facts["ms"] >= 0
    assert "maria" not in JsonFormatter().format(record)
    assert answer.headers["X-Request-ID"]


def test_a_supervisor_s_questions_are_not_logged(web, caplog):
    caplog.set_level(logging.INFO, "portal.core.logs")
    web.get("/health/live")
    assert [item for item in caplog.records if item.name == "portal.core.logs"] == []
