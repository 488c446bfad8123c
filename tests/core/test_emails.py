"""One field, one or more recipients."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.emails import split_emails


@pytest.mark.parametrize(
    ("typed", "valid"),
    [
        ("  LEO@EXAMPLE.ORG ", ("leo@example.org",)),
        ("a@example.com; b@example.com", ("a@example.com", "b@example.com")),
        ("a@example.com,b@example.com", ("a@example.com", "b@example.com")),
        ("a@example.com b@example.com", ("a@example.com", "b@example.com")),
        ("a@example.com\r\nb@example.com\n", ("a@example.com", "b@example.com")),
        ("a@example.com;A@Example.com", ("a@example.com",)),
        ("contato@padaria-são.com.br", ("contato@xn--padaria-so-n5a.com.br",)),
        ("o'hara+boletos@example.com", ("o'hara+boletos@example.com",)),
        ("", ()),
        (" ;, \n", ()),
    ],
)
def test_recipients_are_split_lowered_and_named_once(typed: str, valid: tuple[str, ...]) -> None:
    assert split_emails(typed) == (valid, ())


@pytest.mark.parametrize(
    "typed",
    [
        "nao tem",
        "x",
        "@example.com",
        "maria@",
        "maria@example..com",
        "mariaexample.com",
        '"maria"@example.com',
        "maria@[127.0.0.1]",
        "maria@localhost",
        "josé@example.com",
        "maria\x00@example.com",
        "maria@example.com\x0bBcc:x",
        "maria@example.com\u2028",
        "mar\u200bia@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
    ],
)
def test_what_is_not_an_address_comes_back_as_typed(typed: str) -> None:
    assert split_emails(typed) == ((), (typed,))


def test_a_command_after_a_line_break_is_another_and_invalid_recipient() -> None:
    valid, invalid = split_emails("a@example.com\nRCPT TO:<x@example.org>")
    assert valid == ("a@example.com",)
    assert invalid == ("RCPT", "TO:<x@example.org>")


def test_blanks_inside_a_quoted_local_part_do_not_hide_a_recipient() -> None:
    assert split_emails('"a b"@example.com') == ((), ('"a', 'b"@example.com'))


@given(st.text(max_size=200))
def test_no_text_yields_an_address_that_could_break_a_header(typed: str) -> None:
    for address in split_emails(typed)[0]:
        assert address.isascii()
        assert address == address.lower()
        assert not set(address) & set(" \t\r\n,;<>\"'()\\") - {"'"}
        assert address.count("@") == 1
