"""A correction of many records in two steps: looked at and kept, then confirmed and done, once.

What was looked at waits beside the imports, with the version of each record; whoever confirms
carries out exactly that. A second confirmation finds it taken and changes nothing.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from portal.checklist import base_labels
from portal.checklist.base_health import Health, count
from portal.checklist.base_kinds import Kind
from portal.checklist.base_lists import BaseList, ListFilters
from portal.clients import bulk as client_bulk
from portal.clients import service as clients
from portal.clients import staging
from portal.clients.staging import Staged
from portal.contracts import bulk as contract_bulk
from portal.contracts import service as contracts
from portal.contracts.bulk import Edit
from portal.core.audit import Actor
from portal.core.bulk import Written
from portal.core.csv_reader import Problem
from portal.deliveries.jury import Jury

KIND = "base"  # of the staged files
CONTRACTS, EMAILS = "contracts", "emails"
SAMPLES = 10
MOST_NAMED = 200  # bad lines, and records that changed meanwhile, that a page names


@dataclass(frozen=True, slots=True)
class Place:
    """Whose correction it is and where it is kept."""

    home: Path
    user_id: int

    def keep(self, now: datetime) -> Staged:
        """Room for a new one."""
        return staging.keep(self.home, KIND, self.user_id, "", now)

    def find(self, token: str) -> Staged:
        """One that was kept. Raises NotFound."""
        return staging.find(self.home, KIND, self.user_id, token)


def look_at_contracts(filters: ListFilters, edit: Edit, place: Place, now: datetime) -> str:
    """Keep what `edit` would do to the contracts of the list; returns the token of the page."""
    found = BaseList(filters, now)
    ids = found.ids()
    preview = contract_bulk.preview(edit, ids)
    gone = 0 if filters.contract_ids is None else len(set(filters.contract_ids)) - len(ids)
    work = {
        "what": CONTRACTS,
        "column": edit.column,
        "raw": edit.raw,
        "rows": {line.code: line.version for line in preview.lines},
        "described": base_labels.described(filters),
    }
    return _keep(
        place, work, now,
        title=str(edit), code=filters.code, args=filters.args(), count=len(preview.lines),
        skipped=_skipped((preview.same, f"já com {edit.text}"), (gone, "fora desta lista agora")),
        samples=[asdict(line) | {"after": edit.text} for line in preview.lines[:SAMPLES]],
        after=_after(found, edit),
    )  # fmt: skip


def look_at_emails(
    entries: Sequence[client_bulk.Entry],
    problems: Sequence[Problem],
    source: str,
    place: Place,
    now: datetime,
) -> str:
    """Keep what the lines would do to the clients' addresses; returns the token of the page.

    `source` says in the audit trail where the lines came from.
    """
    preview = client_bulk.preview(entries, problems)
    work = {
        "what": EMAILS,
        "rows": {line.code: line.version for line in preview.lines},
        "emails": {line.code: line.after for line in preview.lines},
        "described": f"{source}, {len(preview.problems)} linhas recusadas.",
    }
    return _keep(
        place, work, now,
        title="E-mails dos clientes", code="client_email", args={}, count=len(preview.lines),
        skipped=_skipped((preview.same, "já com estes e-mails")),
        samples=[
            {"code": line.code, "client": line.name, "before": line.before, "after": line.after}
            for line in preview.lines[:SAMPLES]
        ],
        refused=len({problem.line for problem in preview.problems}),
        problems=[problem.to_dict() for problem in preview.problems[:MOST_NAMED]],
    )  # fmt: skip


def carry_out(staged: Staged, actor: Actor, now: datetime) -> None:
    """Do what was looked at, unless someone did already. What changed meanwhile is left alone."""
    if not staged.take():
        return
    try:
        work = json.loads(staged.taken.read_text(encoding="utf-8"))
        written = _write(work, actor, now).to_dict()
        stale = written.pop("stale")
        staged.describe(result=written | {"stale": len(stale), "named": stale[:MOST_NAMED]})
    except BaseException:
        staged.put_back()
        raise
    staged.taken.unlink()


def _write(work: Mapping[str, Any], actor: Actor, now: datetime) -> Written:
    if work["what"] == EMAILS:
        return clients.change_emails(work["emails"], work["rows"], work["described"], actor, now)
    edit = contract_bulk.parse_edit(work["column"], work["raw"])
    return contracts.change_many(edit, work["rows"], work["described"], actor, now)


def _keep(place: Place, work: Mapping[str, Any], now: datetime, **page: Any) -> str:
    staged = place.keep(now)
    staged.path.write_text(json.dumps(work, ensure_ascii=False), encoding="utf-8")
    staged.describe(page=page | {"what": work["what"]})
    return staged.token


def _skipped(*counted: tuple[int, str]) -> list[tuple[int, str]]:
    return [(number, why) for number, why in counted if number]


def _after(found: BaseList, edit: Edit) -> dict[str, Any]:
    """How the contracts of the list would stand after the edit, by the rule."""
    jury = Jury()
    kinds: list[Kind] = []
    for kind in found.base.kinds(found.where):
        facts = kind.example.facts
        if edit.column == contract_bulk.DELIVERY:
            facts = replace(facts, contract_delivery_type=edit.value)
        else:
            facts = replace(facts, wallet=found.base.context.wallet_facts[edit.value])
        verdict = jury.verdict(facts)
        kinds.append(replace(kind, example=replace(kind.example, verdict=verdict)))
    health: Health = count(kinds)
    stopped = Counter({item.code: item.count for item in health.reasons if item.count})
    return {
        "emails": health.emails,
        "stopped": [(base_labels.name(code), n) for code, n in stopped.most_common()],
    }
