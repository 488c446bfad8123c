"""Text of clients is text: no markup, no fetching, no endless page."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.boletos import InvalidBoleto, Party, RenderFailed, Slip, render_direct, render_pdf
from portal.boletos.page import engine
from portal.boletos.page.engine import html_to_pdf
from tests.boletos.reading import pages_text, words
from tests.boletos.samples import create_slip, examples

MARKUP = (
    "<img src=file:///etc/passwd>",
    "<b>negrito</b>",
    "<para>oi</para>",
    "<unichar code='65'/>",
    "[[pagina]]",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "¤3¤",
    "&amp;&lt;&#65;",
    "]]> --> */ }",
)


def with_text(text: str) -> Slip:
    """A slip that says this text wherever a person can write."""
    party = Party(text, text, text, text, text, text, text)
    return create_slip(
        1,
        beneficiario=party,
        pagador=party,
        sacador=party,
        numero_documento=text,
        especie=text,
        aceite=text,
        local_pagamento=text,
        instructions=(text,),
        demonstrativo=(text,),
    )


@pytest.mark.parametrize("layout", ["ficha", "carne"])
@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_printed_as_text(text: str, layout: str) -> None:
    slip = with_text(text)
    stamped, direct = (render([slip], layout) for render in (render_pdf, render_direct))
    assert words(stamped) == words(direct)
    (page,) = pages_text(stamped)
    assert page.count(text.replace("¤", "?")) >= 4


@pytest.mark.parametrize(
    "html",
    [
        "<img src='{url}'/>",
        "<style>@import url('{url}');</style><p>x</p>",
        "<style>@font-face {{ font-family: x; src: url('{url}'); }} p {{ font-family: x }}</style>"
        "<p>x</p>",
        "<link rel='stylesheet' href='{url}'/><p>x</p>",
        "<style>@page {{ background-image: url('{url}'); }}</style><p>x</p>",
        "<style>@page {{ -pdf-background: url('{url}'); }}</style><p>x</p>",
        "<div style=\"background-image: url('{url}')\">x</div>",
        "<object data='{url}'></object><p>x</p>",
    ],
)
@pytest.mark.parametrize("kind", ["file", "path", "http"])
def test_the_engine_fetches_nothing(
    html: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.css"
    secret.write_text("p { color: red } SEGREDO")
    opened: list[str] = []
    url = {
        "file": secret.as_uri(),
        "path": str(secret),
        "http": "http://127.0.0.1:9/secret.css",
    }[kind]
    monkeypatch.setattr("socket.socket.connect", lambda *args: opened.append("socket"))
    read_bytes = Path.read_bytes
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: opened.append(str(path)) or read_bytes(path)
    )
    try:
        pdf = html_to_pdf(html.format(url=url))
    except RenderFailed:
        pdf = b""
    assert opened == []
    assert b"SEGREDO" not in pdf


def test_a_page_that_takes_too_long_is_ended_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SECONDS_A_PAGE", 0.2)
    endless = "<table>" + "<tr><td>linha</td><td>linha</td></tr>" * 20_000 + "</table>"
    started = time.process_time()
    with pytest.raises(RenderFailed, match="não ficou pronto"):
        html_to_pdf(endless)
    assert time.process_time() - started < 5


def test_huge_texts_are_cut_before_they_cost_time() -> None:
    huge = "palavra " * 200_000
    slip = create_slip(
        1,
        pagador=Party(huge, huge, huge, huge, huge, huge, huge),
        beneficiario=Party(huge, huge, huge, huge, huge, huge, huge),
        instructions=(huge,) * 1000,
        demonstrativo=("x" * 1_000_000,) * 10,
    )
    started = time.monotonic()
    assert len(pages_text(render_pdf([slip]))) == 1
    assert time.monotonic() - started < 5


def test_an_oversized_pix_text_is_refused() -> None:
    with pytest.raises(InvalidBoleto) as refused:
        render_pdf([create_slip(1, pix_payload="1" * 9000)])
    assert refused.value.field == "pix_payload"


@examples
@given(st.text(max_size=120))
def test_any_text_can_be_stamped(text: str) -> None:
    slip = create_slip(1, pagador=Party(text, address=text), instructions=(text,))
    assert len(pages_text(render_pdf([slip]))) == 1
