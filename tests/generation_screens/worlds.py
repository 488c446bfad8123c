"""Small bases to generate: every reason once."""

from portal.contracts.models import ContractStatus
from portal.settings.models import DeliveryType
from tests.factories import (
    create_account,
    create_client,
    create_contract,
    create_settings,
    create_wallet,
)

MONTH = "competencia=2026-12&parcelas=1&quem=todos"


def everyone() -> None:
    """Nine contracts, seven titles: three by e-mail (two messages), one printed, three not sent."""
    create_settings(create_account(name="Financeiro", hourly_limit=200, daily_limit=2000))
    itau, sicredi = (
        create_wallet(name="Itaú 109"),
        create_wallet(name="Sicredi", email_on_generation=False),
    )
    ana = create_client(code="A1", name="Ana Prado", emails="ana@example.net")
    create_contract(code="1001", client=ana, wallet=itau)
    create_contract(code="1002", client=ana, wallet=itau, plan="TELEFONE FIXO")
    create_contract(
        code="1003", client=create_client(name="Bento Sá", emails="bento@example.net"), wallet=itau
    )
    create_contract(code="1004", wallet=itau, delivery_type=DeliveryType.PRINTED)
    create_contract(
        code="1005", client=create_client(name="Caio Sem Caixa", emails=""), wallet=itau
    )
    create_contract(
        code="1006",
        client=create_client(
            name="Dora Torta", emails="", invalid_emails="dora.example", email_status="invalid"
        ),
        wallet=itau,
    )
    create_contract(code="1007", wallet=sicredi)
    create_contract(code="1008", wallet=itau, status=ContractStatus.SUSPENDED)
    create_contract(code="1009", client=create_client(active=False), wallet=itau)
