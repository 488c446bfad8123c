"""Forms of the parameters. Labels and help are the manual's words."""

from collections.abc import Iterable
from typing import Any

from wtforms import DateField, RadioField, SelectField

from portal.core.errors import InvalidValue
from portal.settings.labels import BUSINESS_DAY_NAMES, DELIVERY_NAMES
from portal.settings.models import BusinessDayRule, DeliveryType
from portal.settings.rules import STATES, clean_company, company_problems, financial_problems
from portal.smtp.forms import OptionalNumberField, RulesForm, WholeNumberField
from portal.web.choices import yes_no
from portal.web.forms import PortalForm, TextField, at_most, required

HELP = {
    "company_name": "Razão social, como sai impressa no boleto (beneficiário).",
    "company_cpf_cnpj": "Com ou sem pontuação. O CNPJ pode ter letras.",
    "company_email": "Aparece nas mensagens como #empresa_email#.",
    "company_phone": "Aparece nas mensagens como #empresa_telefone#.",
    "company_address": "Rua e número, como saem no boleto.",
    "company_postal_code": "8 dígitos, por exemplo 13010-000.",
    "default_delivery_type": "Vale para todo contrato que não diga outra coisa na aba Faturamento.",
    "business_day_rule": "O que fazer com o vencimento que cai em sábado, domingo ou feriado "
    "bancário. Mantido, o boleto pode ser pago sem acréscimo no dia útil seguinte.",
    "pro_rata": "Sim: no mês da ativação o contrato paga só os dias a partir dela. Não: paga o mês "
    "inteiro. Antes da ativação nada é gerado.",
    "smtp_account_id": "Clique na lupa e selecione o E-mail SMTP previamente cadastrado. O sistema "
    "irá considerar as configurações do SMTP e sua respectiva mensagem configurada.",
    "group_by_client": "Sim: os boletos de um cliente, gerados juntos, vão em uma só mensagem. "
    "Não: uma mensagem por contrato.",
    "max_open_receivables": "Contrato com tantos títulos em aberto não gera outro. Em branco, sem "
    "limite.",
    "expire_after_days": "Boleto que ainda espera na fila tantos dias depois do vencimento não é "
    "mais enviado sozinho.",
}


class CompanyForm(RulesForm):
    """Parâmetros gerais, aba Empresa."""

    company_name = TextField("Nome da empresa")
    company_cpf_cnpj = TextField("CNPJ ou CPF")
    company_email = TextField("E-mail")
    company_phone = TextField("Telefone")
    company_address = TextField("Endereço")
    company_district = TextField("Bairro")
    company_city = TextField("Cidade")
    company_state = SelectField("Estado", choices=[("", "—"), *((name, name) for name in STATES)])
    company_postal_code = TextField("CEP")

    def values(self) -> dict[str, Any]:
        """Column values, as the service takes them."""
        return clean_company({name: value or "" for name, value in self.to_command().items()})

    def problems(self) -> Iterable[InvalidValue]:
        return company_problems(self.values())


class ContractsForm(RulesForm):
    """Parâmetros gerais, aba Contratos."""

    default_delivery_type = RadioField(
        "Tipo de cobrança padrão",
        choices=[(kind.value, text) for kind, text in DELIVERY_NAMES.items()],
        coerce=lambda value: str(getattr(value, "value", value)),
    )

    business_day_rule = RadioField(
        "Vencimento em dia não útil",
        choices=[(rule.value, text) for rule, text in BUSINESS_DAY_NAMES.items()],
        coerce=lambda value: str(getattr(value, "value", value)),
    )

    def delivery_type(self) -> DeliveryType:
        """The chosen type; ask only a valid form."""
        return DeliveryType(self.default_delivery_type.data)

    def business_days(self) -> BusinessDayRule:
        """The chosen rule; ask only a valid form."""
        return BusinessDayRule(self.business_day_rule.data)


class HolidayForm(PortalForm):
    """A municipal holiday."""

    day = DateField("Dia", name="dia", validators=[required()])
    name = TextField("Nome", [required(), at_most(80)], name="nome")


class FinancialForm(RulesForm):
    """Parâmetros financeiro. `accounts`: (id, text) of every account."""

    smtp_account_id = SelectField(
        "Servidor de e-mail para vários boletos e faturas", coerce=lambda value: str(value or "")
    )
    group_by_client = yes_no("Juntar os boletos do mesmo cliente em uma mensagem", default=True)
    max_open_receivables = OptionalNumberField("Máximo de títulos em aberto por contrato")
    pro_rata = yes_no("Cobrar o primeiro mês proporcional aos dias", default=False)
    expire_after_days = WholeNumberField("Desistir do envio quantos dias após o vencimento")

    def __init__(self, accounts: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        choices = [("", "Nenhuma conta escolhida")]
        self.smtp_account_id.choices = [*choices, *((str(key), text) for key, text in accounts)]

    def values(self) -> dict[str, Any]:
        """Column values, as the service takes them."""
        values = self.to_command()
        chosen = values["smtp_account_id"]
        values["smtp_account_id"] = int(chosen) if chosen else None
        return values

    def problems(self) -> Iterable[InvalidValue]:
        return financial_problems(self.to_command())
