"""Titles that have a boleto, and counting what a page asks of the database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from portal.boletos import Party, Title, compute
from portal.core.db import db
from portal.receivables.models import Receivable
from portal.receivables.slips import make_slip
from tests import factories

log = logging.getLogger("portal.tests")  # heard as the portal is

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


@contextmanager
def counting(app: Flask) -> Iterator[list[str]]:
    """The SELECTs run meanwhile, in order."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def selects(app: Flask, browser: FlaskClient, url: str) -> int:
    """How many SELECTs the page takes, a new connection's own questions apart."""
    browser.get(url)
    with counting(app) as seen:
        assert browser.get(url).status_code == 200
    log.info("%s took:\n%s", url, "\n".join(seen))  # shown when a test fails
    return len(seen)
