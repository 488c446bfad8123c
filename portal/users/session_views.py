"""Sessões: one's own, and, for administrators, another person's."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.users import labels, service, sessions
from portal.users.web import begin_session, bp, session_id
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires


@bp.get("/conta/sessoes")
@requires(Permission.SEE)
def own_sessions() -> ResponseReturnValue:
    """Where one is signed in."""
    return render(
        "users/own_sessions.html",
        sessions=sessions.of_user(current_user.id, clock.now()),
        here=session_id(),
        device=labels.device,
    )


@bp.post("/conta/sessoes/encerrar")
@requires(Permission.SEE)
def end_own_session() -> ResponseReturnValue:
    """End one of one's own sessions."""
    sessions.end(current_user.id, _chosen(), current_user, clock.now())
    return go_to("users.own_sessions", "Sessão encerrada.")


@bp.post("/conta/sessoes/encerrar-outras")
@requires(Permission.SEE)
def end_other_sessions() -> ResponseReturnValue:
    """End all of one's own sessions but this one."""
    begin_session(sessions.end_all(current_user.id, current_user, clock.now()))
    return go_to("users.own_sessions", "As suas outras sessões foram encerradas.")


@bp.get("/sistema/usuarios/<int:user_id>/sessoes")
@requires(Permission.MANAGE_USERS)
def person_sessions(user_id: int) -> ResponseReturnValue:
    """Where a person is signed in."""
    return render(
        "users/person_sessions.html",
        user=service.get(user_id),
        sessions=sessions.of_user(user_id, clock.now()),
        here=session_id(),
        device=labels.device,
        section="users",
    )


@bp.post("/sistema/usuarios/<int:user_id>/sessoes/encerrar")
@requires(Permission.MANAGE_USERS)
def end_person_session(user_id: int) -> ResponseReturnValue:
    """End one session of a person."""
    sessions.end(user_id, _chosen(), current_user, clock.now())
    return go_to("users.person_sessions", "Sessão encerrada.", user_id=user_id)


@bp.post("/sistema/usuarios/<int:user_id>/sessoes/encerrar-todas")
@requires(Permission.MANAGE_USERS)
def end_person_sessions(user_id: int) -> ResponseReturnValue:
    """End every session of a person."""
    user = sessions.end_all(user_id, current_user, clock.now())
    return go_to("users.person_sessions", f"As sessões de {user.name} terminaram.", user_id=user_id)


def _chosen() -> str:
    return request.form.get("sessao", "")[:32]
