"""What a wallet must look like to be saved: proved by the numbers of a sample boleto."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from portal.boletos import Bank, BankAccount, InvalidBoleto, Title, bank, compute
from portal.core.errors import InvalidValue
from portal.wallets.models import BANK_FIELDS, Wallet, WalletKind

NAME_LIMIT = 80
MOST_INSTRUCTIONS, INSTRUCTION_LIMIT = 8, 90
FINE_LIMIT = Decimal(2)
INTEREST_ADVICE = Decimal(1)
MOST_PERCENT = Decimal(100)
MOST_DISCOUNT = Decimal("99999999.99")
LARGEST_NUMBER = 10**17 - 1
GATEWAY_NOTICE = (
    "O uso do parâmetro Enviar E-mail para o Cliente ao Gerar Financeiro do Contrato não é "
    "recomendado para carteiras de cobrança do tipo Gateway."
)
SAMPLE_AMOUNT = Decimal("119.90")
_WIDTHS = {name: int(getattr(Wallet, name).type.length) for name in BANK_FIELDS}
_RENAMED = {"numero": "next_nosso_numero"}  # a title's field, as the wallet calls it


@dataclass(frozen=True, slots=True)
class Sample:
    """The numbers that the wallet's next boleto would carry."""

    nosso_numero: str
    linha_digitavel: str
    agencia_codigo: str


def wallet_problems(values: Mapping[str, Any], today: date) -> Iterator[InvalidValue]:
    """Everything that forbids saving; bank data last, because they are proved together."""
    yield from _texts(values)
    yield from _charges(values)
    if not 1 <= values["next_nosso_numero"] <= LARGEST_NUMBER:
        yield InvalidValue("next_nosso_numero", "Informe 1 ou mais.")
        return
    if values["kind"] == WalletKind.GATEWAY and not has_bank_data(values):
        return
    if not values["bank_code"]:
        yield InvalidValue("bank_code", "Escolha o banco que registra os boletos.")
        return
    too_long = [name for name, width in _WIDTHS.items() if len(values[name]) > width]
    if too_long:
        yield InvalidValue(too_long[0], f"No máximo {_WIDTHS[too_long[0]]} caracteres.")
        return
    try:
        sample(values, today)
    except InvalidBoleto as error:
        yield InvalidValue(_RENAMED.get(error.field, error.field), str(error))


def wallet_warnings(values: Mapping[str, Any]) -> Iterator[str]:
    """What is allowed but seldom right."""
    if values["kind"] == WalletKind.GATEWAY and values["email_on_generation"]:
        yield GATEWAY_NOTICE
    if values["interest_percent_month"] > INTEREST_ADVICE:
        yield (
            "Juros acima de 1 % ao mês costumam ser contestados. Confira se o contrato com o "
            "cliente prevê esta taxa."
        )


def sample(values: Mapping[str, Any], today: date) -> Sample:
    """The wallet's next boleto, of an invented title. Raises InvalidBoleto naming the field."""
    account = BankAccount(**{name: values[name] for name in BANK_FIELDS})
    found = bank(account.bank_code)
    found.check(account)
    title = Title(
        numero=values["next_nosso_numero"],
        valor=SAMPLE_AMOUNT,
        vencimento=today,
        numero_documento="1",
        data_documento=today,
        ano=str(today.year),
        parcela="1",
    )
    numbers = compute(account, title)
    return Sample(numbers.nosso_numero, numbers.linha_digitavel, found.agencia_codigo(account))


def has_bank_data(values: Mapping[str, Any]) -> bool:
    """Whether any bank field is filled."""
    return any(values[name] for name in BANK_FIELDS)


def only_asked_for(values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with the bank fields that the chosen bank does not ask for emptied."""
    found = find_bank(values["bank_code"])
    asked = {"bank_code", *(spec.name for spec in found.fields)} if found else {"bank_code"}
    return {
        name: "" if name in BANK_FIELDS and name not in asked else value
        for name, value in values.items()
    }


def find_bank(code: str) -> Bank | None:
    """The bank of that code; None when it is not one of ours."""
    try:
        return bank(code) if code else None
    except InvalidBoleto:
        return None


def _texts(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    if not values["name"]:
        yield InvalidValue("name", "Dê um nome à carteira, por exemplo Itaú 109.")
    elif len(values["name"]) > NAME_LIMIT:
        yield InvalidValue("name", f"No máximo {NAME_LIMIT} caracteres.")
    lines = values["instructions"]
    if len(lines) > MOST_INSTRUCTIONS:
        yield InvalidValue("instructions", f"Cabem {MOST_INSTRUCTIONS} linhas no boleto.")
    for number, line in enumerate(lines, start=1):
        if len(line) > INSTRUCTION_LIMIT:
            yield InvalidValue(
                "instructions", f"Linha {number}: no máximo {INSTRUCTION_LIMIT} caracteres."
            )
            return


def _charges(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    if not 0 <= values["fine_percent"] <= FINE_LIMIT:
        yield InvalidValue(
            "fine_percent",
            "A multa vai até 2,00 %: mais não pode ser cobrado de consumidores (Código de Defesa "
            "do Consumidor, art. 52, § 1º).",
        )
    if not 0 <= values["interest_percent_month"] <= MOST_PERCENT:
        yield InvalidValue("interest_percent_month", "Informe uma porcentagem de 0 a 100.")
    if not 0 <= values["discount"] <= MOST_DISCOUNT:
        yield InvalidValue("discount", "Informe um desconto em reais, ou deixe em branco.")
