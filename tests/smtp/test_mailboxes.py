import pytest

from portal.smtp.mailboxes import InvalidMailbox, clean_mailbox, needs_smtputf8


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("maria@example.com", "maria@example.com"),
        ("Maria.Silva+boleto@Example.COM", "Maria.Silva+boleto@example.com"),
        ("o'neil_a-b@sub.example.com.br", "o'neil_a-b@sub.example.com.br"),
        ("josé@exâmplo.com.br", "josé@xn--exmplo-xta.com.br"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_a_plain_address_is_kept_with_its_domain_in_ascii(given: str, clean: str) -> None:
    assert clean_mailbox(given) == clean


@pytest.mark.parametrize(
    "given",
    [
        "",
        "maria",
        "@example.com",
        "maria@",
        "maria@@example.com",
        "a@b.com\nRCPT TO:<x@y.z>",
        "a@b.com\r\nBcc: x@y.z",
        "a@b.com,c@d.com",
        "a@b.com;c@d.com",
        "a@b.com c@d.com",
        "a b@example.com",
        '"quoted local"@example.com',
        "Maria <maria@example.com>",
        "<maria@example.com>",
        "maria@[127.0.0.1]",
        "maria@exa mple.com",
        "maria@example..com",
        "maria@-example.com",
        "ma\0ria@example.com",
        "ma\u2028ria@example.com",
        "ma\ud800ria@example.com",
        "ma\u202eria@example.com",
        "a" * 250 + "@example.com",
    ],
)
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(InvalidMailbox, match="E-mail inválido") as caught:
        clean_mailbox(given)
    assert str(caught.value).isprintable()


def test_only_the_local_part_asks_for_smtputf8() -> None:
    assert needs_smtputf8("josé@example.com")
    assert not needs_smtputf8("jose@xn--exmplo-xta.com.br")
