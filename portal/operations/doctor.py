"""`portal doctor`: looks at everything that an installation stands on, and explains what it finds.

Changes nothing, and goes on where something is away: a database that does not answer is a finding.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from portal.core.config import Settings
from portal.core.db import reading
from portal.core.logs import clean


class Verdict(StrEnum):
    """ATTENTION works today; FAILURE keeps e-mails from leaving, or endangers the data."""

    OK = "ok"
    ATTENTION = "atenção"
    FAILURE = "falha"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, what shows it, and what to do (empty when it is fine)."""

    code: str
    verdict: Verdict
    evidence: str
    cure: str = ""


Check = Callable[[Settings, datetime], Iterator[Finding]]


def ok(code: str, evidence: str) -> Finding:
    """Fine as it is."""
    return Finding(code, Verdict.OK, evidence)


def attention(code: str, evidence: str, cure: str) -> Finding:
    """Works, but somebody should act."""
    return Finding(code, Verdict.ATTENTION, evidence, cure)


def failure(code: str, evidence: str, cure: str) -> Finding:
    """Does not work, or is not safe."""
    return Finding(code, Verdict.FAILURE, evidence, cure)


def examine(settings: Settings, now: datetime) -> list[Finding]:
    """Everything, in the order in which one thing stands on another."""
    from portal.operations import doctor_database, doctor_machine, doctor_queue

    checks: tuple[tuple[str, Check], ...] = (
        ("settings", doctor_machine.settings_rules),
        ("machine", doctor_machine.machine),
        ("database", doctor_database.database),
        ("queue", doctor_queue.queue),
        ("keys", doctor_database.stored_secrets),
        ("smtp_port", doctor_database.smtp_ports),
    )
    with reading():  # it waits for nobody who writes
        return [found for name, check in checks for found in _tried(name, check, settings, now)]


def _tried(name: str, check: Check, settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        yield from check(settings, now)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[:1]
        yield failure(
            name,
            f"o banco de dados não atende: {clean(' '.join(reason))}",
            "Confira DATABASE_URL e se o servidor está no ar.",
        )
    except (RedisError, OSError) as error:
        yield failure(name, clean(str(error)), "Veja a mensagem e repita.")
