"""Forms of the SMTP accounts. Labels and help are the manual's words."""

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, HiddenField, IntegerField, PasswordField, SelectField
from wtforms.validators import ValidationError

from portal.core.errors import InvalidValue
from portal.smtp import accounts
from portal.smtp.account_rules import SECURITY_NAMES, account_problems
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.message_rules import message_problems
from portal.smtp.models import Security
from portal.smtp.variables import SUBJECT_LIMIT
from portal.web.choices import as_bool, yes_no
from portal.web.forms import LongTextField, PortalForm, TextField, required

CHARSETS = (("1", "UTF-8"), ("0", "Não forçar"))
PORT_AND_SECURITY = (
    "Ao utilizar a porta 587, marque o tipo de segurança como TLS; ao utilizar a porta 465, "
    "marque a opção SSL."
)
HELP = {
    "name": "Como a conta é chamada aqui no portal, por exemplo Financeiro.",
    "host": "Insira o servidor de e-mail responsável por enviar mensagens a partir de um endereço "
    "de e-mail.",
    "username": "Insira o endereço de e-mail completo que realizará os envios de e-mail. "
    "Responsável pela autenticação no sistema.",
    "password": "Insira a senha de acesso ao endereço de e-mail. Chave associada ao e-mail para "
    "autenticação.",
    "port": "Indique o canal de comunicação utilizado para a conexão entre o endereço de e-mail e "
    "o servidor de e-mail. " + PORT_AND_SECURITY,
    "requires_auth": "Marque como sim.",
    "security": "Forma de criptografia usada para proteger a comunicação entre o endereço de "
    "e-mail e o servidor de e-mail. " + PORT_AND_SECURITY,
    "utf8": "Relacionado à leitura de caracteres especiais. Marque como sim.",
    "force_charset": "Marque a opção UTF-8.",
    "test_recipient": "Insira um e-mail destinatário para efetuar o teste de envio.",
    "hourly_limit": "Verifique com o provedor de e-mails o limite de envios por hora do endereço "
    "de e-mail e insira neste campo.",
    "daily_limit": "Verifique com o provedor de e-mails o limite de envios por dia do endereço de "
    "e-mail e insira neste campo.",
    "max_connections": "Quantas conexões o portal abre de uma vez. Com dúvida, deixe 2.",
    "sender_address": "O endereço que o cliente vê como remetente. Em branco, vale o usuário.",
    "sender_name": "O nome que o cliente vê ao lado do endereço, por exemplo o da empresa.",
    "reply_to": "Para onde vai a resposta do cliente. Em branco, volta ao remetente.",
    "subject": "Insira o assunto da mensagem de e-mail. Será apresentada como título da mensagem "
    "ao destinatário.",
    "body": "Insira o conteúdo da mensagem de e-mail que será enviada ao cliente. Insira variáveis "
    "financeiras conforme necessário.",
}
NUMBER_EXPECTED = "Informe um número inteiro."


class WholeNumberField(IntegerField):
    """An integer; what is not one is refused in pt-BR."""

    def process_formdata(self, valuelist: list[str]) -> None:
        raw = valuelist[0].strip() if valuelist else ""
        self.data = None
        if not (raw.isascii() and raw.isdigit() and len(raw) < 12):
            raise ValueError(NUMBER_EXPECTED)
        self.data = int(raw)


class RulesForm(PortalForm):
    """A form whose values must also pass rules that other ways in share."""

    version = HiddenField()

    @property
    def seen_version(self) -> int:
        """The row's version when the page was opened; 0 (never valid) when it is not a number."""
        raw = str(self.version.data or "")
        return int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 10 else 0

    def problems(self) -> Iterable[InvalidValue]:
        """The refusals of the rules; asked only when every field could be read."""
        return ()

    def validate(self, extra_validators: Any = None) -> bool:
        fine = bool(super().validate(extra_validators))
        if any(field.process_errors for field in self):
            return False
        for problem in self.problems():
            fine = False
            field = self._fields.get(problem.field)
            if field is None or not field.errors:
                self.reject(problem)
        return fine


class _AccountValues(RulesForm):
    """What the pages of an account share: the rest of its values, and the rules."""

    hourly_limit = WholeNumberField("Limite de e-mails por hora")
    daily_limit = WholeNumberField("Limite de e-mails por dia")

    def __init__(self, current: dict[str, Any], policy: DestinationPolicy) -> None:
        # A password never comes back to a page.
        super().__init__(data={**current, "password": ""})
        self._current, self._policy = current, policy

    def problems(self) -> Iterable[InvalidValue]:
        return account_problems({**self._current, **self.values()}, self._policy)

    def values(self) -> dict[str, Any]:
        """Column values, as the service takes them."""
        return self.to_command()


class LimitsForm(_AccountValues):
    """Limites e ritmo."""

    max_connections = WholeNumberField("Conexões ao mesmo tempo")


class AccountForm(_AccountValues):
    """Aba Conta: the eleven fields of the manual, the name and the sender."""

    name = TextField("Nome da conta", [required()])
    host = TextField("Servidor de saída", [required()])
    username = TextField("Usuário")
    password = PasswordField("Senha")
    clear_password = BooleanField("Remover a senha guardada")
    port = WholeNumberField("Porta")
    requires_auth = yes_no("Requer autenticação", default=True)
    security = SelectField(
        "Tipo de segurança", choices=[(kind.value, text) for kind, text in SECURITY_NAMES.items()]
    )
    utf8 = yes_no("Codificação UTF-8", default=True)
    force_charset = SelectField("Forçar codificação", choices=CHARSETS, coerce=as_bool)
    test_recipient = TextField("E-mail de destino para teste")
    sender_address = TextField("E-mail do remetente")
    sender_name = TextField("Nome do remetente")
    reply_to = TextField("Responder para")

    def validate_clear_password(self, field: BooleanField) -> None:
        """Both at once is a slip of the hand."""
        if field.data and self.password.data:
            raise ValidationError("Informe a nova senha ou remova a guardada, não os dois.")

    def values(self) -> dict[str, Any]:
        values = self.to_command()
        values["security"] = Security(values["security"])
        values["sender_address"] = values["sender_address"] or values["username"]
        if values.pop("clear_password"):
            values["password"] = ""
        elif not values["password"]:
            values["password"] = None
        return values


class MessageForm(RulesForm):
    """Aba Mensagem."""

    subject = TextField("Assunto", render_kw={"maxlength": SUBJECT_LIMIT})
    body = LongTextField("Mensagem", render_kw={"rows": 14})

    def problems(self) -> Iterable[InvalidValue]:
        return message_problems(self.subject.data or "", self.body.data or "")


class PauseForm(PortalForm):
    """Why sending stops."""

    reason = TextField("Motivo da pausa")


def new_account_values() -> dict[str, Any]:
    """What the form of a new account begins with."""
    return dict(accounts.DEFAULTS)
