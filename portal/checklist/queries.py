"""Reads for the checklist's page, and the number beside its name in the menu."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from flask_login import current_user

from portal.checklist import base_labels, guide
from portal.checklist.base_health import Reason, measure
from portal.checklist.flow import Node, nodes
from portal.checklist.guide import Guide
from portal.checklist.history import Happening, Histories
from portal.checklist.probes import Checklist, check
from portal.core import clock
from portal.deliveries.eligibility import Requirement
from portal.settings.service import financial
from portal.web.htmx import wants_fragment

KEPT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Row:
    """A requirement with its last tests and changes, newest first.

    `listed`: the contracts that it is about, where it speaks of some of many.
    """

    requirement: Requirement
    history: tuple[Happening, ...]
    listed: Reason | None

    @property
    def changed(self) -> Happening | None:
        """The last change of its setting."""
        return next((item for item in self.history if item.change), None)


@dataclass(frozen=True, slots=True)
class CheckPage:
    """The whole checklist, as its page shows it; `guide` on the first day.

    `counts_later`: there are rows whose contracts are still to be counted, which takes long.
    """

    checklist: Checklist
    nodes: Sequence[Node]
    rows: Sequence[Row]
    guide: Guide | None
    at: datetime
    counts_later: bool

    def row_of(self, requirement: Requirement) -> Row:
        """The row of one of its requirements."""
        return next(row for row in self.rows if row.requirement.code == requirement.code)


def page(now: datetime, opened: str = "", *, counted: bool = False) -> CheckPage:
    """Probe everything now; the menu's number follows. `opened` names a step of the guide.

    `counted`: with the number of contracts behind each row, judged by the rule over the whole base.
    The guide always has them: nothing is generated yet, so that there is little to read.
    """
    found = check(now)
    _keep(current_app, found.missing, now)
    timezone = current_app.config["SETTINGS"].timezone
    account = financial().smtp_account
    first_day = guide.is_first_day()
    if first_day:
        account = guide.account_in_question(account)
        found = guide.with_account(found, account, now)
    found = guide.with_company(found, always=first_day)
    counts = counted or first_day
    histories = Histories(account.id if account else None)
    return CheckPage(
        checklist=found,
        nodes=nodes(found, account, timezone, now),
        rows=list(_rows(found, histories, _reasons(found, now) if counts else {})),
        guide=guide.guide(found, account, opened) if first_day else None,
        at=now,
        counts_later=not counts and any(map(base_labels.is_listed, found.requirements)),
    )


def frame_missing() -> dict[str, Any]:
    """For templates: how many requirements are missing, counted at most every ten seconds.

    Only where a whole page is drawn for who is signed in.
    """
    if wants_fragment() or not current_user.is_authenticated:
        return {}
    now = clock.now()
    kept: tuple[datetime, int] | None = current_app.extensions.get("checklist_missing")
    if kept is None or not kept[0] <= now < kept[0] + KEPT:
        return {"frame_missing": _keep(current_app, check(now).missing, now)}
    return {"frame_missing": kept[1]}


def _keep(app: Flask, missing: int, now: datetime) -> int:
    app.extensions["checklist_missing"] = (now, missing)
    return missing


def _reasons(found: Checklist, now: datetime) -> dict[str, Reason]:
    """What stops contracts, by its code; nothing is counted where no row speaks of it."""
    if not any(map(base_labels.is_listed, found.requirements)):
        return {}
    return {item.code: item for item in measure(now).reasons if item.every}


def _rows(found: Checklist, histories: Histories, reasons: Mapping[str, Reason]) -> Iterable[Row]:
    for requirement in found.requirements:
        listed = base_labels.is_listed(requirement)
        yield Row(
            requirement,
            histories.of(requirement.code),
            reasons.get(requirement.code) if listed else None,
        )
