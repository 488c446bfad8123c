"""From a number to the page that shows it or mends it."""

from collections.abc import Collection
from typing import Any

from flask import url_for

from portal.generation.models import Generation

Link = tuple[str, str]  # text, URL


CHOICES = {  # parameter of a run → choice and field of the form's URL
    "wallet_name": ("carteira", "carteira"),
    "plan": ("plano", "plano"),
    "city": ("cidade", "cidade"),
    "due_day": ("vencimento", "dia"),
}


def of_choice(generation: Generation) -> str:
    """The form filled as it was for this run."""
    given = generation.parameters
    choice: dict[str, Any] = {"quem": "todos"}
    if codes := given.get("contract_codes"):
        choice = {"quem": "contrato", "contrato": codes[0]}
    elif limit := given.get("limit"):
        choice = {"quem": "piloto", "clientes": limit}
    elif codes := given.get("client_codes"):
        choice = {"quem": "lista", "lista": ",".join(codes)}
    elif given.get("rest"):
        choice = {"quem": "resto"}
    else:
        for key, (who, name) in CHOICES.items():
            if given.get(key):
                choice = {"quem": who, name: given[key]}
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


def of_contracts(code: str) -> tuple[Link, ...]:
    """Where the reason of contracts that are not generated is mended."""
    if code == "contract_active":
        return (
            ("Suspensos", url_for("contracts.index", status="suspended")),
            ("Cancelados", url_for("contracts.index", status="cancelled")),
        )
    if code == "client_active":
        return (("Clientes inativos", url_for("clients.index", ativo="N")),)
    if code == "open_receivables_limit":
        return (("Mudar o limite", url_for("settings.financial")),)
    return ()
