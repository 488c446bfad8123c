"""Corrigir em massa: choose, look at what would change, confirm, see what came of it."""

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import TextAreaField

from portal.checklist import base_fixes, base_labels
from portal.checklist.base_fixes import Place
from portal.checklist.base_lists import ListFilters
from portal.checklist.base_views import ADDRESS, SECTION, list_page
from portal.clients import bulk as client_bulk
from portal.contracts.bulk import DELIVERY, WALLET, parse_edit
from portal.core import clock
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import ON_SCREEN, Problem
from portal.core.db import end_read
from portal.core.errors import InvalidValue
from portal.core.text import one_line
from portal.receivables.forms import parse_id
from portal.web.forms import PortalForm
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

MOST_CHOSEN = 1000  # contracts that one form may name; a page has fewer
COLUMNS = {"tipo": DELIVERY, "carteira": WALLET}  # the button pressed → the column it changes
FIXES = f"{ADDRESS}/correcoes/<token>"
EMAILS = f"{ADDRESS}/client_email/emails"
_NOBODY = "Marque ao menos um contrato, ou escolha todos desta lista."

Read = tuple[list[client_bulk.Entry], list[Problem]]


class EmailsForm(PortalForm):
    """Lines `codigo;email`, pasted or in a file."""

    lines = TextAreaField("Linhas codigo;email", render_kw={"rows": 8, "spellcheck": "false"})
    file = FileField("Ou um arquivo CSV")


def add_pages(bp: Blueprint) -> None:
    """Add the pages to the room's blueprint."""
    bp.add_url_rule(f"{ADDRESS}/<code>/corrigir", "fix_contracts", contracts, methods=["POST"])
    bp.add_url_rule(EMAILS, "emails_form", emails_form, methods=["GET"])
    bp.add_url_rule(EMAILS, "fix_emails", emails, methods=["POST"])
    bp.add_url_rule(FIXES, "fix", fix, methods=["GET"])
    bp.add_url_rule(FIXES, "confirm_fix", confirm, methods=["POST"])


@requires(Permission.EDIT_REGISTERS)
def contracts(code: str) -> ResponseReturnValue:
    """Look at what the chosen value would change in the contracts that were ticked, or in all."""
    pressed = request.form.get("mudar", "")
    chosen = {name: request.form.get(name, "") for name in COLUMNS}
    whole = request.form.get("todos") == "1"
    filters = ListFilters.from_args(code, request.args)
    ids = [parse_id(raw) for raw in request.form.getlist("contrato")[:MOST_CHOSEN]]
    ticked = tuple(contract_id for contract_id in ids if contract_id is not None)
    if not whole and not ticked:
        return list_page(filters, _NOBODY, **chosen), 422
    try:
        edit = parse_edit(COLUMNS.get(pressed, ""), chosen.get(pressed, ""))
    except InvalidValue as error:
        return list_page(filters, str(error), **chosen), 422
    if not whole:
        filters = ListFilters.from_args(code, request.args, ticked)
    token = base_fixes.look_at_contracts(filters, edit, _place(), clock.now())
    return go_to("checklist.fix", token=token)


@requires(Permission.EDIT_REGISTERS)
def emails_form() -> ResponseReturnValue:
    """Where to paste the lines, or to choose the file."""
    return _emails_page(EmailsForm())


@requires(Permission.EDIT_REGISTERS)
def emails() -> ResponseReturnValue:
    """Look at what the lines would change; nothing is written to the base."""
    form = EmailsForm()
    upload: FileStorage | None = form.file.data  # None where no file was chosen
    pasted: str = form.lines.data or ""
    if not form.validate():
        return _emails_page(form), 422
    if bool(pasted.strip()) == bool(upload):
        form.form_errors.append("Cole as linhas ou escolha um arquivo: um dos dois.")
        return _emails_page(form), 422
    try:
        found, source = _read(pasted, upload)
    except FileRefused as error:
        form.form_errors.append(str(error))
        return _emails_page(form), 422
    if not (found[0] or found[1]):
        form.form_errors.append("Não há nenhuma linha com código e e-mail.")
        return _emails_page(form), 422
    token = base_fixes.look_at_emails(*found, source, _place(), clock.now())
    return go_to("checklist.fix", token=token)


@requires(Permission.EDIT_REGISTERS)
def fix(token: str) -> ResponseReturnValue:
    """What the correction would do, or what it did."""
    staged = _place().find(token)
    facts = staged.facts()
    return render(
        "checklist/base_fix.html",
        section=SECTION,
        token=token,
        fix=facts["page"],
        name=base_labels.name(facts["page"]["code"]),
        result=facts.get("result"),
        running="result" not in facts and not staged.path.exists(),
    )


@requires(Permission.EDIT_REGISTERS)
def confirm(token: str) -> ResponseReturnValue:
    """Carry it out. A second click changes nothing."""
    staged = _place().find(token)
    end_read()
    base_fixes.carry_out(staged, current_user, clock.now())
    return go_to("checklist.fix", token=token)


def _read(pasted: str, upload: FileStorage | None) -> tuple[Read, str]:
    if upload is None:
        return client_bulk.parse_lines(pasted, ON_SCREEN), "Linhas coladas"
    staged = _place().keep(clock.now())
    try:
        upload.save(staged.path)
        found = client_bulk.parse_file(staged.path, ON_SCREEN)
    finally:
        staged.forget()
    return found, f"Arquivo {one_line(upload.filename or '')[:100]}"


def _place() -> Place:
    return Place(current_app.config["SETTINGS"].home, current_user.id)


def _emails_page(form: EmailsForm) -> str:
    return render(
        "checklist/base_emails.html",
        section=SECTION,
        form=form,
        limits=ON_SCREEN,
    )
