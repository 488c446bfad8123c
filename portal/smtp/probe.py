"""Trying an account out, stage by stage, for the screen and the command line."""

import ssl
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from portal.smtp.access_tokens import forget
from portal.smtp.addresses import DestinationPolicy, Resolver
from portal.smtp.causes import explain
from portal.smtp.failures import Failure
from portal.smtp.server import SmtpServer
from portal.smtp.stages import LABELS, Stage, order_of
from portal.smtp.transport import Sendable, SmtpSession


@dataclass(frozen=True, slots=True)
class Step:
    """One stage: `ok` is True, False, or None where the probe did not get that far."""

    stage: Stage
    label: str
    ok: bool | None
    detail: str = ""
    milliseconds: int = 0
    reply: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain texts and numbers, for JSON and for the database."""
        return {**asdict(self), "stage": self.stage.value}


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """All stages in their order, and what became of the probe.

    `accepted`: every stage was passed. `outcome`: "accepted", else the failure's kind.
    `stage`: the last one reached. For a failure: its stable `cause`, and `title` and `cure`
    for people.
    """

    accepted: bool
    outcome: str
    stage: str
    steps: tuple[Step, ...]
    cause: str = ""
    title: str = ""
    cure: str = ""
    code: int | None = None
    reply: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, texts and numbers."""
        return {**asdict(self), "steps": [step.to_dict() for step in self.steps]}


OnStep = Callable[[Step], None]


@dataclass(slots=True)
class _Trail:
    """The steps so far, told to the caller as they come."""

    server: SmtpServer
    on_step: OnStep | None
    steps: list[Step] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def passed(self, stage: Stage, detail: str, milliseconds: int) -> None:
        reply = detail if stage is Stage.ACCEPTED else ""
        self._add(Step(stage, self.label(stage), True, detail, milliseconds, reply))

    def failed(self, failure: Failure, title: str) -> None:
        milliseconds = round((time.monotonic() - self.since) * 1000)
        label = self.label(failure.stage)
        self._add(Step(failure.stage, label, False, title, milliseconds, failure.reply))

    def pending(self, *, sending: bool) -> list[Step]:
        reached = {step.stage for step in self.steps}
        order = order_of(self.server.security, sending=sending)
        return [Step(stage, self.label(stage), None) for stage in order if stage not in reached]

    def label(self, stage: Stage) -> str:
        if stage is Stage.CONNECT:
            return f"{LABELS[stage]} na porta {self.server.port}"
        return LABELS[stage]

    def _add(self, step: Step) -> None:
        self.since = time.monotonic()
        self.steps.append(step)
        if self.on_step is not None:
            self.on_step(step)


def probe(
    server: SmtpServer,
    message: Sendable | None,
    recipient: str,
    policy: DestinationPolicy,
    on_step: OnStep | None = None,
    *,
    resolver: Resolver | None = None,
    context: ssl.SSLContext | None = None,
) -> ProbeResult:
    """Run every stage and tell each as it ends; never raises Failure.

    Without a message it stops after the login, and nothing is sent. With one, it is really
    handed over to the server for `recipient`.
    """
    forget(server.oauth)  # a test proves that a token can be had now
    trail = _Trail(server, on_step)
    session = SmtpSession(server, policy, on_stage=trail.passed, resolver=resolver, context=context)
    try:
        with session:
            if message is not None:
                session.deliver(message, recipient)
    except Failure as failure:
        explanation = explain(failure.cause, server)
        trail.failed(failure, explanation.title)
        return ProbeResult(
            accepted=False,
            outcome=failure.kind.value,
            stage=failure.stage.value,
            steps=(*trail.steps, *trail.pending(sending=message is not None)),
            cause=failure.cause,
            title=explanation.title,
            cure=explanation.cure,
            code=failure.code,
            reply=failure.reply,
        )
    last = trail.steps[-1]
    code = int(last.reply[:3]) if last.reply else None
    return ProbeResult(
        True, "accepted", last.stage.value, tuple(trail.steps), code=code, reply=last.reply
    )
