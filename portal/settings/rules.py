"""What the parameters must look like to be saved. Screens and configuration files share it."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from portal.core.documents import parse_cpf_cnpj
from portal.core.errors import InvalidValue
from portal.settings.models import DeliveryType
from portal.smtp.mailboxes import InvalidMailbox, clean_mailbox

STATES = (
    *("AC", "AL", "AM", "AP", "BA", "CE", "DF", "ES", "GO", "MA", "MG", "MS", "MT", "PA"),
    *("PB", "PE", "PI", "PR", "RJ", "RN", "RO", "RR", "RS", "SC", "SE", "SP", "TO"),
)
TEXT_LIMITS = {
    "company_name": 120,
    "company_phone": 30,
    "company_address": 200,
    "company_district": 80,
    "company_city": 80,
}
MOST_OPEN = 1000
_CEP_MARKS = str.maketrans("", "", " .-")
MOST_DAYS = 3650


def clean_company(values: Mapping[str, Any]) -> dict[str, Any]:
    """Company data as they are stored: document and CEP without punctuation, UF in capitals.

    What cannot be read stays as it is: `company_problems` says why.
    """
    cleaned = {name: " ".join(str(value).split()) for name, value in values.items()}
    if "company_postal_code" in cleaned:
        cleaned["company_postal_code"] = cleaned["company_postal_code"].translate(_CEP_MARKS)
    if "company_state" in cleaned:
        cleaned["company_state"] = cleaned["company_state"].upper()
    if cleaned.get("company_cpf_cnpj"):
        with suppress(InvalidValue):
            cleaned["company_cpf_cnpj"] = parse_cpf_cnpj(cleaned["company_cpf_cnpj"])
    return cleaned


def company_problems(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    """What forbids saving cleaned company data. An empty field does not: it can be filled later."""
    for field, limit in TEXT_LIMITS.items():
        if len(values[field]) > limit:
            yield InvalidValue(field, f"No máximo {limit} caracteres.")
    if values["company_cpf_cnpj"]:
        try:
            parse_cpf_cnpj(values["company_cpf_cnpj"], "company_cpf_cnpj")
        except InvalidValue as error:
            yield error
    if values["company_email"]:
        try:
            clean_mailbox(values["company_email"])
        except InvalidMailbox as error:
            yield InvalidValue("company_email", str(error))
    if values["company_state"] and values["company_state"] not in STATES:
        yield InvalidValue("company_state", "Informe a sigla do estado, por exemplo SP.")
    code = values["company_postal_code"]
    if code and not (code.isascii() and code.isdigit() and len(code) == 8):
        yield InvalidValue("company_postal_code", "O CEP tem 8 dígitos: escreva como 13010-000.")


def financial_problems(values: Mapping[str, Any]) -> Iterator[InvalidValue]:
    """What forbids saving Parâmetros financeiro."""
    most = values["max_open_receivables"]
    if most is not None and not 1 <= most <= MOST_OPEN:
        yield InvalidValue(
            "max_open_receivables",
            f"Informe de 1 a {MOST_OPEN}, ou deixe em branco para não limitar.",
        )
    if not 1 <= values["expire_after_days"] <= MOST_DAYS:
        yield InvalidValue("expire_after_days", f"Informe de 1 a {MOST_DAYS} dias.")


def delivery_type(text: str) -> DeliveryType:
    """The delivery type called `text`. Raises InvalidValue."""
    try:
        return DeliveryType(text)
    except ValueError:
        raise InvalidValue("default_delivery_type", "Escolha E-mail ou Impresso.") from None
