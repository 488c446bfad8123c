"""From planned titles to the slips that are frozen in them."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from portal.boletos import BankAccount, InvalidBoleto, Slip, Title, compute
from portal.core.db import db
from portal.core.errors import PortalError
from portal.deliveries.facts import Context
from portal.generation.orders import Order, PlannedTitle
from portal.receivables import slips
from portal.settings.models import GeneralSettings


class SlipMaker:
    """Makes the slips of one run, all issued `today`."""

    def __init__(self, order: Order, today: date, context: Context) -> None:
        self.order = order
        self.today = today
        self.wallets = context.wallets
        self.beneficiary = slips.beneficiary(db.session.get(GeneralSettings, 1))
        self._accounts: dict[int, BankAccount] = {}
        self._shared: dict[int, dict[str, Any]] = {}

    def slip(self, title: PlannedTitle) -> Slip | None:
        """The slip; None when the wallet makes no boleto. Raises PortalError naming the wallet."""
        if title.number is None:
            return None
        row, wallet = title.row, self.wallets[title.row.wallet_id]
        account = self._account(wallet.id)
        asked = Title(
            numero=title.number,
            valor=title.amount,
            vencimento=title.due_date,
            numero_documento=title.document_number,
            data_documento=self.today,
            ano=f"{self.today:%y}",
            parcela=str(title.installment),
        )
        try:
            numbers = compute(account, asked)
        except InvalidBoleto as error:
            raise PortalError(
                f"Carteira “{wallet.name}”, contrato {row.contract_code}: {error}"
            ) from error
        return slips.make_slip(
            account=account,
            numbers=numbers,
            beneficiario=self.beneficiary,
            pagador=slips.payer(row),
            document_number=title.document_number,
            amount=title.amount,
            due_date=title.due_date,
            today=self.today,
            lines=slips.instructions(wallet, title.amount),
            description=self._description(title),
        )

    def frozen(self, title: PlannedTitle, slip: Slip) -> dict[str, Any]:
        """`slip.to_dict()`, with the parts that the wallet's slips share made only once."""
        shared = self._shared.get(title.row.wallet_id)
        if shared is None:
            whole = slip.to_dict()
            self._shared[title.row.wallet_id] = whole
            return whole
        own = slip.numbers, slip.pagador
        return shared | {
            "numbers": {name: getattr(own[0], name) for name in shared["numbers"]},
            "pagador": {name: getattr(own[1], name) for name in shared["pagador"]},
            "numero_documento": slip.numero_documento,
            "valor": str(slip.valor),
            "vencimento": slip.vencimento.isoformat(),
            "instructions": list(slip.instructions),
            "demonstrativo": list(slip.demonstrativo),
        }

    def prove(self, titles: Iterable[PlannedTitle]) -> None:
        """Make the slip with the highest number of each wallet: a preview then refuses what the
        run would refuse, without making them all. Raises PortalError."""
        last = {title.row.wallet_id: title for title in titles}
        for title in last.values():
            self.slip(title)

    def _account(self, wallet_id: int) -> BankAccount:
        if wallet_id not in self._accounts:
            self._accounts[wallet_id] = self.wallets[wallet_id].bank_account
        return self._accounts[wallet_id]

    def _description(self, title: PlannedTitle) -> str:
        months = self.order.installments
        part = f", parcela {title.installment}/{months}" if months > 1 else ""
        plan = f" · {title.row.plan}" if title.row.plan else ""
        return (
            f"Contrato {title.row.contract_code}{plan} · competência {title.competence:%m/%Y}{part}"
        )
