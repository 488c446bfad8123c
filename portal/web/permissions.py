"""What each role may do. Views name a permission, never a role."""

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import ParamSpec

from flask import abort, current_app
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required


class Permission(StrEnum):
    """One right, as the menu and the views ask for it."""

    SEE = "see"  # every page of the daily work
    EDIT_REGISTERS = "edit_registers"  # clients, contracts, imports
    GENERATE = "generate"
    DELIVER = "deliver"  # send, resend, cancel, decide the uncertain
    CONFIGURE = "configure"  # SMTP, parameters, wallets
    MANAGE_USERS = "manage_users"
    SEE_AUDIT = "see_audit"
    ERASE_DATA = "erase_data"  # anonymise a client


_READER = frozenset({Permission.SEE})
_FINANCE = _READER | {
    Permission.EDIT_REGISTERS,
    Permission.GENERATE,
    Permission.DELIVER,
    Permission.CONFIGURE,
    Permission.SEE_AUDIT,
}
ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    "consulta": _READER,
    "financeiro": _FINANCE,
    "admin": _FINANCE | {Permission.MANAGE_USERS, Permission.ERASE_DATA},
}


def may(permission: Permission) -> bool:
    """Whether the signed-in person has the right."""
    role = getattr(current_user, "role", "")
    return permission in ROLE_PERMISSIONS.get(str(role), frozenset())


def may_set() -> frozenset[Permission]:
    """Every right of the signed-in person; for the menu."""
    return ROLE_PERMISSIONS.get(str(getattr(current_user, "role", "")), frozenset())


P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


def requires(permission: Permission) -> Callable[[View[P]], View[P]]:
    """Sign-in and the right, or 302/401 and 403. Marks the view so that a test can walk them."""

    def wrap(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            if not may(permission):
                current_app.logger.warning(
                    "refused: user %s lacks %s", current_user.get_id(), permission.value
                )
                abort(403)
            return view(*args, **kwargs)

        guarded = login_required(checked)
        guarded.permission = permission
        return guarded  # type: ignore[no-any-return]

    return wrap
