"""Forms of the SMTP accounts. Labels and help are the manual's words."""

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, IntegerField, PasswordField, SelectField
from wtforms.validators import ValidationError

from portal.core.errors import InvalidValue
from portal.smtp import accounts, providers
from portal.smtp.account_rules import AUTH_NAMES, SECURITY_NAMES, account_problems
from portal.smtp.addresses import DestinationPolicy
from portal.smtp.message_rules import message_problems
from portal.smtp.models import AuthMethod, Security
from portal.smtp.variables import SUBJECT_LIMIT
from portal.web.choices import as_bool, yes_no
from portal.web.forms import EditForm, LongTextField, PortalForm, TextField, required

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
    "auth_method": "Senha para a maioria dos provedores. O Microsoft 365 está desligando o login "
    "por senha: use OAuth 2.0. No Google Workspace os dois servem.",
    "oauth_token_url": "Onde o portal pede o token de acesso. Microsoft 365: "
    "https://login.microsoftonline.com/ID-DO-LOCATÁRIO/oauth2/v2.0/token. "
    "Google: https://oauth2.googleapis.com/token.",
    "oauth_client_id": "O ID do aplicativo que a sua empresa registrou no provedor (Entra ID ou "
    "Google Cloud).",
    "oauth_client_secret": "Em branco se o aplicativo não tem segredo (cliente público).",
    "oauth_refresh_token": "O token que o provedor entrega quando a caixa autoriza o aplicativo. "
    "Com ele o portal renova o acesso sozinho.",
    "oauth_scope": "Microsoft 365: https://outlook.office.com/SMTP.Send offline_access. Google: em "
    "branco; a autorização precisa do escopo https://mail.google.com/.",
    "utf8": "Relacionado à leitura de caracteres especiais. Marque como sim.",
    "force_charset": "Marque a opção UTF-8.",
    "test_recipient": "Insira um e-mail destinatário para efetuar o teste de envio.",
    "hourly_limit": "Verifique com o provedor de e-mails o limite de envios por hora do endereço "
    "de e-mail e insira neste campo.",
    "daily_limit": "Verifique com o provedor de e-mails o limite de envios por dia do endereço de "
    "e-mail e insira neste campo.",
    "minute_limit": "Alguns provedores limitam também por minuto: o Microsoft 365, a 30. Em "
    "branco, não há esse limite.",
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


class OptionalNumberField(WholeNumberField):
    """A whole number, or None where nothing is written."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and valuelist[0].strip():
            super().process_formdata(valuelist)
        else:
            self.data = None


class RulesForm(EditForm):
    """A form whose values must also pass rules that other ways in share."""

    def problems(self) -> Iterable[InvalidValue]:
        """The refusals of the rules; asked only when every field could be read."""
        return ()

    def validate(self, extra_validators: Any = None) -> bool:
        fine = bool(super().validate(extra_validators))
        # A choice that is not in its list is no value either: the rules know only those.
        if any(f.process_errors or (isinstance(f, SelectField) and f.errors) for f in self):
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
    minute_limit = OptionalNumberField("Limite de e-mails por minuto")

    def __init__(self, current: dict[str, Any], policy: DestinationPolicy) -> None:
        # A secret never comes back to a page.
        super().__init__(data={**current, **dict.fromkeys(accounts.SECRETS, "")})
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
    """Aba Conta: the eleven fields of the manual, the name, the sender and OAuth 2.0."""

    name = TextField("Nome da conta", [required()])
    host = TextField("Servidor de saída", [required()])
    username = TextField("Usuário")
    password = PasswordField("Senha")
    clear_password = BooleanField("Remover a senha guardada")
    auth_method = SelectField(
        "Método de login", choices=[(kind.value, text) for kind, text in AUTH_NAMES.items()]
    )
    oauth_token_url = TextField("Endereço do token")
    oauth_client_id = TextField("ID do cliente")
    oauth_client_secret = PasswordField("Segredo do cliente")
    clear_client_secret = BooleanField("Remover o segredo guardado")
    oauth_refresh_token = PasswordField("Refresh token")
    oauth_scope = TextField("Escopo")
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

    def validate_clear_client_secret(self, field: BooleanField) -> None:
        """As with the password."""
        if field.data and self.oauth_client_secret.data:
            raise ValidationError("Informe o novo segredo ou remova o guardado, não os dois.")

    def values(self) -> dict[str, Any]:
        values = self.to_command()
        values["security"] = Security(values["security"])
        values["auth_method"] = AuthMethod(values["auth_method"])
        values["sender_address"] = values["sender_address"] or values["username"]
        cleared = {
            "password": values.pop("clear_password"),
            "oauth_client_secret": values.pop("clear_client_secret"),
        }
        for secret in accounts.SECRETS:
            values[secret] = "" if cleared.get(secret) else self._typed_secret(secret)
        return values

    def _typed_secret(self, name: str) -> str | None:
        """What was typed; None, which keeps what is stored, where nothing was."""
        typed = self._fields[name].data or ""
        # A pasted token often brings its line end along; a password is taken as it is.
        return (typed if name == "password" else typed.strip()) or None


class MessageForm(RulesForm):
    """Aba Mensagem."""

    subject = TextField("Assunto", render_kw={"maxlength": SUBJECT_LIMIT})
    body = LongTextField("Mensagem", render_kw={"rows": 14})

    def problems(self) -> Iterable[InvalidValue]:
        return message_problems(self.subject.data or "", self.body.data or "")


class PauseForm(PortalForm):
    """Why sending stops."""

    reason = TextField("Motivo da pausa")


def new_account_values(provider: str = "") -> dict[str, Any]:
    """What the form of a new account begins with; `provider` is the key of a preset."""
    preset = providers.BY_KEY.get(provider)
    return {**accounts.DEFAULTS, **(preset.values if preset else {})}
