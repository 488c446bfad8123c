"""Linha do tempo of a client: titles, payments, e-mails with their tries, bounces, changes."""

from flask import request
from flask.typing import ResponseReturnValue

from portal.clients import queries as clients
from portal.deliveries import labels, log_words, timeline_queries, timeline_words
from portal.deliveries.timeline import Theme, parse_place
from portal.deliveries.views import bp
from portal.web.htmx import render
from portal.web.permissions import Permission, may, requires


@bp.get("/clientes/<int:client_id>/historico")
@requires(Permission.SEE)
def timeline(client_id: int) -> ResponseReturnValue:
    """Newest first; `?tipo=` shows one theme, `?depois=` goes on."""
    client = clients.get(client_id)
    offered = [theme for theme in Theme if theme != Theme.REGISTER or may(Permission.SEE_AUDIT)]
    raw = request.args.get("tipo", "")
    about = Theme(raw) if raw in offered else None
    page = timeline_queries.page(
        client_id,
        frozenset([about] if about else offered),
        parse_place(request.args.get("depois", "")),
    )
    return render(
        "deliveries/timeline.html",
        "deliveries/_timeline.html",
        section="clients",
        client=client,
        page=page,
        about=about,
        offered=offered,
        tries=timeline_queries.tries_of(page.rows),
        actors=timeline_queries.actors_of(page.rows),
        words=timeline_words,
        labels=labels,
        outcomes=log_words.OUTCOMES,
    )
