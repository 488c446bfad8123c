"""From a number to the page that shows it or mends it."""

from calendar import monthrange
from collections.abc import Collection
from datetime import date
from typing import Any

from flask import url_for

from portal.contracts.schedule import competences
from portal.generation.models import Generation

Link = tuple[str, str]  # text, URL


def of_choice(generation: Generation) -> str:
    """The form filled as it was for this run."""
    given = generation.parameters
    choice: dict[str, Any] = {"quem": "todos"}
    if codes := given.get("contract_codes"):
        choice = {"quem": "contrato", "contrato": codes[0]}
    elif limit := given.get("limit"):
        choice = {"quem": "piloto", "clientes": limit}
    elif name := given.get("wallet_name"):
        choice = {"quem": "carteira", "carteira": name}
    month = f"{generation.competence:%Y-%m}"
    return url_for(
        "generation.index", competencia=month, parcelas=generation.installments, **choice
    )


def of_titles(key: str, pages: Collection[str]) -> str:
    """Where the reason of titles that are not e-mailed is mended.

    `pages` are the rule's own links: one page that mends all of them wins over a list.
    """
    if key in ("client_email.missing", "client_email.invalid"):
        return url_for("clients.index", email=key.partition(".")[2])
    if len(pages) == 1:
        return next(iter(pages))
    return url_for("wallets.index" if key.startswith("wallet_") else "smtp.index")


def of_contracts(code: str, competence: date) -> tuple[Link, ...]:
    """Where the contracts that are not generated for `code` are seen."""
    if code == "contract_active":
        return (
            ("Suspensos", url_for("contracts.index", status="suspended")),
            ("Cancelados", url_for("contracts.index", status="cancelled")),
        )
    if code == "client_active":
        return (("Ver", url_for("clients.index", ativo="N")),)
    if code == "open_receivables_limit":
        return (
            ("Ver", url_for("receivables.index", situacao="open")),
            ("Limite", url_for("settings.financial")),
        )
    until = _last_day(competence)
    return (("Ver os títulos", url_for("receivables.index", de=competence, ate=until)),)


def of_printing(generation: Generation) -> str:
    """Emissão de boletos with what the run left to print."""
    months = competences(generation.competence, generation.installments)
    return url_for("issuance.index", tipo="printed", de=months[0], ate=_last_day(months[-1]))


def _last_day(competence: date) -> date:
    """A title falls due within its own month."""
    return competence.replace(day=monthrange(competence.year, competence.month)[1])
