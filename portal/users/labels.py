"""Words and signs for roles and for who may sign in."""

from collections.abc import Mapping, Sequence

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
# What a browser's name of itself holds, the most telling first: Edge says Chrome, too.
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
_OTHERS = (("Macintosh", "macOS"), ("Linux", "Linux"))


def device(agent: str) -> str:
    """`Firefox em Windows`, from what the browser says of itself; it may say anything."""
    browser = _first((*_BROWSERS, ("Safari", "Safari")), agent)
    system = _first((*_SYSTEMS, *_OTHERS), agent)
    return " em ".join(filter(None, (browser, system))) or agent[:60] or "Navegador não informado"


def _first(marks: Sequence[tuple[str, str]], agent: str) -> str:
    return next((name for mark, name in marks if mark in agent), "")
