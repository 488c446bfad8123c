"""The menu, in the manual's order; a guard test walks it."""

from dataclasses import dataclass

from portal.web.permissions import Permission


@dataclass(frozen=True, slots=True)
class Item:
    """A menu entry; `section` is the room whose pages keep it highlighted."""

    text: str
    endpoint: str
    section: str
    permission: Permission = Permission.SEE


MENU: tuple[tuple[str, tuple[Item, ...]], ...] = (
    (
        "",
        (
            Item("Início", "dashboard.index", "dashboard"),
            Item("Checklist", "checklist.index", "checklist"),
            Item("Clientes", "clients.index", "clients"),
            Item("Contratos", "contracts.index", "contracts"),
        ),
    ),
    (
        "Financeiro",
        (
            Item("Gerar financeiro", "generation.index", "generation"),
            Item("Emissão de boletos", "issuance.index", "issuance"),
            Item("Títulos", "receivables.index", "receivables"),
        ),
    ),
    ("Cadastros", (Item("Carteiras de cobrança", "wallets.index", "wallets"),)),
    (
        "Configurações",
        (
            Item("E-mail SMTP", "smtp.index", "smtp"),
            Item("Parâmetros financeiro", "settings.financial", "settings.financial"),
            Item("Parâmetros gerais", "settings.general", "settings.general"),
            Item("Privacidade", "privacy.keeping", "privacy"),
        ),
    ),
    (
        "Sistema",
        (
            Item("Log de e-mail", "deliveries.log", "deliveries"),
            Item("Usuários", "users.index", "users", Permission.MANAGE_USERS),
            Item("Auditoria", "users.audit", "users.audit", Permission.SEE_AUDIT),
            Item("Acessos a dados", "privacy.accesses", "privacy.accesses", Permission.SEE_AUDIT),
            Item("Integrações", "api.index", "api", Permission.MANAGE_USERS),
            Item("Filas", "operations.index", "operations"),
            Item("Ajuda", "help.index", "help"),
        ),
    ),
)
