"""Where a run stands: its titles, its e-mails, and whether anything moves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portal.core.db import db
from portal.deliveries.forecast import forecast
from portal.deliveries.room import has_room
from portal.deliveries.states import WAITING, State
from portal.generation import queries
from portal.generation.labels import STATES
from portal.generation.models import Generation, GenerationState
from portal.smtp.models import AccountState, SmtpAccount
from portal.web.formatters import many

LONELY = timedelta(seconds=5)  # queued for longer: no worker seems to be running
NEAR = timedelta(minutes=1)
FAST, SLOW = 2, 30  # seconds between two looks
MOVING = frozenset({GenerationState.QUEUED, GenerationState.RUNNING})


@dataclass(frozen=True, slots=True)
class Progress:
    """A run as the page shows it."""

    generation: Generation
    counts: dict[State, int]  # its e-mails; every state that has any
    account: SmtpAccount | None
    ends: datetime | None  # when the last waiting e-mail of the account leaves
    lonely: bool
    poll: int  # seconds until the next look; 0: nothing moves
    earlier: Generation | None  # who made the month's titles, when this run found them made

    @property
    def generated(self) -> bool:
        """Whether all of its titles are there."""
        return self.generation.state == GenerationState.DONE

    @property
    def generating(self) -> bool:
        """Whether titles are still to come by themselves."""
        return self.generation.state in MOVING

    @property
    def expected(self) -> int:
        """Contracts to look at, as counted at the start; never fewer than were looked at."""
        return max(self.generation.expected, self.generation.contracts)

    @property
    def total(self) -> int:
        """E-mails of the run."""
        return sum(self.counts.values())

    @property
    def waiting(self) -> int:
        """E-mails that have not ended."""
        return sum(self.counts.get(state, 0) for state in WAITING)

    @property
    def shown(self) -> Sequence[State]:
        """States worth a number: what people look for, and what there is of the rest."""
        always = (State.SENT, State.QUEUED, State.FAILED, State.UNCERTAIN)
        return [state for state in State if state in always or self.counts.get(state)]

    @property
    def billed(self) -> int:
        """Contracts that got at least one title."""
        return self.generation.contracts - sum(self.generation.not_generated.values())

    @property
    def not_sent(self) -> int:
        """Titles that are neither e-mailed nor printed."""
        return sum(self.generation.not_sent.values())

    @property
    def nothing_new(self) -> bool:
        """Whether every contract that could be billed was billed before."""
        done = self.generated and not self.generation.receivables
        return done and "not_generated_yet" in self.generation.not_generated

    @property
    def announcement(self) -> str:
        """The newest fact in one sentence, for those who hear the page."""
        if self.generation.state == GenerationState.FAILED:
            return f"A geração falhou. {self.generation.error}"
        if self.generation.state == GenerationState.QUEUED:
            return "Geração na fila."
        if self.generation.state == GenerationState.RUNNING:
            tenths = 10 * self.generation.contracts // max(self.expected, 1)
            return f"Gerando: {tenths * 10} % dos contratos."
        if not self.generated:
            return f"Geração {STATES[self.generation.state].text.lower()}."
        made = many(self.generation.receivables, "título gerado", "títulos gerados")
        return f"{made}. {'Enviando os e-mails' if self.waiting else 'Nenhum e-mail na fila'}."


def progress(generation: Generation, now: datetime) -> Progress:
    """Where the run stands now; reads only."""
    counts = queries.messages_by_state(generation.id) if generation.messages else {}
    account = _account(generation)
    waits = any(counts.get(state) for state in WAITING)
    found = Progress(
        generation=generation,
        counts=counts,
        account=account,
        ends=forecast(account.id, 0, now).queue_ends if account and waits else None,
        lonely=_lonely(generation, now),
        poll=_poll(generation, counts, account, now),
        earlier=queries.earlier(generation) if not generation.receivables else None,
    )
    return found


def _lonely(generation: Generation, now: datetime) -> bool:
    """Whether no process seems to carry it out."""
    if generation.state == GenerationState.QUEUED:
        return generation.created_at < now - LONELY
    if generation.state != GenerationState.RUNNING:
        return False
    return generation.lease_until is None or generation.lease_until < now


def _account(generation: Generation) -> SmtpAccount | None:
    account_id = queries.account_of(generation.id) if generation.messages else None
    return db.session.get(SmtpAccount, account_id) if account_id else None


def _poll(
    generation: Generation, counts: dict[State, int], account: SmtpAccount | None, now: datetime
) -> int:
    """Often while e-mails leave, seldom while they wait for their hour, never once all ended."""
    if generation.state in MOVING or counts.get(State.SENDING):
        return FAST
    if not counts.get(State.QUEUED) or account is None:
        return 0
    if account.state == AccountState.PAUSED:
        return SLOW
    rests = account.hold_until is not None and account.hold_until > now + NEAR
    due = queries.first_due(generation.id)
    near = due is not None and due <= now + NEAR
    return FAST if near and not rests and has_room(account, now) else SLOW
