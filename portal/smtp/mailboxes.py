"""What an e-mail address may look like before it goes into an SMTP command or a header."""

import re

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]\x00-\x20\x7f]+")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.IGNORECASE)


class InvalidMailbox(ValueError):
    """Not one plain address; the message is fit to be shown."""


def clean_mailbox(text: str) -> str:
    """One address `local@domain`, its domain in ASCII (IDNA), fit for MAIL, RCPT and To.

    Raises InvalidMailbox for anything else: several addresses, display names, quoted local
    parts, white space, line breaks, address literals. Nothing is cut away silently.
    """
    local, at, domain = text.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
        local.encode("utf-8")
    except UnicodeError:
        at = ""
        ascii_domain = ""
    labels = ascii_domain.split(".")
    fits = (
        at
        and len(text) <= MAX_LENGTH
        and _LOCAL.fullmatch(local)
        and local.isprintable()
        and all(_LABEL.fullmatch(label) for label in labels)
    )
    if not fits:
        raise InvalidMailbox(f"E-mail inválido: {text[:80]!a}. Escreva como nome@exemplo.com.")
    return f"{local}@{ascii_domain}"


def needs_smtputf8(address: str) -> bool:
    """Whether the part before the @ goes beyond ASCII (RFC 6531)."""
    return not address.rpartition("@")[0].isascii()
