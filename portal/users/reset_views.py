"""A new password by link: made by an administrator, used once by the person."""

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from portal.core import clock
from portal.core.errors import InvalidValue
from portal.users import reset_links
from portal.users.forms import NewPasswordForm
from portal.users.web import bp
from portal.web.htmx import go_to, render
from portal.web.permissions import Permission, requires


@bp.post("/sistema/usuarios/<int:user_id>/link")
@requires(Permission.MANAGE_USERS)
def make_link(user_id: int) -> ResponseReturnValue:
    """A link for this person, shown once."""
    user, token = reset_links.make(user_id, current_user, clock.now())
    link = url_for("users.new_password", chave=token, _external=True)
    return render("users/link.html", user=user, link=link, section="users")


@bp.route("/senha-nova", methods=["GET", "POST"])
def new_password() -> ResponseReturnValue:
    """Where the link leads: choose a password. The key is an argument: paths are logged."""
    token = request.args.get("chave", "")
    user = reset_links.person_of(token, clock.now())
    form = NewPasswordForm()
    if form.validate_on_submit():
        try:
            reset_links.use(token, form.password.data, clock.now())
        except InvalidValue as error:
            form.reject(error)
        else:
            return go_to("users.login", "Senha trocada. Entre com ela.")
    page = render("users/new_password.html", form=form, user=user, token=token)
    return page, 422 if form.errors else 200
