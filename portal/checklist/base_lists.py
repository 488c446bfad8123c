"""The contracts behind each number of the base's health: pages, search, the file."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from portal.checklist.base_health import EMAILS, stopped_by
from portal.checklist.base_kinds import Base, Judged, Kind
from portal.clients.models import Client
from portal.contracts.labels import delivery_text
from portal.contracts.models import Contract
from portal.core.csv_writer import write_csv
from portal.core.db import db
from portal.core.errors import NotFound
from portal.core.money import format_amount
from portal.core.text import one_line
from portal.core.upsert import batches
from portal.deliveries.eligibility import CODES
from portal.web.formatters import month
from portal.web.pagination import Page, page_of
from portal.web.search import MAX_QUERY, contains

# `codigo` and `email` are what the correction of e-mails reads: the file, mended, goes back in.
HEADER = (
    "codigo", "cliente", "email", "contrato", "plano", "valor", "carteira", "tipo_envio",
    "competencia", "motivo",
)  # fmt: skip
_SETTINGS = ("/cadastros/", "/configuracoes/")  # pages that mend many contracts at once


@dataclass(frozen=True, slots=True)
class ListFilters:
    """One list: a code of the rule or `emails`, and what narrows it. Raises NotFound."""

    code: str
    every: bool = False  # with the contracts that something else stops before
    text: str = ""
    contract_ids: tuple[int, ...] | None = None  # only these of it

    def __post_init__(self) -> None:
        if self.code not in (EMAILS, *CODES):
            raise NotFound("Esta lista não existe. Abra Saúde da base e escolha uma.")

    @classmethod
    def from_args(
        cls, code: str, args: Mapping[str, str], contract_ids: tuple[int, ...] | None = None
    ) -> "ListFilters":
        """The filters of `?q=&tambem=1`."""
        text = one_line(args.get("q", ""))[:MAX_QUERY]
        return cls(code, args.get("tambem") == "1", text, contract_ids)

    def args(self) -> dict[str, str]:
        """The arguments of the list's URL."""
        found = {"q": self.text, "tambem": "1" if self.every else ""}
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Line:
    """One contract of a list; `evidence` is the rule's, `fix_url` mends it."""

    contract_id: int
    contract: str
    client_id: int
    client_code: str
    client: str
    emails: str
    plan: str
    amount: Decimal
    wallet: str
    delivery: str
    competence: date
    evidence: str
    fix_url: str

    def to_dict(self) -> dict[str, Any]:
        """As `portal base --code --json` prints it."""
        return {
            "contract": self.contract,
            "client": self.client_code,
            "name": self.client,
            "competence": f"{self.competence:%Y-%m}",
            "evidence": self.evidence,
            "fix_url": self.fix_url,
        }


class BaseList:
    """The contracts of one list as they stand at `now`; reads only."""

    def __init__(self, filters: ListFilters, now: datetime) -> None:
        self.filters = filters
        self.base = Base(now)
        kinds = self.base.kinds()
        self.any_active = bool(kinds)
        self.kinds = [kind for kind in kinds if _belongs(kind, filters)]
        self.where = (self.base.is_one_of(self.kinds), *_narrowed(filters))

    @property
    def whole(self) -> int:
        """How many contracts the list has when it is not narrowed."""
        return sum(kind.count for kind in self.kinds)

    def total(self) -> int:
        """How many contracts the list has, as it is narrowed."""
        if len(self.where) == 1:
            return self.whole
        return sum(kind.count for kind in self.base.kinds(self.where))

    def page(self, after: int | None) -> tuple[Page[int], list[Line]]:
        """One page, the newest contract first: its keys, and its contracts."""
        query = self.base.select(Contract.id).where(*self.where)
        page = page_of(query, Contract.id, after=after, key_of=int)
        lines = {line.contract_id: line for line in self._lines(page.rows)}
        return page, [lines[contract_id] for contract_id in page.rows if contract_id in lines]

    def lines(self) -> Iterator[Line]:
        """Every contract, the newest first by thousands."""
        for ids in batches(self.ids()):
            yield from self._lines(ids)

    def ids(self) -> Sequence[int]:
        """The contracts' ids, the newest first."""
        query = self.base.select(Contract.id).where(*self.where)
        return db.session.scalars(query.order_by(Contract.id.desc())).all()

    def causes(self) -> list[tuple[str, str, int]]:
        """(evidence, page, contracts) of the settings that stop contracts of the whole list."""
        found: Counter[tuple[str, str]] = Counter()
        for kind in self.kinds:
            evidence, url = _evidence(kind.example, self.filters.code)
            if url.startswith(_SETTINGS) and self.filters.code != EMAILS:
                found[evidence, url] += kind.count
        return [(evidence, url, count) for (evidence, url), count in found.most_common()]

    def _lines(self, contract_ids: Sequence[int]) -> Iterator[Line]:
        judged = list(self.base.judge(contract_ids))
        query = select(Client.id, Client.code)
        ids = {item.row.client_id for item in judged}
        codes = dict(db.session.execute(query.where(Client.id.in_(ids))).all())
        for item in judged:
            yield self._line(item, codes[item.row.client_id])

    def _line(self, item: Judged, client_code: str) -> Line:
        row, context = item.row, self.base.context
        evidence, fix_url = _evidence(item, self.filters.code)
        return Line(
            contract_id=row.contract_id,
            contract=row.contract_code,
            client_id=row.client_id,
            client_code=client_code,
            client=row.client_name,
            emails=", ".join(filter(None, (row.emails, row.invalid_emails))),
            plan=row.plan,
            amount=row.amount,
            wallet=context.wallets[row.wallet_id].name,
            delivery=delivery_text(row.delivery_type, context.default_delivery_type),
            competence=item.competence,
            evidence=evidence,
            fix_url=fix_url,
        )


def export(found: BaseList) -> bytes:
    """The list as CSV."""
    rows = (
        (
            line.client_code, line.client, line.emails, line.contract, line.plan,
            format_amount(line.amount), line.wallet, line.delivery, month(line.competence),
            line.evidence,
        )
        for line in found.lines()
    )  # fmt: skip
    return write_csv(HEADER, rows)


def _evidence(judged: Judged, code: str) -> tuple[str, str]:
    """What the rule says of the list's requirement, and its page; of `emails`, the addresses."""
    wanted = "client_email" if code == EMAILS else code
    found = next(item for item in judged.verdict.requirements if item.code == wanted)
    return found.evidence, found.fix_url


def _belongs(kind: Kind, filters: ListFilters) -> bool:
    codes = stopped_by(kind.example.verdict) or [EMAILS]
    return filters.code in (codes if filters.every else codes[:1])


def _narrowed(filters: ListFilters) -> Iterator[ColumnElement[bool]]:
    if filters.text:
        yield or_(
            contains(Client.name, filters.text),
            Client.code == filters.text,
            Contract.code == filters.text,
        )
    if filters.contract_ids is not None:
        yield Contract.id.in_(filters.contract_ids)
