"""The form of aba Devoluções."""

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, PasswordField, SelectField
from wtforms.validators import ValidationError

from portal.core.errors import InvalidValue
from portal.deliveries.bounces import settings
from portal.smtp.account_rules import SECURITY_NAMES
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.forms import RulesForm, WholeNumberField
from portal.smtp.models import SmtpAccount
from portal.web.forms import TextField

HELP = {
    "imap_host": "O servidor em que a caixa é lida, por exemplo imap.exemplo.com. Em branco, o "
    "portal não lê devoluções desta conta.",
    "imap_port": "993 com SSL, ou 143 com TLS.",
    "imap_security": "Com a porta 993 use SSL; com a porta 143 use TLS.",
    "imap_username": "Em geral o endereço completo da caixa que recebe as devoluções: a do "
    "remetente da conta.",
    "imap_password": "No Gmail é preciso uma senha de app. No Microsoft 365 senhas não servem: "
    "com OAuth 2.0 na aba Conta, deixe em branco.",
    "imap_folder": "A caixa de entrada chama-se INBOX. Se uma regra do provedor move as "
    "devoluções, informe a pasta para onde vão.",
}


class MailboxForm(RulesForm):
    """Where the bounces of an account arrive. The password goes in and never comes out."""

    imap_host = TextField("Servidor IMAP")
    imap_port = WholeNumberField("Porta")
    imap_security = SelectField(
        "Tipo de segurança", choices=[(kind.value, text) for kind, text in SECURITY_NAMES.items()]
    )
    imap_username = TextField("Usuário")
    imap_password = PasswordField("Senha")
    clear_password = BooleanField("Remover a senha guardada")
    imap_folder = TextField("Pasta")

    def __init__(self, account: SmtpAccount, policy: DestinationPolicy) -> None:
        stored = {name: getattr(account, name) for name in settings.DEFAULTS}
        super().__init__(data={**stored, "imap_password": "", "version": account.version})
        self._policy = policy

    def validate_clear_password(self, field: BooleanField) -> None:
        """Both at once is a slip of the hand."""
        if field.data and self.imap_password.data:
            raise ValidationError("Informe a nova senha ou remova a guardada, não os dois.")

    def problems(self) -> Iterable[InvalidValue]:
        return settings.problems(self.values(), self._policy)

    def values(self) -> dict[str, Any]:
        """Column values, as the service takes them."""
        values = self.to_command()
        if values.pop("clear_password"):
            values["imap_password"] = ""
        elif not values["imap_password"]:
            values["imap_password"] = None
        return values
