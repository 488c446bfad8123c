"""Forms of the contracts. Labels and help are the manual's words."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from wtforms import RadioField, SelectField, StringField
from wtforms.widgets import NumberInput

from portal.contracts.labels import STATUS_LABELS, delivery_text
from portal.contracts.models import Contract, ContractStatus
from portal.contracts.values import parse_date, parse_due_day
from portal.core.errors import InvalidValue
from portal.settings.models import DeliveryType
from portal.wallets.models import Wallet
from portal.web.formatters import day
from portal.web.forms import EditForm, MoneyField, TextField, at_most, required

T = TypeVar("T")
HELP = {
    "code": "O código do contrato no seu sistema. É a chave das importações; não muda depois.",
    "client_code": "Clique na lupa e selecione o cliente.",
    "amount": "Quanto o cliente paga por mês, por exemplo 119,90.",
    "due_day": "De 1 a 31. Nos meses mais curtos, vale o último dia.",
    "wallet_id": "Com qual carteira os boletos deste contrato são emitidos.",
    "status": "Só contratos ativos geram financeiro.",
    "delivery_type": "Para que o boleto seja enviado automaticamente ao gerar o financeiro, é "
    "obrigatório que o tipo seja E-mail. Padrão segue Parâmetros gerais, aba Contratos.",
}


class _ParsedField(StringField):
    """Text that a function of ours reads; `data` is its result, or None."""

    parse: Callable[[str], Any]

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if text:
            try:
                self.data = self.parse(text)
            except InvalidValue as error:
                raise ValueError(str(error)) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else str(self.data)


class DayField(_ParsedField):
    """A date written 28/06/2026: a browser's own date field follows its language, not ours."""

    parse = staticmethod(parse_date)

    def _value(self) -> str:
        is_date = isinstance(self.data, date) and not self.raw_data
        return day(self.data) if is_date else super()._value()


class DueDayField(_ParsedField):
    """A day of the month."""

    widget = NumberInput(min=1, max=31)
    parse = staticmethod(parse_due_day)


class ContractForm(EditForm):
    """What every form of a contract shares."""

    def values(self) -> dict[str, Any]:
        """Column values, as the service takes them."""
        values = self.to_command()
        if "delivery_type" in values:
            chosen = values["delivery_type"]
            values["delivery_type"] = DeliveryType(chosen) if chosen else None
        if "status" in values:
            values["status"] = ContractStatus(values["status"])
        return values


def _plain(value: Any) -> str:
    return "" if value is None else str(value)


def _status() -> RadioField:
    choices = [(status.value, label.text) for status, label in STATUS_LABELS.items()]
    return RadioField("Situação", choices=choices, coerce=_plain, default="active")


def _activated_on() -> DayField:
    return DayField("Data de ativação", [required()], render_kw={"placeholder": "dd/mm/aaaa"})


class DataForm(ContractForm):
    """Aba Dados."""

    plan = TextField("Plano", [at_most(120)])
    status = _status()
    activated_on = _activated_on()


class BillingForm(ContractForm):
    """Aba Faturamento."""

    delivery_type = RadioField("Tipo de Envio de Cobrança", coerce=_plain)
    wallet_id = SelectField("Carteira de cobrança", coerce=int)
    amount = MoneyField("Valor mensal (R$)", [required()])
    due_day = DueDayField("Dia de vencimento", [required()])

    def __init__(self, wallets: Sequence[Wallet], default: DeliveryType, **kwargs: Any) -> None:
        """`default` is what Padrão stands for today; inactive wallets show only where in use."""
        super().__init__(**kwargs)
        current = self.wallet_id.object_data
        self.wallet_id.choices = [
            (wallet.id, wallet.name if wallet.active else f"{wallet.name} (inativa)")
            for wallet in wallets
            if wallet.active or wallet.id == current
        ]
        kinds: tuple[DeliveryType | None, ...] = (None, *DeliveryType)
        self.delivery_type.choices = [
            (_plain(kind), delivery_text(kind, default)) for kind in kinds
        ]


class NewContractForm(BillingForm):
    """Novo contrato."""

    code = TextField("Código", [required(), at_most(30)])
    client_code = TextField("Código do cliente", [required(), at_most(30)])
    plan = TextField("Plano", [at_most(120)])
    status = _status()
    activated_on = _activated_on()

    @classmethod
    def empty(
        cls, wallets: Sequence[Wallet], default: DeliveryType, client_code: str, today: date
    ) -> "NewContractForm":
        """The form of a new contract, for a client where one is known already."""
        first = next((wallet.id for wallet in wallets if wallet.active), None)
        values = {"client_code": client_code, "activated_on": today, "wallet_id": first}
        return cls(wallets, default, data={**values, "delivery_type": ""})


def billing_form(
    contract: Contract, wallets: Sequence[Wallet], default: DeliveryType
) -> BillingForm:
    """Aba Faturamento with the contract's values."""
    values = {
        name: getattr(contract, name) for name in ("version", "wallet_id", "amount", "due_day")
    }
    # Padrão, NULL in the database, is the choice "".
    values["delivery_type"] = _plain(contract.delivery_type)
    return BillingForm(wallets, default, data=values)
