"""The company's logo on boletos: a checked PNG of Parâmetros gerais."""

from datetime import datetime

from portal.boletos import InvalidBoleto, check_logo
from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import InvalidValue
from portal.settings.models import GeneralSettings
from portal.settings.service import general_row


def logo() -> bytes:
    """The PNG, or nothing."""
    general = db.session.get(GeneralSettings, 1)
    return (general.logo_png or b"") if general else b""


def put_logo(content: bytes, actor: Actor | None, now: datetime) -> None:
    """Keep a new logo; an empty one removes it. Raises InvalidValue (`logo_png`)."""
    if content:
        try:
            check_logo(content)
        except InvalidBoleto as error:
            raise InvalidValue("logo_png", str(error)) from error
    general = general_row()
    general.logo_png = content or None
    what = "trocado" if content else "removido"
    audit.record(
        actor, "settings.change_logo", "general_settings", 1, now, summary=f"Logotipo {what}"
    )
    db.session.commit()
