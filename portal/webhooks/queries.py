"""Reads for the pages of the webhooks."""

from collections.abc import Sequence

from sqlalchemy import func, select

from portal.core.db import db
from portal.web.pagination import Page, page_of
from portal.webhooks.models import CallState, Webhook, WebhookCall


def everyone() -> Sequence[Webhook]:
    """Every webhook: the active first, then by address."""
    order = (Webhook.active.desc(), Webhook.url)
    return db.session.scalars(select(Webhook).order_by(*order)).all()


def waiting() -> dict[int, int]:
    """Webhook id → calls that wait; those without any are left out."""
    rows = db.session.execute(
        select(WebhookCall.webhook_id, func.count())
        .where(WebhookCall.state == CallState.QUEUED)
        .group_by(WebhookCall.webhook_id)
    )
    return dict(rows.all())


def calls(webhook_id: int, after: int | None) -> Page[WebhookCall]:
    """One page of the webhook's log, the newest first."""
    query = select(WebhookCall).where(WebhookCall.webhook_id == webhook_id)
    return page_of(query, WebhookCall.id, after=after)
