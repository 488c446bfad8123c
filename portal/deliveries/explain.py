"""Por que não foi enviado? The rule's words now, beside the words at generation time."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from portal.contracts.models import Contract
from portal.contracts.schedule import competences
from portal.core import clock
from portal.core.db import db
from portal.core.errors import NotFound
from portal.deliveries import facts
from portal.deliveries.eligibility import Verdict
from portal.receivables.models import Receivable

LOOK_AHEAD = 24  # months


def explain_contract(code: str, competence: date | None, now: datetime) -> dict[str, Any]:
    """Requirements of the contract for `competence` (default: the next one not generated).

    With the last title's reasons as they were when it was generated. Raises NotFound.
    """
    contract_id = db.session.scalar(select(Contract.id).where(Contract.code == code))
    if contract_id is None:
        raise NotFound(f"Contrato “{code}” não existe.")
    month = competence or next_competence(contract_id, now)
    verdict = facts.explain(contract_id, month, now)
    last = last_title(contract_id)
    return {
        "ready": verdict.ready,
        "requirements": [item.to_dict() for item in verdict.requirements],
        "competence": f"{month:%Y-%m}",
        "last_generated": {
            "receivable": last.id,
            "competence": f"{last.competence:%Y-%m}",
            "undone_at": last.undone_at.isoformat() if last.undone_at else None,
            "requirements": last.reasons,
        }
        if last
        else None,
    }


def next_competence(contract_id: int, now: datetime) -> date:
    """The first month from the next one on in which the contract has no title; one that was undone
    leaves its month free."""
    today = clock.local_date(now, current_app.config["SETTINGS"].timezone)
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    taken = set(
        db.session.scalars(
            select(Receivable.competence).where(
                Receivable.contract_id == contract_id,
                Receivable.competence >= first,
                Receivable.undone_at.is_(None),
            )
        )
    )
    return next((month for month in competences(first, LOOK_AHEAD) if month not in taken), first)


def last_title(contract_id: int) -> Receivable | None:
    """The newest title of the contract, which may have been undone."""
    return db.session.scalar(
        select(Receivable)
        .where(Receivable.contract_id == contract_id)
        .order_by(Receivable.competence.desc(), Receivable.id.desc())
        .limit(1)
    )


def explain_title(receivable: Receivable, now: datetime) -> Verdict:
    """The rule's words now for the contract of a title that exists."""
    month = next_competence(receivable.contract_id, now)
    return facts.explain(receivable.contract_id, month, now)
