"""Forms of the clients."""

from typing import Any

from wtforms import SelectField

from portal.clients.csv_import import EMAIL_SIZE, STATES, is_postal_code
from portal.clients.models import Client
from portal.core.documents import parse_cpf_cnpj
from portal.core.emails import split_emails
from portal.core.errors import InvalidValue
from portal.web.choices import yes_no
from portal.web.formatters import cpf_cnpj, postal_code
from portal.web.forms import (
    EditForm,
    LongTextField,
    TextField,
    at_most,
    invalid,
    required,
)

HELP = {
    "code": "O código do cliente no seu sistema. É a chave das importações; não muda depois.",
    "cpf_cnpj": "Com ou sem pontuação. O CNPJ pode ter letras.",
    "emails": "Um ou mais, um por linha ou separados por ponto e vírgula. Todos recebem o boleto.",
    "postal_code": "8 dígitos, por exemplo 13010-000.",
    "active": "Cliente inativo não recebe boletos.",
}


# Columns that the form shows as they are stored.
PLAIN = (
    "version", "name", "phone", "address", "number", "complement", "district", "city", "state",
    "active",
)  # fmt: skip


class ClientForm(EditForm):
    """Aba Dados."""

    name = TextField("Nome ou razão social", [required(), at_most(160)])
    cpf_cnpj = TextField("CPF ou CNPJ", [required(), at_most(30)])
    emails = LongTextField("E-mails", [at_most(EMAIL_SIZE)], render_kw={"rows": 3})
    phone = TextField("Telefone", [at_most(40)])
    address = TextField("Endereço", [at_most(200)])
    number = TextField("Número", [at_most(20)])
    complement = TextField("Complemento", [at_most(80)])
    district = TextField("Bairro", [at_most(80)])
    city = TextField("Cidade", [at_most(80)])
    state = SelectField("Estado", choices=[("", "—"), *((name, name) for name in STATES)])
    postal_code = TextField("CEP")
    active = yes_no("Ativo", default=True)

    def validate_cpf_cnpj(self, field: TextField) -> None:
        try:
            parse_cpf_cnpj(field.data or "")
        except InvalidValue as error:
            raise invalid(str(error)) from None

    def validate_emails(self, field: LongTextField) -> None:
        wrong = split_emails(field.data or "")[1]
        if wrong:
            raise invalid(f"“{wrong[0][:80]}” não é um e-mail válido: corrija ou apague.")

    def validate_postal_code(self, field: TextField) -> None:
        if field.data and not is_postal_code(field.data):
            raise invalid("O CEP tem 8 dígitos: escreva como 13010-000.")

    def values(self) -> dict[str, Any]:
        """Typed values, as the service takes them."""
        return {name: "" if value is None else value for name, value in self.to_command().items()}


class NewClientForm(ClientForm):
    """Novo cliente: as Dados, with the code."""

    code = TextField("Código", [required(), at_most(30)])


def form_of(client: Client) -> ClientForm:
    """The form with the client's values, as people write them."""
    shown = {name: getattr(client, name) for name in PLAIN}
    addresses = [*client.email_list, *filter(None, client.invalid_emails.split(", "))]
    return ClientForm(
        data=shown
        | {
            "cpf_cnpj": cpf_cnpj(client.cpf_cnpj),
            "postal_code": postal_code(client.postal_code),
            "emails": "\n".join(addresses),
        }
    )
