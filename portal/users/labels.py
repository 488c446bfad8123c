"""Words and signs for roles and for who may sign in."""

from collections.abc import Mapping

from portal.users.models import Role
from portal.web.labels import Label

ROLES: Mapping[Role, Label] = {
    Role.ADMIN: Label("Administrador", "info", "★"),
    Role.FINANCE: Label("Financeiro", "muted", "$"),
    Role.READER: Label("Consulta (só leitura)", "muted", "○"),
}
ACTIVE: Mapping[bool, Label] = {
    True: Label("Ativo", "success", "✓"),
    False: Label("Desativado", "muted", "–"),
}
