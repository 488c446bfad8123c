"""Settling and cancelling many titles: first what will change, then the change."""

from dataclasses import dataclass

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import InvalidValue
from portal.issuance import forms, picking, queries, words
from portal.issuance.print_views import SHOWN
from portal.issuance.views import SECTION, bp
from portal.receivables import labels, service
from portal.receivables.models import ReceivableStatus
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires


@dataclass(frozen=True, slots=True)
class Ending:
    """One of the two ways, as its page says it."""

    verb: str
    confirm: str  # the endpoint of its form
    done: tuple[str, str]  # one title, many titles
    style: str


SETTLE = Ending(
    "Baixar como pago",
    "issuance.settle_confirm",
    ("título baixado como pago", "títulos baixados como pagos"),
    "btn-primary",
)
CANCEL = Ending(
    "Cancelar",
    "issuance.cancel_confirm",
    ("título cancelado", "títulos cancelados"),
    "btn-danger",
)


@bp.post("/financeiro/emissao/baixar")
@requires(Permission.DELIVER)
def settle() -> ResponseReturnValue:
    """Before settling: which, how much, and the day. Changes nothing."""
    picking.only_reads()
    return _page(SETTLE)


@bp.post("/financeiro/emissao/baixar/confirmar")
@requires(Permission.DELIVER)
def settle_confirm() -> ResponseReturnValue:
    """They were paid on the day given."""
    try:
        paid_on = forms.parse_payment_day(request.form.get("data", ""))
        outcome = service.settle_many(picking.ids(), paid_on, current_user, clock.now())
    except InvalidValue as error:
        return _refused(SETTLE, error)
    words.tell(outcome, *SETTLE.done)
    return go_to("issuance.index", **picking.kept())


@bp.post("/financeiro/emissao/cancelar")
@requires(Permission.DELIVER)
def cancel() -> ResponseReturnValue:
    """Before cancelling: which, how much, and the reason. Changes nothing."""
    picking.only_reads()
    return _page(CANCEL)


@bp.post("/financeiro/emissao/cancelar/confirmar")
@requires(Permission.DELIVER)
def cancel_confirm() -> ResponseReturnValue:
    """They are no longer owed."""
    try:
        reason = forms.parse_reason(request.form.get("motivo", ""))
        if not request.form.get("certeza"):
            raise InvalidValue("sure", "Marque que quer mesmo cancelar: não há como voltar.")
        outcome = service.cancel_many(picking.ids(), reason, current_user, clock.now())
    except InvalidValue as error:
        return _refused(CANCEL, error)
    words.tell(outcome, *CANCEL.done)
    return go_to("issuance.index", **picking.kept())


def _refused(ending: Ending, error: InvalidValue) -> ResponseReturnValue:
    if error.field == "receivables":
        raise error
    return _page(ending, error), 422


def _page(ending: Ending, error: InvalidValue | None = None) -> str:
    titles = picking.titles()
    able = [title for title in titles if title.status == ReceivableStatus.OPEN]
    return render(
        "issuance/end.html",
        section=SECTION,
        ending=ending,
        settling=ending is SETTLE,
        titles=able,
        total=queries.total_of([title.id for title in able]),
        left_out=[title for title in titles if title.status != ReceivableStatus.OPEN],
        labels=labels,
        error=error,
        typed=request.form,
        shown=SHOWN,
        kept=picking.kept(),
        limit=forms.MAX_REASON,
    )
