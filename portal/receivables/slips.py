"""What is printed on a boleto, put together once, when the title is generated."""

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from portal.boletos import BankAccount, Numbers, Party, Slip
from portal.core.money import CENT, format_amount, format_brl
from portal.receivables.models import Receivable
from portal.settings.logo import logo
from portal.settings.models import GeneralSettings
from portal.wallets.models import Wallet

DAYS_A_MONTH = 30  # commercial month: interest a day = interest a month / 30


def beneficiary(general: GeneralSettings | None) -> Party:
    """The company, as printed."""
    if general is None:
        return Party()
    return Party(
        name=general.company_name,
        cpf_cnpj=general.company_cpf_cnpj,
        address=general.company_address,
        district=general.company_district,
        city=general.company_city,
        state=general.company_state,
        postal_code=general.company_postal_code,
    )


def payer(row: Any) -> Party:
    """The client, from a row of `deliveries.facts.candidates`."""
    street = ", ".join(filter(None, (row.address, row.number)))
    return Party(
        name=row.client_name,
        cpf_cnpj=row.cpf_cnpj,
        address=" - ".join(filter(None, (street, row.complement))),
        district=row.district,
        city=row.city,
        state=row.state,
        postal_code=row.postal_code,
    )


def instructions(wallet: Wallet, amount: Decimal) -> tuple[str, ...]:
    """The wallet's own lines, then fine, interest and discount in figures for this amount."""
    lines = [line for line in wallet.instructions if line.strip()]
    if wallet.fine_percent:
        fine = _share(amount, wallet.fine_percent)
        rate = format_amount(wallet.fine_percent)
        lines.append(f"Após o vencimento, multa de {rate} % ({format_brl(fine)})")
    if wallet.interest_percent_month:
        daily = _share(amount, wallet.interest_percent_month / DAYS_A_MONTH)
        rate = format_amount(wallet.interest_percent_month)
        lines.append(f"Após o vencimento, juros de {rate} % ao mês ({format_brl(daily)} ao dia)")
    if 0 < wallet.discount < amount:  # a discount of all or more of the amount is no discount
        lines.append(f"Até o vencimento, desconto de {format_brl(wallet.discount)}")
    return tuple(lines)


def make_slip(
    *,
    account: BankAccount,
    numbers: Numbers,
    beneficiario: Party,
    pagador: Party,
    document_number: str,
    amount: Decimal,
    due_date: date,
    today: date,
    lines: tuple[str, ...],
    description: str,
) -> Slip:
    """The slip of a title generated `today`."""
    return Slip(
        account=account,
        numbers=numbers,
        beneficiario=beneficiario,
        pagador=pagador,
        numero_documento=document_number,
        data_documento=today,
        data_processamento=today,
        valor=amount,
        vencimento=due_date,
        instructions=lines,
        demonstrativo=(description,),
    )


def slips_of(receivables: Iterable[Receivable]) -> list[Slip]:
    """The slips as they were frozen in the titles, under the company's logo of today."""
    png = logo()
    return [Slip.from_dict(receivable.printed, png) for receivable in receivables]


def _share(amount: Decimal, percent: Decimal) -> Decimal:
    return (amount * percent / 100).quantize(CENT, ROUND_HALF_UP)
