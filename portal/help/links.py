"""Which chapter explains a screen: by its page where a section of one does, else by its room."""

# Room of the menu (`section` of its pages) → chapter.
SECTIONS: dict[str, str] = {
    "dashboard": "inicio",
    "checklist": "checklist",
    "clients": "clientes",
    "contracts": "contratos",
    "generation": "gerar-financeiro",
    "issuance": "emissao-de-boletos",
    "receivables": "titulos",
    "wallets": "carteiras-de-cobranca",
    "smtp": "e-mail-smtp",
    "settings.financial": "parametros-financeiro",
    "settings.general": "parametros-gerais",
    "privacy": "privacidade",
    "deliveries": "log-de-e-mail",
    "users": "usuarios",
    "users.audit": "auditoria",
    "privacy.accesses": "acessos-a-dados",
    "api": "integracoes",
    "operations": "filas",
}
# Chapter and section → the pages that it explains, where the room of the menu says too little.
_PAGES: dict[str, tuple[str, ...]] = {
    "quando-um-boleto-nao-foi-enviado#por-onde-comecar": ("deliveries.why",),
    "checklist#saude-da-base": ("checklist.base", "checklist.base_list"),
    "checklist#corrigir-em-massa": (
        "checklist.emails_form",
        "checklist.fix_emails",
        "checklist.fix",
    ),
    "clientes#importar-clientes": (
        "clients.import_start",
        "clients.import_upload",
        "clients.import_report",
    ),
    "clientes#cadastrar-ou-editar": (
        "clients.new",
        "clients.create",
        "clients.edit",
        "clients.save",
    ),
    "clientes#aba-contratos": ("clients.contracts",),
    "clientes#aba-financeiro": ("receivables.client",),
    "clientes#e-mails-enviados": ("deliveries.client_emails",),
    "clientes#linha-do-tempo": ("deliveries.timeline",),
    "clientes#dados-pessoais": ("privacy.client", "privacy.anonymise"),
    "contratos#importar-contratos": (
        "contracts.import_start",
        "contracts.import_upload",
        "contracts.import_report",
    ),
    "contratos#cadastrar": ("contracts.new", "contracts.create"),
    "contratos#aba-faturamento": ("contracts.billing", "contracts.save_billing"),
    "contratos#aba-envio": ("deliveries.contract_why",),
    "gerar-financeiro#simular": (
        "generation.simulation",
        "generation.simulated_contracts",
        "generation.simulated_titles",
    ),
    "gerar-financeiro#acompanhar": ("generation.show", "generation.skipped"),
    "gerar-financeiro#imprimir-os-impressos": ("generation.printing",),
    "gerar-financeiro#desfazer": ("generation.undo_page",),
    "emissao-de-boletos#enviar-por-e-mail": (
        "issuance.send",
        "issuance.send_chosen",
        "issuance.confirm",
    ),
    "emissao-de-boletos#imprimir": ("issuance.print_page",),
    "emissao-de-boletos#baixar-como-pagos": ("issuance.settle", "issuance.settle_confirm"),
    "emissao-de-boletos#cancelar-titulos": ("issuance.cancel", "issuance.cancel_confirm"),
    "emissao-de-boletos#selecionar": ("issuance.picked",),
    "titulos#a-pagina-do-titulo": ("receivables.show",),
    "e-mail-smtp#aba-mensagem": ("smtp.message", "smtp.save_message", "issuance.variables_page"),
    "e-mail-smtp#limites-e-ritmo": ("smtp.limits", "smtp.save_limits"),
    "e-mail-smtp#aba-devolucoes": ("deliveries.bounces", "deliveries.save_mailbox"),
    "e-mail-smtp#aba-historico": ("smtp.history",),
    "e-mail-smtp#passar-a-fila-para-outra-conta": ("deliveries.move_queue",),
    "parametros-gerais#contratos": ("settings.contracts", "settings.save_contracts"),
    "parametros-gerais#logotipo": ("settings.logo", "settings.save_logo"),
    "log-de-e-mail#um-e-mail": ("deliveries.show", "deliveries.attachments"),
    "log-de-e-mail#agir": ("deliveries.bulk_confirm",),
    "usuarios#criar": ("users.new",),
    "usuarios#sessoes-de-uma-pessoa": ("users.person_sessions",),
    "integracoes#tokens-da-api": ("api.new",),
    "integracoes#webhooks": ("webhooks.index", "webhooks.new", "webhooks.show", "webhooks.save"),
    "minha-conta#dados-e-senha": ("users.own", "users.own_password"),
    "minha-conta#sessoes": ("users.own_sessions",),
    "minha-conta#busca": ("clients.search",),
}
PAGES = {page: place for place, pages in _PAGES.items() for page in pages}


def chapter_for(endpoint: str | None, section: str | None) -> str:
    """`chapter` or `chapter#section` for a page; "" for the manual's first page."""
    return PAGES.get(endpoint or "") or SECTIONS.get(section or "", "")
