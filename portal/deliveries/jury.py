"""Judging many contracts: what they share is judged once and told once."""

from collections.abc import Callable, Sequence

from portal.deliveries import eligibility
from portal.deliveries.eligibility import Facts, Requirement, Verdict

SHARED_BY_WALLET = (eligibility.wallet_email_on_generation, eligibility.wallet_is_bank)
SHARED_BY_ALL = (
    eligibility.smtp_account_chosen,
    eligibility.smtp_account_usable,
    eligibility.message_ready,
)


class Jury:
    """Gives the verdicts of `eligibility.judge`, faster.

    For facts of one context only: the account, the wallets and `now` must not change meanwhile.
    """

    def __init__(self) -> None:
        self._of_all: tuple[Requirement, ...] = ()
        self._of_wallets: dict[int, tuple[Requirement, ...]] = {}

    def verdict(self, facts: Facts) -> Verdict:
        """The verdict on one contract and competence."""
        self._of_all = self._of_all or _judged(facts, SHARED_BY_ALL)
        of_wallet = self._of_wallets.get(facts.wallet.id)
        if of_wallet is None:
            of_wallet = self._of_wallets[facts.wallet.id] = _judged(facts, SHARED_BY_WALLET)
        effective = facts.contract_delivery_type or facts.default_delivery_type
        requirements = (
            eligibility.email_delivery_type(facts),
            *of_wallet,
            *self._of_all,
            eligibility.client_email(facts),
            eligibility.contract_active(facts),
            eligibility.client_active(facts),
            eligibility.not_generated_yet(facts),
            eligibility.open_receivables_limit(facts),
        )
        return Verdict(requirements, printed=effective == "printed")


def _judged(
    facts: Facts, rules: Sequence[Callable[[Facts], Requirement]]
) -> tuple[Requirement, ...]:
    return tuple(rule(facts) for rule in rules)
