"""What a person does with many messages at once: of a run, or of what the filters leave."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict
from portal.deliveries import bulk, bulk_words, log_queries, service
from portal.deliveries.bulk import Move
from portal.deliveries.forms import ARGUMENTS, LogFilters
from portal.deliveries.holds import HELD
from portal.deliveries.views import SECTION, bp
from portal.receivables.forms import parse_id
from portal.users import queries as users
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires


@bp.get("/sistema/log-email/em-massa")
@requires(Permission.DELIVER)
def bulk_confirm() -> ResponseReturnValue:
    """What the move would do, with its number, before anything changes."""
    move = _move(request.args.get("fazer", ""))
    args = request.args.to_dict()
    if marked := request.args.getlist("email"):
        args["emails"] = ",".join(marked)
    filters = LogFilters.from_args(args)
    count, newest = bulk.concerned(move, service.selection(filters, clock.now()))
    kept = _kept(args)
    return render(
        "deliveries/bulk.html",
        section=SECTION,
        count=count,
        title=bulk_words.button(move, count or None),
        words=bulk_words.WORDS[move],
        described=bulk_words.described(filters, _names(filters)),
        hidden=kept | {"fazer": move.value, "numero": count, "maior": newest},
        back=url_for("deliveries.log", **kept | {"emails": None}),
        only=_list_of(move, kept),
    )


@bp.post("/sistema/log-email/em-massa")
@requires(Permission.DELIVER)
def bulk_move() -> ResponseReturnValue:
    """Carry out the confirmed move, for at most the number that was confirmed."""
    move = _move(request.form.get("fazer", ""))
    confirmed, newest = (parse_id(request.form.get(name, "")) for name in ("numero", "maior"))
    if not confirmed or newest is None:
        raise Conflict("Falta o número confirmado. Volte ao log e repita.")
    filters = LogFilters.from_args(request.form)
    count = service.move_many(
        move, filters, current_user, clock.now(), newest=newest, at_most=confirmed
    )
    if not count:
        raise Conflict("Nenhum destes e-mails está mais nesse estado. Nada mudou.")
    left = confirmed - count
    changed = "havia" if left == 1 else "haviam"
    rest = f" {left} já {changed} mudado de estado." if left else ""
    after = _kept(request.form) | {
        "estado": bulk.RULES[move].after.value,
        "causa": "",
        "emails": "",
    }
    return go_to("deliveries.log", bulk_words.done(move, count) + rest, **_filled(after))


@bp.post("/sistema/log-email/geracao/<int:generation_id>/pausar")
@requires(Permission.DELIVER)
def hold_run(generation_id: int) -> ResponseReturnValue:
    """Hold back what waits of the run."""
    count = service.hold_run(generation_id, current_user, clock.now())
    return _run(Move.HOLD, generation_id, count)


@bp.post("/sistema/log-email/geracao/<int:generation_id>/retomar")
@requires(Permission.DELIVER)
def release_run(generation_id: int) -> ResponseReturnValue:
    """Let the held messages of the run leave."""
    count = service.release_run(generation_id, current_user, clock.now())
    return _run(Move.RELEASE, generation_id, count)


@bp.post("/sistema/log-email/geracao/<int:generation_id>/cancelar")
@requires(Permission.DELIVER)
def cancel_run(generation_id: int) -> ResponseReturnValue:
    """Cancel what waits of the run."""
    count = service.cancel_run(generation_id, current_user, clock.now())
    return _run(Move.CANCEL, generation_id, count)


def _run(move: Move, generation_id: int, count: int) -> ResponseReturnValue:
    if not count:
        raise Conflict("Nenhum e-mail desta geração está mais nesse estado. Nada mudou.")
    done = bulk_words.done(move, count)
    return go_to("generation.show", done, generation_id=generation_id)


def _move(raw: str) -> Move:
    if raw not in set(Move):
        raise Conflict("Escolha no log de e-mail o que fazer e repita.")
    return Move(raw)


def _list_of(move: Move, kept: dict[str, Any]) -> str:
    """The log with exactly the messages of the move; "" where its filters cannot say them."""
    if move in (Move.HOLD, Move.EXPIRE):
        return ""
    cause = {"causa": HELD} if move == Move.RELEASE else {}
    return url_for("deliveries.log", **kept | {"estado": bulk.RULES[move].before.value} | cause)


def _kept(args: Any) -> dict[str, Any]:
    return _filled({name: args.get(name, "") for name in ARGUMENTS})


def _filled(args: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in args.items() if value}


def _names(filters: LogFilters) -> dict[str, str]:
    """The names of the account and the person that the filters name by number."""
    accounts = dict(log_queries.accounts()) if filters.account_id else {}
    people = {person.id: person.name for person in users.everybody()} if filters.user_id else {}
    return {
        "conta": accounts.get(filters.account_id or 0, ""),
        "usuario": people.get(filters.user_id or 0, ""),
    }
