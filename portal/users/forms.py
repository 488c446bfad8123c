"""Forms of sign-in, of people, and of one's own account."""

from wtforms import HiddenField, PasswordField, SelectField

from portal.users.labels import ROLES
from portal.users.models import Role
from portal.web.forms import PortalForm, TextField, at_most, invalid, required


class LoginForm(PortalForm):
    """E-mail and password, as typed: nothing is trimmed off a password."""

    email = TextField("E-mail", [required(), at_most(254)])
    password = PasswordField("Senha", [required()])


class UserForm(PortalForm):
    """A person, as an administrator changes them; `version` is `service.mark_of` the person."""

    version = HiddenField()
    name = TextField("Nome", [required(), at_most(120)])
    role = SelectField("Perfil", choices=[(role.value, ROLES[role].text) for role in Role])


class NewUserForm(UserForm):
    """A person who is new; the e-mail is the sign-in name and does not change."""

    email = TextField("E-mail", [required(), at_most(254)])


class OwnForm(PortalForm):
    """What a person changes about themselves."""

    name = TextField("Nome", [required(), at_most(120)])


class NewPasswordForm(PortalForm):
    """A new password, twice."""

    password = PasswordField("Senha nova", [required()])
    repeated = PasswordField("Senha nova, de novo", [required()])

    def validate_repeated(self, field: PasswordField) -> None:
        """Both must be the same."""
        if field.data != self.password.data:
            raise invalid("As duas senhas novas são diferentes.")


class OwnPasswordForm(NewPasswordForm):
    """A new password, with the current one as proof."""

    current = PasswordField("Senha atual", [required()])
