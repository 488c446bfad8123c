"""The same write asked for twice is done once: `Idempotency-Key`.

A row stands for the request from before it is begun. Its `status` is written in the transaction
of the change itself (`promise`), so that whoever asks again after a crash is told of what was
done, and what was not done is done then. A write that was refused leaves no row: nothing was
changed, and the key is free.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update, delete, select, update
from sqlalchemy.exc import IntegrityError

from portal.api.models import ApiRequest
from portal.api.problems import Refusal
from portal.core.db import db

LEASE = timedelta(seconds=60)  # a request in work is thought dead after that
KEEP = timedelta(days=7)
KEY = re.compile(r"[\x21-\x7e]{8,128}")
BUSY = "Este pedido já está em andamento. Espere alguns segundos e repita com a mesma chave."
OTHER = "Esta Idempotency-Key já serviu a outro pedido. Use uma chave nova para cada pedido."
MISSING = (
    "Envie o cabeçalho Idempotency-Key: de 8 a 128 caracteres, outros a cada pedido novo e os"
    " mesmos ao repetir (um UUID serve)."
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of the request before; `answer` is None where its process died too early."""

    status: int
    answer: Any
    location: str


@dataclass(frozen=True, slots=True)
class Hold:
    """A request in work, and when this process took it: the fence against a second one."""

    row_id: int
    token_id: int
    key: str
    since: datetime

    def run_key(self) -> str:
        """A name for what the request makes, the same however often it is begun; 64 characters."""
        return hashlib.sha256(f"api:{self.token_id}:{self.key}".encode()).hexdigest()

    def promise(self, status: int, location: str) -> None:
        """Note the end in the transaction of the change; the caller's commit keeps both.

        Raises Refusal (409) when another process took the request over meanwhile.
        """
        if not _changed(self._mine().values(status=status, location=location)):
            raise Refusal(409, BUSY)

    def finish(self, status: int, answer: Any, location: str) -> None:
        """Keep the whole answer. Commits."""
        values = {"status": status, "answer": answer, "location": location}
        _changed(self._mine().values(**values))
        db.session.commit()

    def release(self) -> None:
        """Nothing was changed: free the key. Commits."""
        db.session.rollback()
        mine = (ApiRequest.id == self.row_id, ApiRequest.created_at == self.since)
        _changed(delete(ApiRequest).where(*mine, ApiRequest.status.is_(None)))
        db.session.commit()

    def _mine(self) -> Update:
        return update(ApiRequest).where(
            ApiRequest.id == self.row_id, ApiRequest.created_at == self.since
        )


def fingerprint(method: str, path: str, body: bytes) -> str:
    """What makes two requests the same."""
    return hashlib.sha256(f"{method} {path}\n".encode() + body).hexdigest()


def begin(token_id: int, key: str | None, mark: str, now: datetime) -> Hold | Kept:
    """Take the request, or tell what came of it. Commits.

    Raises Refusal: 422 for a key that is missing, unfit or was another request's, and 409 while
    the same request is in work.
    """
    if not key or not KEY.fullmatch(key):
        raise Refusal(422, MISSING)
    db.session.execute(
        delete(ApiRequest).where(
            ApiRequest.token_id == token_id, ApiRequest.created_at < now - KEEP
        )
    )
    row = ApiRequest(token_id=token_id, key=key, fingerprint=mark, created_at=now)
    db.session.add(row)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return _again(token_id, key, mark, now)
    return Hold(row.id, token_id, key, now)


def _again(token_id: int, key: str, mark: str, now: datetime) -> Hold | Kept:
    row = db.session.scalar(
        select(ApiRequest).where(ApiRequest.token_id == token_id, ApiRequest.key == key)
    )
    if row is None:  # refused and freed in this very moment
        raise Refusal(409, BUSY, Retry_After="1")
    if row.fingerprint != mark:
        raise Refusal(422, OTHER)
    if row.status is not None:
        return Kept(row.status, row.answer, row.location)
    if row.created_at > now - LEASE:
        raise Refusal(409, BUSY, Retry_After="5")
    hold = Hold(row.id, token_id, key, now)
    taken = _changed(
        update(ApiRequest)
        .where(
            ApiRequest.id == row.id,
            ApiRequest.status.is_(None),
            ApiRequest.created_at == row.created_at,
        )
        .values(created_at=now)
    )
    db.session.commit()
    if not taken:
        raise Refusal(409, BUSY, Retry_After="5")
    return hold


def _changed(statement: Update | Delete) -> bool:
    done = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount == 1
