"""Rotating the keys of the secrets at rest. Commits row by row: killed anywhere, run it again.

While it runs people may save passwords and providers replace tokens: a row is rewritten only if
it still holds the ciphertext that was read, and the next pass sees whatever came in between.
"""

import fcntl
import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, select, update

from portal.core.crypto import KeyRing, SecretUnreadable, key_id_of, new_key
from portal.core.db import db, reading
from portal.core.errors import Conflict
from portal.smtp.models import SmtpAccount
from portal.webhooks.models import Webhook

# Every column that holds ciphertext; each is bound to `table.column:id`.
COLUMNS: tuple[tuple[Table, str], ...] = (
    (cast(Table, SmtpAccount.__table__), "password"),
    (cast(Table, SmtpAccount.__table__), "imap_password"),
    (cast(Table, SmtpAccount.__table__), "oauth_client_secret"),
    (cast(Table, SmtpAccount.__table__), "oauth_refresh_token"),
    (cast(Table, Webhook.__table__), "secret"),
)


@dataclass(frozen=True, slots=True)
class Secret:
    """A ciphertext where it stands."""

    table: Table
    column: str
    row_id: int
    token: str

    @property
    def place(self) -> str:
        """What it is bound to, and how people are told of it."""
        return f"{self.table.name}.{self.column}:{self.row_id}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rotation did. `unreadable`: places whose secret has to be typed again."""

    rewritten: int
    unreadable: tuple[str, ...]


def stored() -> list[Secret]:
    """Every secret that is kept, as it is now."""
    with reading(), db.engine.connect() as connection:
        return [secret for table, name in COLUMNS for secret in _of_column(connection, table, name)]


def uses() -> Counter[str]:
    """How many secrets each key holds, by the key's fingerprint."""
    return Counter(key_id_of(secret.token) for secret in stored())


def add_key(ring: KeyRing) -> str:
    """Put a fresh key in front of the file's; returns its fingerprint. Raises Conflict."""
    path = _file_of(ring)
    with _locked(path):
        _write(path, f"{new_key()},{ring.export()}")
    return ring.ids[0]


def rewrite(ring: KeyRing) -> Outcome:
    """Write every secret that an older key holds again with the newest one."""
    done, unreadable = 0, dict[str, None]()
    while True:
        old = [item for item in stored() if key_id_of(item.token) != ring.ids[0]]
        left = [item for item in old if item.place not in unreadable]
        if not left:
            return Outcome(done, tuple(unreadable))
        for secret in left:
            try:
                plain = ring.decrypt(secret.token, bound_to=secret.place)
            except SecretUnreadable:
                unreadable[secret.place] = None
                continue
            done += _replace(secret, ring.encrypt(plain, bound_to=secret.place))


def drop_old(ring: KeyRing) -> tuple[str, ...]:
    """Take the keys that hold nothing any more from the file; returns their fingerprints.

    Raises Conflict, with nothing changed, while a secret still needs one of them.
    """
    path = _file_of(ring)
    with _locked(path):
        old = ring.ids[1:]
        needed = [key_id for key_id in old if uses()[key_id]]
        if needed:
            raise Conflict(
                f"Ainda há segredos com a chave {', '.join(needed)}: rode portal keys rotate antes."
            )
        if old:
            _write(path, ring.export().split(",")[0])
    return old


def merge(ring: KeyRing, given: KeyRing) -> tuple[str, ...]:
    """Add keys that came with a backup behind the file's own; returns what was new."""
    missing = tuple(key_id for key_id in given.ids if key_id not in ring.ids)
    if missing:
        path = _file_of(ring)
        with _locked(path):
            _write(path, f"{ring.export()},{given.export()}")
    return missing


def _of_column(connection: Connection, table: Table, name: str) -> list[Secret]:
    column = table.c[name]
    rows = connection.execute(select(table.c.id, column).where(column != "").order_by(table.c.id))
    return [Secret(table, name, row_id, token) for row_id, token in rows]


def _replace(secret: Secret, token: str) -> bool:
    """Neither the version nor the time of the last change moves: to people it is the same."""
    table: Any = secret.table
    with db.engine.begin() as connection:
        result = connection.execute(
            update(table)
            .where(table.c.id == secret.row_id, table.c[secret.column] == secret.token)
            .values({secret.column: token})
        )
    return result.rowcount == 1


def _file_of(ring: KeyRing) -> Path:
    if ring.source is None:
        raise Conflict("As chaves vêm de PORTAL_ENCRYPTION_KEYS: mude-as lá.")
    return ring.source


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One rotation at a time over this file."""
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, text: str) -> None:
    """Whole or not at all, and on the disk before any secret is written with it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
