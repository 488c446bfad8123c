"""E-mail addresses of a client: one field, one or more recipients."""

import re

from email_validator import EmailNotValidError, validate_email

_SEPARATORS = re.compile(r"[;,\r\n]+")
_BLANKS = re.compile(r"[ \t\xa0]+")


def split_emails(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The recipients named in one field: (valid, invalid), each in the order given, once.

    Recipients are separated by `;`, `,`, blanks or line breaks. Valid ones come lower-cased,
    the domain in ASCII (IDNA), checked without DNS. Quoted local parts, address literals,
    accents before the @ (few servers take them; nearly always a slip of the keyboard) and
    control characters make an address invalid; invalid ones come as they were typed.
    """
    valid: dict[str, None] = {}
    invalid: dict[str, None] = {}
    for candidate in _candidates(text):
        address = _normalised(candidate)
        if address is None:
            invalid[candidate] = None
        else:
            valid[address] = None
    return tuple(valid), tuple(invalid)


def _candidates(text: str) -> list[str]:
    found: list[str] = []
    for piece in _SEPARATORS.split(text):
        words = [word for word in _BLANKS.split(piece) if word]
        # “não tem” is one remark, not two addresses.
        found += words if any("@" in word for word in words) else [" ".join(words)]
    return [candidate for candidate in found if candidate]


def _normalised(candidate: str) -> str | None:
    try:
        checked = validate_email(
            candidate, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return None
    return checked.ascii_email.lower() if checked.ascii_email else None
