"""Reads for the pages of the SMTP accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.errors import NotFound
from portal.smtp import accounts
from portal.smtp.models import SmtpAccount, SmtpTest, SmtpTestState
from portal.smtp.stages import LABELS, order_of

HISTORY = 50
LONELY = timedelta(seconds=5)  # queued for longer: no worker seems to be running
GIVEN_UP = timedelta(minutes=15)  # no test takes that long: whoever ran it is gone


@dataclass(frozen=True, slots=True)
class Step:
    """One stage as the page shows it; `state` is a key of labels.STEP_LABELS."""

    label: str
    state: str
    detail: str = ""
    milliseconds: int | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """A test and where it stands. `moving`: worth asking again in a second."""

    test: SmtpTest
    steps: Sequence[Step]
    moving: bool
    lonely: bool
    abandoned: bool

    @property
    def announcement(self) -> str:
        """The newest fact in one sentence, for those who hear the page."""
        if self.test.state == SmtpTestState.ACCEPTED:
            return "Teste aceito pelo servidor."
        if self.test.state == SmtpTestState.FAILED:
            return f"O teste falhou. {self.test.cause}"
        done = [step for step in self.steps if step.state == "done"]
        return f"{done[-1].label}: feito." if done else "Teste na fila."


def all_accounts() -> Sequence[SmtpAccount]:
    """Every account, by name."""
    return db.session.scalars(select(SmtpAccount).order_by(SmtpAccount.name)).all()


def search_accounts(text: str) -> Sequence[SmtpAccount]:
    """Accounts whose name, server or sender contains `text`, without regard to case."""
    wanted = text.casefold().strip()
    return [
        account
        for account in all_accounts()
        if wanted in f"{account.name} {account.host} {account.sender_address}".casefold()
    ]


def last_test(account_id: int) -> SmtpTest | None:
    """The newest test of the account."""
    return db.session.scalar(
        select(SmtpTest)
        .where(SmtpTest.smtp_account_id == account_id)
        .order_by(SmtpTest.id.desc())
        .limit(1)
    )


def get_test(account_id: int, test_id: int) -> SmtpTest:
    """A test of this account. Raises NotFound."""
    test = db.session.get(SmtpTest, test_id)
    if test is None or test.smtp_account_id != account_id:
        raise NotFound("Este teste não existe. Volte à conta e teste de novo.")
    return test


def tests_of(account_id: int) -> Sequence[SmtpTest]:
    """The newest tests of the account."""
    return db.session.scalars(
        select(SmtpTest)
        .where(SmtpTest.smtp_account_id == account_id)
        .order_by(SmtpTest.id.desc())
        .limit(HISTORY)
    ).all()


def changes_of(account_id: int) -> Sequence[AuditEvent]:
    """The newest changes of the account, tests left out."""
    return db.session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.entity == accounts.ENTITY,
            AuditEvent.entity_id == account_id,
            AuditEvent.action != "smtp.test",
        )
        .order_by(AuditEvent.id.desc())
        .limit(HISTORY)
    ).all()


def progress(test: SmtpTest, now: datetime) -> Progress:
    """Where the test stands, stage by stage."""
    waiting = test.state in (SmtpTestState.QUEUED, SmtpTestState.RUNNING)
    age = now - test.created_at
    return Progress(
        test=test,
        steps=_steps(test),
        moving=waiting and age < GIVEN_UP,
        lonely=test.state == SmtpTestState.QUEUED and LONELY < age < GIVEN_UP,
        abandoned=waiting and age >= GIVEN_UP,
    )


def _steps(test: SmtpTest) -> list[Step]:
    reported = [step for step in test.steps if step.get("ok") is not None]
    done = [_reported(step) for step in reported]
    known = {step["stage"] for step in reported}
    todo = [
        LABELS[stage]
        for stage in order_of(test.account.security.value, sending=True)
        if stage.value not in known
    ]
    if test.state == SmtpTestState.ACCEPTED:
        return done
    after = "unreached" if test.state == SmtpTestState.FAILED else "waiting"
    rest = [Step(label, after) for label in todo]
    if test.state == SmtpTestState.RUNNING and rest:
        rest[0] = Step(rest[0].label, "running")
    return done + rest


def _reported(step: dict[str, Any]) -> Step:
    detail, reply = str(step.get("detail") or ""), str(step.get("reply") or "")
    return Step(
        label=str(step.get("label") or step.get("stage")),
        state="done" if step["ok"] else "failed",
        # A failure's detail is the cause that stands below it.
        detail=detail if step["ok"] and detail != reply else "",
        milliseconds=step.get("milliseconds"),
        reply=reply,
    )
