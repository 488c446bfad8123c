"""Words of the wallets."""

from portal.wallets.models import Wallet, WalletKind
from portal.web.labels import Label

KIND_NAMES = {WalletKind.BANK: "Banco", WalletKind.GATEWAY: "Gateway"}
YES, NO = Label("Sim", "success", "✓"), Label("Não", "muted", "✕")
ACTIVE, INACTIVE = Label("Ativa", "success", "✓"), Label("Inativa", "muted", "‖")
NOT_RECOMMENDED = Label("Sim, não recomendado", "warning", "!")


def sends(wallet: Wallet) -> Label:
    """Enviar e-mail para cliente ao gerar financeiro do contrato."""
    if not wallet.email_on_generation:
        return NO
    return NOT_RECOMMENDED if wallet.kind == WalletKind.GATEWAY else YES


def activity(wallet: Wallet) -> Label:
    """Whether new titles may use the wallet."""
    return ACTIVE if wallet.active else INACTIVE
