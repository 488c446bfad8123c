"""Usuários: who may use the portal, for administrators."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import Conflict, InvalidValue
from portal.users import labels, queries, service
from portal.users.audit_queries import number
from portal.users.forms import NewUserForm, UserForm
from portal.users.web import bp
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires

SECTION = "users"


@bp.get("/sistema/usuarios")
@requires(Permission.MANAGE_USERS)
def index() -> ResponseReturnValue:
    """Everybody, with role and state."""
    people = queries.everybody()
    return render("users/index.html", people=people, labels=labels, section=SECTION)


@bp.route("/sistema/usuarios/novo", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def new() -> ResponseReturnValue:
    """A new person; their first password is shown once."""
    form = NewUserForm()
    if form.validate_on_submit():
        try:
            user, password = service.create(form.to_command(), current_user, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            return _password_page(user, password, "Usuário criado")
    page = render("users/new.html", form=form, section=SECTION)
    return page, 422 if form.errors else 200


@bp.route("/sistema/usuarios/<int:user_id>", methods=["GET", "POST"])
@requires(Permission.MANAGE_USERS)
def edit(user_id: int) -> ResponseReturnValue:
    """One person: name and role, and what else an administrator can do with them."""
    user = service.get(user_id)
    form = UserForm(obj=user, version=service.mark_of(user))
    code = 200
    if form.validate_on_submit():
        now, seen = clock.now(), form.version.data or ""
        try:
            service.change(user_id, form.to_command(), current_user, now, mark=seen)
        except Conflict as error:
            code = form.reject(error if error.outdated else InvalidValue("role", str(error)))
        else:
            return go_to("users.index", "Usuário salvo.")
    elif form.errors:
        code = 422
    page = render("users/edit.html", form=form, user=user, labels=labels, section=SECTION)
    return page, code


@bp.post("/sistema/usuarios/<int:user_id>/desativar")
@requires(Permission.MANAGE_USERS)
def deactivate(user_id: int) -> ResponseReturnValue:
    """Let a person go."""
    user = service.set_active(user_id, False, current_user, clock.now())
    return go_to("users.index", f"{user.name} não entra mais no portal.")


@bp.post("/sistema/usuarios/<int:user_id>/reativar")
@requires(Permission.MANAGE_USERS)
def reactivate(user_id: int) -> ResponseReturnValue:
    """Take a person back."""
    user = service.set_active(user_id, True, current_user, clock.now())
    return go_to("users.index", f"{user.name} pode entrar de novo, com a senha de antes.")


@bp.post("/sistema/usuarios/<int:user_id>/senha")
@requires(Permission.MANAGE_USERS)
def reset_password(user_id: int) -> ResponseReturnValue:
    """A new generated password, shown once."""
    version = number(request.form.get("version", "")) or 0
    user, password = service.reset_password(user_id, current_user, clock.now(), version=version)
    return _password_page(user, password, "Senha nova")


def _password_page(user: object, password: str, title: str) -> str:
    return render("users/password.html", user=user, password=password, title=title, section=SECTION)
