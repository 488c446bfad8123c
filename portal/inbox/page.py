"""The page of the local inbox: read only, for a browser on this machine."""

import io
import os
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask, Response, abort, make_response, render_template, request, send_file

from portal.inbox.message import Mail, parse
from portal.inbox.store import Store

ROOT = Path(__file__).resolve().parents[2]
PAGE_SIZE = 50
OWN_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A message's own HTML: its inline styles show, and nothing runs, is sent or is fetched.
MESSAGE_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


def create_page(store: Store) -> Flask:
    """The Flask application over `store`."""
    page = Flask(
        __name__,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static" / "inbox"),
        static_url_path="/estilo",
    )
    # Other names that lead here are another site's attempt to read the mail.
    page.config["TRUSTED_HOSTS"] = ["127.0.0.1", "localhost"]
    zone = ZoneInfo(os.environ.get("PORTAL_TIMEZONE") or "America/Sao_Paulo")
    page.add_template_filter(lambda moment: _when(moment, zone), "when")
    page.after_request(_guard)
    _add_list(page, store)
    _add_message(page, store)
    return page


def _add_list(page: Flask, store: Store) -> None:
    @page.get("/")
    def index() -> str:
        names = store.names()
        last = max(1, -(-len(names) // PAGE_SIZE))
        number = min(max(1, request.args.get("pagina", 1, type=int)), last)
        shown = names[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        mails = [parse(name, content) for name in shown if (content := store.read(name))]
        return render_template(
            "inbox/index.html", mails=mails, total=len(names), number=number, last=last
        )


def _add_message(page: Flask, store: Store) -> None:
    def mail_or_404(name: str) -> Mail:
        content = store.read(name)
        return parse(name, content) if content is not None else abort(404)

    @page.get("/mensagem/<name>")
    def message(name: str) -> str:
        return render_template("inbox/message.html", mail=mail_or_404(name))

    @page.get("/mensagem/<name>/html")
    def html(name: str) -> Response:
        response = make_response(mail_or_404(name).html or abort(404))
        response.headers["Content-Security-Policy"] = MESSAGE_POLICY
        return response

    @page.get("/mensagem/<name>/anexo/<int:number>")
    def attachment(name: str, number: int) -> Response:
        attachments = mail_or_404(name).attachments
        if not 1 <= number <= len(attachments):
            abort(404)
        found = attachments[number - 1]
        return send_file(
            io.BytesIO(found.content),
            mimetype=found.content_type,
            as_attachment=True,
            download_name=found.name,
        )

    @page.get("/mensagem/<name>/original")
    def original(name: str) -> Response:
        content = store.read(name)
        if content is None:
            abort(404)
        return send_file(
            io.BytesIO(content),
            mimetype="message/rfc822",
            as_attachment=True,
            download_name=f"{name}.eml",
        )


def _guard(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", OWN_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def _when(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%d/%m/%Y %H:%M:%S")
