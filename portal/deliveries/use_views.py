"""How much of an account's limits is used now: part of its aba Limites e ritmo."""

from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.deliveries.forecast import forecast
from portal.deliveries.views import bp
from portal.smtp import labels, service
from portal.web.htmx import render
from portal.web.permissions import Permission, requires


@bp.get("/configuracoes/smtp/<int:account_id>/uso")
@requires(Permission.SEE)
def account_use(account_id: int) -> ResponseReturnValue:
    """A fragment for the tab, a page of its own without JavaScript."""
    return render(
        "deliveries/use.html",
        "deliveries/_use.html",
        section="smtp",
        account=service.get(account_id),
        use=forecast(account_id, 0, clock.now()),
        labels=labels,
    )
