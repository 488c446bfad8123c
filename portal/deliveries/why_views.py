"""Por que não foi enviado? For a title, and for a contract."""

from flask import current_app
from flask.typing import ResponseReturnValue

from portal.contracts import queries as contracts
from portal.core import clock
from portal.core.errors import NotFound
from portal.deliveries import explain, facts, labels, log_queries, log_words
from portal.deliveries.eligibility import DELIVERY
from portal.deliveries.views import bp
from portal.deliveries.why import story
from portal.receivables import labels as title_labels
from portal.receivables import queries as receivables
from portal.web.context import portal_today
from portal.web.htmx import render
from portal.web.permissions import Permission, requires


@bp.get("/financeiro/titulos/<int:receivable_id>/por-que")
@requires(Permission.SEE)
def why(receivable_id: int) -> ResponseReturnValue:
    """The rule's words when the title was generated, and now; the title's e-mails."""
    now = clock.now()
    settings = current_app.config["SETTINGS"]
    title = receivables.get(receivable_id)
    told = story(title, now)
    return render(
        "deliveries/why.html",
        section="receivables",
        title=title,
        story=told,
        rows=log_queries.rows_of(told.messages, now),
        detail=lambda row: log_words.detail(row, now, settings.timezone),
        situation=title_labels.status(title, portal_today(settings, now)),
        labels=labels,
        words=log_words,
    )


@bp.get("/contratos/<int:contract_id>/envio")
@requires(Permission.SEE)
def contract_why(contract_id: int) -> ResponseReturnValue:
    """Whether the contract's next boleto would be e-mailed, as things stand."""
    contract = contracts.get(contract_id)
    now = clock.now()
    month = explain.next_competence(contract_id, now)
    verdict = facts.explain(contract_id, month, now)
    if verdict is None:
        raise NotFound("Este contrato não existe.")
    return render(
        "deliveries/contract_why.html",
        section="contracts",
        contract=contract,
        month=month,
        verdict=verdict,
        delivery=[item for item in verdict.requirements if item.code in DELIVERY],
        generation=[item for item in verdict.requirements if item.code not in DELIVERY],
        last=explain.last_title(contract_id),
        labels=labels,
    )
