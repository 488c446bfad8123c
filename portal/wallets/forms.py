"""The form of a wallet: what every wallet has, and the fields that its bank asks for."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from wtforms import Field, HiddenField, RadioField, SelectField

from portal.boletos import Bank, FieldSpec, banks
from portal.core.errors import InvalidValue
from portal.core.money import parse_amount
from portal.smtp.forms import RulesForm, WholeNumberField
from portal.wallets.labels import KIND_NAMES
from portal.wallets.models import BANK_FIELDS, WalletKind
from portal.wallets.rules import find_bank, only_asked_for, wallet_problems
from portal.web.choices import yes_no
from portal.web.forms import (
    LongTextField,
    MoneyField,
    PercentField,
    TextField,
    at_most,
    required,
)

HELP = {
    "name": "Como a carteira é chamada aqui e nas importações.",
    "kind": "Banco: o portal faz o boleto. Gateway: outro sistema registra, emite e avisa.",
    "bank_code": "O banco que registra os boletos. Os campos abaixo são os que ele pede.",
    "next_nosso_numero": "O número do próximo boleto, sem o dígito. Só pode aumentar.",
    "instructions": "Uma por linha, até 8; saem impressas no boleto.",
    "fine_percent": "Sobre o valor, após o vencimento. De consumidores, até 2,00 %.",
    "interest_percent_month": "Por dia de atraso, proporcional. Como no contrato, em geral 1,00 %.",
    "discount": "Em reais, para quem paga até o vencimento. Em branco, sem desconto.",
    "email_on_generation": "Habilitado, o sistema envia o boleto no momento da geração do "
    "financeiro, sem processo manual. Exige Tipo de envio de cobrança = E-mail e uma conta em "
    "Parâmetros financeiro.",
    "active": "Inativa, a carteira não envia ao gerar e não pode ser dada a um contrato.",
}


def help_for(bank: Bank | None) -> Mapping[str, str]:
    """The help of each field, for a wallet of this bank."""
    if bank is None or not bank.yearly:
        return HELP
    number = (
        f"O número do próximo boleto deste ano, sem ano, byte nem dígito. O {bank.name} recomeça"
        " em 1 a cada ano e quando o byte sobe; até lá só pode aumentar."
    )
    return {**HELP, "next_nosso_numero": number}


class DiscountField(MoneyField):
    """An amount in reais, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        raw = valuelist[0].replace("R$", "").strip() if valuelist else ""
        self.data = Decimal("0.00")
        if raw.strip("0,."):
            try:
                self.data = parse_amount(raw)
            except InvalidValue as error:
                raise ValueError(str(error)) from None


class WalletForm(RulesForm):
    """What every wallet has. Build it with `wallet_form`, which adds the bank's fields."""

    bank: Bank | None = None
    name = TextField("Nome da carteira", [required()])
    kind = RadioField(
        "Tipo",
        choices=[(kind.value, text) for kind, text in KIND_NAMES.items()],
        coerce=lambda value: str(getattr(value, "value", value)),
    )
    bank_code = SelectField(
        "Banco",
        choices=[
            ("", "Nenhum"),
            *((item.code, f"{item.code} - {item.name}") for item in banks() if item.listed),
        ],
    )
    # What the page showed: unchanged by the person, the row's present value stays.
    seen_number = HiddenField()
    next_nosso_numero = WholeNumberField("Próximo nosso número")
    instructions = LongTextField("Instruções", render_kw={"rows": 4})
    fine_percent = PercentField("Multa (%)")
    interest_percent_month = PercentField("Juros (% ao mês)")
    discount = DiscountField("Desconto (R$)")
    email_on_generation = yes_no(
        "Enviar e-mail para cliente ao gerar financeiro do contrato", default=False
    )
    active = yes_no("Ativa", default=True)

    def __init__(self, current: Mapping[str, Any], today: date) -> None:
        shown = {
            **current,
            "instructions": "\n".join(current["instructions"]),
            "seen_number": str(current["next_nosso_numero"]),
        }
        super().__init__(data=shown)
        self._current, self._today = current, today

    @property
    def bank_fields(self) -> list[tuple[Field, str]]:
        """The fields that the bank asks for, each with its help."""
        specs = self.bank.fields if self.bank else ()
        return [(self[spec.name], spec.help) for spec in specs if spec.name in BANK_FIELDS]

    def values(self) -> dict[str, Any]:
        """Column values, as the service takes them; the number only if the person changed it."""
        values = {**self._current, **self.to_command()}
        lines = str(values["instructions"] or "").split("\n")
        values["instructions"] = [line.strip() for line in lines if line.strip()]
        values["kind"] = WalletKind(values["kind"])
        if values.pop("seen_number") == str(values["next_nosso_numero"]):
            del values["next_nosso_numero"]  # generation may have moved it on meanwhile
        values.pop("version")
        return only_asked_for(values)

    def problems(self) -> Iterable[InvalidValue]:
        if self.kind.errors or self.bank_code.errors:
            return ()
        return wallet_problems({**self._current, **self.values()}, self._today)


def wallet_form(current: Mapping[str, Any], bank_code: str | None, today: date) -> WalletForm:
    """The form for `current` values, with the fields of `bank_code` (None: the current bank's)."""
    found = find_bank(current["bank_code"] if bank_code is None else bank_code)
    fields = {spec.name: _field(spec) for spec in found.fields} if found else {}
    extra = {name: field for name, field in fields.items() if name in BANK_FIELDS}
    kind = type("WalletForm", (WalletForm,), {**extra, "bank": found})
    return cast(WalletForm, kind(current, today))


def _field(spec: FieldSpec) -> Field:
    validators = [required()] if spec.required else []
    if spec.choices:
        choices = [("", "Escolha" if spec.required else "—"), *spec.choices]
        return SelectField(spec.label, validators, choices=choices)
    length = spec.max_length if spec.kind != "text" else 20
    return TextField(
        spec.label, [*validators, at_most(20)], render_kw={"maxlength": max(length, 1) + 8}
    )
