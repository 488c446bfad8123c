"""What the page shows before anything is generated: counts, reasons, pace, warnings."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from portal.core import clock
from portal.core.db import db
from portal.deliveries.eligibility import Requirement, Status
from portal.deliveries.forecast import Forecast, forecast
from portal.generation import links
from portal.generation.models import Generation
from portal.generation.orders import PlannedTitle
from portal.generation.planning import Plan
from portal.smtp.models import SmtpAccount

COMFORT = timedelta(days=5)  # an e-mail that leaves so long before the due date is in good time
SOON = timedelta(minutes=1)
# Requirements that let an e-mail leave and still deserve a look before thousands do.
WATCHED = ("smtp_account_usable", "message_ready", "wallet_is_bank")


@dataclass(frozen=True, slots=True)
class Reason:
    """Titles that one requirement keeps from being e-mailed; `key` names the list of them."""

    key: str
    count: int
    fix_url: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Contracts that one requirement keeps from being billed."""

    code: str
    count: int
    links: Sequence[links.Link]


@dataclass(frozen=True, slots=True)
class Pace:
    """When the e-mails of the plan leave, under the account's limits."""

    forecast: Forecast
    starts: datetime | None  # None: at once
    ends: datetime
    titles: int  # that go by e-mail
    early: int  # of these, at least `COMFORT` before their due date
    late: int  # of these, after their due date
    resting_until: datetime | None  # the server asked for a rest


@dataclass(frozen=True, slots=True)
class Warned:
    """A requirement that does not block, and how many titles it touches."""

    requirement: Requirement
    count: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """A plan, told."""

    plan: Plan
    not_sent: Sequence[Reason]
    not_generated: Sequence[Skipped]
    warnings: Sequence[Warned]
    pace: Pace | None

    @property
    def contracts_billed(self) -> int:
        """Contracts that get at least one title."""
        return self.plan.contracts - self.plan.not_generated.total()


def simulate(plan: Plan, timezone: str, now: datetime) -> Simulation:
    """The plan's numbers with their reasons; reads only."""
    return Simulation(
        plan=plan,
        not_sent=list(_not_sent(plan)),
        not_generated=_skipped(plan.not_generated),
        warnings=list(_warnings(plan)),
        pace=_pace(plan, timezone, now),
    )


def skipped_of_run(generation: Generation) -> list[Skipped]:
    """Contracts that a run left without a title, by reason, the most frequent first."""
    return _skipped(generation.not_generated)


def _skipped(counts: Mapping[str, int]) -> list[Skipped]:
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    return [Skipped(code, count, links.of_contracts(code)) for code, count in ordered]


def reason_key(title: PlannedTitle) -> str:
    """Why the title is not e-mailed; the rule's code, `client_email` told apart in two."""
    code = title.not_sent_code
    if code == "client_email":
        return f"{code}.{'invalid' if title.row.invalid_emails else 'missing'}"
    return code


def titles_for(plan: Plan, key: str, timezone: str, now: datetime) -> list[PlannedTitle]:
    """The titles behind a number of the page: a reason, or a key of `labels.LISTS`."""
    if key == "emails":
        return plan.e_mailed
    if key == "printed":
        return [title for title in plan.titles if title.verdict.printed]
    if key == "overdue":
        return [title for title in plan.titles if title.due_date < plan.today]
    if key == "late":
        days = leave_days(plan, _forecast(plan, now), timezone)
        pairs = zip(plan.e_mailed, days, strict=True)
        return [title for title, day in pairs if _is_late(title, day, plan.today)]
    return [title for title in plan.titles if reason_key(title) == key]


def leave_days(plan: Plan, pace: Forecast | None, timezone: str) -> list[date]:
    """For each title of `plan.e_mailed`, the day on which the last of its e-mails leaves.

    E-mails leave in the order in which the run writes them: by title, then by address.
    """
    if pace is None:
        return []
    places: dict[tuple[str, str], int] = {}
    days = [clock.local_date(moment, timezone) for moment in pace.leaves]
    found = []
    for title in plan.e_mailed:
        scope = plan.scope(title)
        own = [places.setdefault((scope, to), len(places)) for to in title.recipients]
        found.append(days[max(own)])
    return found


def _not_sent(plan: Plan) -> Iterator[Reason]:
    stopped = [(reason_key(title), title) for title in plan.titles if title.not_sent_code]
    for key, count in Counter(key for key, _ in stopped).most_common():
        code = key.partition(".")[0]
        pages = {
            item.fix_url
            for of, title in stopped
            if of == key
            for item in title.verdict.requirements
            if item.code == code
        }
        yield Reason(key, count, links.of_titles(key, pages))


def _warnings(plan: Plan) -> Iterator[Warned]:
    found: Counter[Requirement] = Counter(
        item
        for title in plan.e_mailed
        for item in title.verdict.requirements
        if item.code in WATCHED and item.status in (Status.WARNING, Status.UNTESTED)
    )
    for requirement, count in found.items():
        yield Warned(requirement, count)


def _forecast(plan: Plan, now: datetime) -> Forecast | None:
    if plan.account_id is None or not plan.e_mailed:
        return None
    return forecast(plan.account_id, plan.messages, now)


def _pace(plan: Plan, timezone: str, now: datetime) -> Pace | None:
    coming = _forecast(plan, now)
    if coming is None or plan.account_id is None or coming.eta is None:
        return None
    titles = plan.e_mailed
    days = leave_days(plan, coming, timezone)
    account = db.session.get_one(SmtpAccount, plan.account_id)
    rests = account.hold_until is not None and account.hold_until > now
    return Pace(
        forecast=coming,
        starts=coming.leaves[0] if coming.leaves[0] > now + SOON else None,
        ends=coming.eta,
        titles=len(titles),
        early=sum(day + COMFORT <= title.due_date for title, day in zip(titles, days, strict=True)),
        late=sum(_is_late(title, day, plan.today) for title, day in zip(titles, days, strict=True)),
        resting_until=account.hold_until if rests else None,
    )


def _is_late(title: PlannedTitle, leaves: date, today: date) -> bool:
    """Whether it falls due before its e-mail leaves; titles born overdue are counted as such."""
    return today <= title.due_date < leaves
