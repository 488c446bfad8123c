"""Enviar e-mail de teste, and its stages while they happen."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import InvalidValue
from portal.smtp import labels, queries, service
from portal.smtp.views import SECTION, account_form, account_page, bp
from portal.web.htmx import go_to, render, wants_fragment
from portal.web.permissions import Permission, requires


@bp.post("/configuracoes/smtp/<int:account_id>/testes")
@requires(Permission.CONFIGURE)
def test(account_id: int) -> ResponseReturnValue:
    """Queue a test e-mail; the fragment that comes back asks again while it runs."""
    recipient = request.form.get("recipient", "")[:300]
    try:
        queued = service.request_test(account_id, recipient, current_user, clock.now())
    except service.TooManyTests as error:
        return _refused(account_id, recipient, str(error)), 429
    except InvalidValue as error:
        return _refused(account_id, recipient, str(error)), 422
    if wants_fragment():
        return test_progress(account_id, queued.id)
    return go_to("smtp.edit", account_id=account_id, _anchor="teste")


@bp.get("/configuracoes/smtp/<int:account_id>/testes/<int:test_id>")
@requires(Permission.SEE)
def test_progress(account_id: int, test_id: int) -> ResponseReturnValue:
    """How a test stands: a fragment for htmx, a page of its own for everyone else."""
    progress = queries.progress(queries.get_test(account_id, test_id), clock.now())
    heard = request.args.get("ouvido", "")
    return render(
        "smtp/test.html",
        "smtp/_test_result.html",
        section=SECTION,
        account=progress.test.account,
        progress=progress,
        labels=labels,
        announce=progress.announcement if progress.announcement != heard else "",
    )


def _refused(account_id: int, recipient: str, problem: str) -> str:
    account = service.get(account_id)
    if wants_fragment():
        return render("smtp/_test_refused.html", problem=problem)
    return account_page(account, account_form(account), recipient=recipient, test_problem=problem)
