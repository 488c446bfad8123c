"""Form of a token."""

from datetime import datetime, timedelta

from wtforms import SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from portal.api.scopes import NAMES, Scope
from portal.web.forms import PortalForm, TextField, at_most, required

FOR_EVER = "0"
LIVES = {"90": "90 dias", "365": "1 ano", "30": "30 dias", FOR_EVER: "Sem prazo"}
HELP = {
    "name": "Quem vai usá-lo, por exemplo “ERP” ou “Site do assinante”. Aparece na auditoria.",
    "lives": "Depois do prazo ele deixa de abrir. Gere outro antes.",
}


class TokenForm(PortalForm):
    """Novo token."""

    name = TextField("Nome", [required(), at_most(80)])
    scopes = SelectMultipleField(
        "Permissões",
        choices=[(scope.value, NAMES[scope]) for scope in Scope],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    lives = SelectField("Validade", choices=list(LIVES.items()))

    def expires_at(self, now: datetime) -> datetime | None:
        """The moment chosen; None for a token without end."""
        days = int(self.lives.data)
        return now + timedelta(days=days) if days else None
