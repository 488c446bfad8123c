"""Titles that have a boleto."""

from typing import Any

from portal.boletos import Party, Title, compute
from portal.core.db import db
from portal.receivables.models import Receivable
from portal.receivables.slips import make_slip
from tests import factories

_PARTY = Party("Rede Exemplo LTDA", "11222333000181", "Rua das Fibras, 100", "Centro", "Campinas")


def create_boleto(**changes: Any) -> Receivable:
    """An open title with the boleto of its wallet, as a run would have frozen it."""
    title = factories.create_receivable(**changes)
    account = title.wallet.bank_account
    numbers = compute(account, Title(str(title.id), title.amount, title.due_date))
    slip = make_slip(
        account=account,
        numbers=numbers,
        beneficiario=_PARTY,
        pagador=Party(title.client.name, title.client.cpf_cnpj),
        document_number=title.document_number,
        amount=title.amount,
        due_date=title.due_date,
        today=factories.TODAY,
        lines=("Não receber após 30 dias",),
        description=f"Contrato {title.contract.code}",
    )
    title.sequence = title.id
    title.nosso_numero = numbers.nosso_numero
    title.campo_livre = numbers.campo_livre
    title.codigo_barras = numbers.codigo_barras
    title.linha_digitavel = numbers.linha_digitavel
    title.printed = slip.to_dict()
    db.session.commit()
    return title
