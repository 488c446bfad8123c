"""How a client's e-mail field is stored: addresses that work, those that do not, and the state."""

from typing import Any, TypedDict

from portal.clients.models import EmailStatus
from portal.core.emails import split_emails

SEPARATOR = ", "
# The columns that say that an address of the client sent a boleto back, cleared.
NEVER_BOUNCED: dict[str, Any] = {"bounced_at": None, "bounce_reason": ""}


class EmailColumns(TypedDict):
    """The three columns that always change together."""

    emails: str
    invalid_emails: str
    email_status: EmailStatus


def email_columns(text: str) -> EmailColumns:
    """The columns for one typed or imported field; forms, service and import all use this.

    The state is OK as soon as one address works, INVALID when there are only others,
    MISSING when the field is empty.
    """
    valid, invalid = split_emails(text)
    status = EmailStatus.MISSING
    if valid or invalid:
        status = EmailStatus.OK if valid else EmailStatus.INVALID
    return {
        "emails": SEPARATOR.join(valid),
        "invalid_emails": SEPARATOR.join(invalid),
        "email_status": status,
    }
