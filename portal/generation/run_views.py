"""One run: follow it, pause, resume, cancel and undo it, print what goes by paper."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, NotFound
from portal.generation import labels, links, queries, service, undoing
from portal.generation.models import Generation
from portal.generation.paging import Rows
from portal.generation.planning import skipped_contracts
from portal.generation.progress import progress
from portal.generation.simulation import skipped_of_run
from portal.receivables import printing
from portal.receivables.queries import by_ids
from portal.web.formatters import number
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

SECTION = "generation"
ADDRESS = "/financeiro/gerar/<int:generation_id>"
NO_QUEUE = "A fila está fora do ar: a geração fica guardada e começa quando voltar."


def add_pages(bp: Blueprint) -> None:
    """Add the pages to the room's blueprint."""
    bp.add_url_rule(ADDRESS, "show", show, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/sem-titulo", "skipped", skipped, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/pausar", "pause", pause, methods=["POST"])
    bp.add_url_rule(f"{ADDRESS}/retomar", "resume", resume, methods=["POST"])
    bp.add_url_rule(f"{ADDRESS}/cancelar", "cancel", cancel, methods=["POST"])
    bp.add_url_rule(f"{ADDRESS}/desfazer", "undo_page", undo_page, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/desfazer", "undo", undo, methods=["POST"])
    bp.add_url_rule(f"{ADDRESS}/impressos", "printing", printing_page, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/impressos.pdf", "printing_pdf", printing_pdf, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/impressos", "mark_printed", mark_printed, methods=["POST"])


@requires(Permission.SEE)
def show(generation_id: int) -> ResponseReturnValue:
    """Step 4, Acompanhar: a page, or for htmx the part of it that moves."""
    generation = queries.get(generation_id)
    found = progress(generation, clock.now())
    heard = request.args.get("ouvido", "")
    return render(
        "generation/show.html",
        "generation/_progress.html",
        section=SECTION,
        generation=generation,
        progress=found,
        skipped=skipped_of_run(generation),
        choice_url=links.of_choice(generation),
        undoable=generation.state in undoing.UNDOABLE and generation.receivables > 0,
        pausable=generation.state in service.PAUSABLE,
        resumable=generation.state in service.RESUMABLE,
        cancellable=generation.state in service.CANCELLABLE,
        labels=labels,
        announce=found.announcement if found.announcement != heard else "",
    )


@requires(Permission.SEE)
def skipped(generation_id: int) -> ResponseReturnValue:
    """The contracts that the run left without a title for one reason: `?motivo=`."""
    generation, code = queries.get(generation_id), request.args.get("motivo", "")[:60]
    plan = skipped_contracts(
        service.order_of(generation), generation.today, clock.now(), generation.id
    )
    found = [item for item in plan.skipped if item.code == code]
    here = {"generation_id": generation.id}
    return render(
        "generation/contracts.html",
        section=SECTION,
        name=labels.reason(code),
        code=code,
        rows=Rows.of(found),
        counted=generation.not_generated.get(code, 0),
        back=("generation.show", here, f"geração nº {generation.id}"),
        trail=("generation.show", here, f"nº {generation.id}"),
    )


@requires(Permission.GENERATE)
def pause(generation_id: int) -> ResponseReturnValue:
    """Stop after the chunk in work."""
    return _moved(service.pause, generation_id, "Geração pausada. O que já foi gerado fica.")


@requires(Permission.GENERATE)
def resume(generation_id: int) -> ResponseReturnValue:
    """Go on where it stopped."""
    answer = _moved(service.resume, generation_id, "Geração retomada.")
    if not service.start(generation_id):
        flash(NO_QUEUE, "warning")
    return answer


@requires(Permission.GENERATE)
def cancel(generation_id: int) -> ResponseReturnValue:
    """Generate no more of it."""
    words = "Geração cancelada: o que faltava não será gerado. Os títulos que existem ficam."
    return _moved(service.cancel, generation_id, words)


@requires(Permission.GENERATE)
def undo_page(generation_id: int) -> ResponseReturnValue:
    """Before undoing: the numbers, and what stands in the way. Changes nothing."""
    return render(
        "generation/undo.html",
        section=SECTION,
        generation=queries.get(generation_id),
        undo=undoing.look(generation_id),
        states=undoing.UNDOABLE,
        labels=labels,
    )


@requires(Permission.GENERATE)
def undo(generation_id: int) -> ResponseReturnValue:
    """Cancel the titles and e-mails of the run."""
    words = "Geração desfeita: títulos e e-mails cancelados."
    return _moved(service.undo, generation_id, words)


@requires(Permission.SEE)
def printing_page(generation_id: int) -> ResponseReturnValue:
    """What goes by paper: the PDF in the order of CEP, in parts, and the button that marks it."""
    return render(
        "generation/printing.html",
        section=SECTION,
        generation=queries.get(generation_id),
        paper=queries.paper(generation_id),
        part_size=queries.PART,
        labels=labels,
    )


@requires(Permission.SEE)
def printing_pdf(generation_id: int) -> ResponseReturnValue:
    """One part of the PDF (`?parte=`, from 1). Changes nothing."""
    generation = queries.get(generation_id)
    raw = request.args.get("parte", "1")
    part = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1
    try:
        ids = queries.paper_ids(generation_id, part)
    except NotFound as error:
        flash(str(error), "warning")
        return go_to("generation.printing", generation_id=generation_id)
    name = f"impressos-{generation.competence:%Y-%m}-geracao-{generation_id}-parte-{part}.pdf"
    return printing.pdf_response(printing.pdf_of(by_ids(ids)), name)


@requires(Permission.DELIVER)
def mark_printed(generation_id: int) -> ResponseReturnValue:
    """They are on paper now."""
    count = service.mark_printed(generation_id, current_user, clock.now())
    words = "1 boleto marcado" if count == 1 else f"{number(count)} boletos marcados"
    text = f"{words} como impresso{'s' if count != 1 else ''}."
    return go_to("generation.printing", text, generation_id=generation_id)


Move = Callable[[int, Any, datetime], Generation]


def _moved(move: Move, generation_id: int, words: str) -> ResponseReturnValue:
    """Do it and go back to the run; what cannot be done any more is said there."""
    try:
        move(generation_id, current_user._get_current_object(), clock.now())
    except Conflict as error:
        flash(str(error), "warning")
        words = ""
    return go_to("generation.show", words, generation_id=generation_id)
