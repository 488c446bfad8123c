"""The file of a backup: a zip with one JSON-lines part for each table, and a manifest.

The form belongs to no database: what was taken from SQLite goes into PostgreSQL, and back. A part
is a line of column names, then one line of values for each row: moments as ISO 8601 in UTC, money
as text, bytes in base64.
"""

import base64
import hashlib
import json
import os
import secrets
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, LargeBinary, Numeric

from portal.core.errors import PortalError

FORMAT = 1
MANIFEST, KEYS = "manifest.json", "encryption_keys"
DAMAGED = "A cópia está danificada: {what}. Nada foi mudado; use outra cópia."

# A small file may unpack to a huge one: nothing is taken into memory that is longer than a row or
# a list of parts can be. The longest row is an e-mail as it was sent, or the logo.
MAX_MANIFEST, MAX_ROW = 1 << 20, 64 << 20  # bytes

# What zipfile raises over bytes that are not as they were written.
_UNREADABLE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, struct.error),
)

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class BadBackup(PortalError):
    """The file is not a backup, or is damaged; the sentence says what was found."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the archive as the manifest knows it."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the archive says of itself. `revision`: the number of its last migration."""

    made_at: datetime
    revision: str
    parts: tuple[Part, ...]
    has_keys: bool

    def tables(self) -> Iterator[tuple[str, Part]]:
        """Each table's name with its part."""
        for part in self.parts:
            if part.name.startswith("tables/"):
                yield part.name.removeprefix("tables/").removesuffix(".jsonl"), part


class Writer:
    """Writes parts one after the other, and the manifest at the end."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._parts: list[Part] = []

    def add(self, name: str, lines: Iterable[str]) -> int:
        """A part of these lines; returns how many there were."""
        digest, count = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as file:
            for line in lines:
                raw = line.encode() + b"\n"
                digest.update(raw)
                file.write(raw)
                count += 1
        self._parts.append(Part(name, digest.hexdigest(), count))
        return count

    def close(self, *, made_at: datetime, revision: str, dialect: str, version: str) -> None:
        """The manifest, which makes it a backup."""
        facts = {
            "format": FORMAT,
            "made_at": made_at.isoformat(),
            "revision": revision,
            "dialect": dialect,
            "version": version,
            "parts": [
                {"name": part.name, "sha256": part.sha256, "rows": part.rows}
                for part in self._parts
            ],
        }
        self._archive.writestr(MANIFEST, json.dumps(facts, indent=1))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """A new archive that only this user may read; it has its name once it is whole."""
    _refuse_existing(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        _name(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _name(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)  # unlike a rename, it never takes the place of another file
    except OSError:  # there is one by now, or the disk knows no links (exFAT, CIFS)
        _refuse_existing(path)
        draft.rename(path)


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise PortalError(f"{path} já existe: escolha outro nome.")


class Reader:
    """An archive whose every part has been looked at."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        if any(info.compress_type not in _METHODS for info in archive.infolist()):
            raise BadBackup(DAMAGED.format(what="foi comprimida de outro modo"))
        self.manifest = self._read_manifest()
        for part in self.manifest.parts:
            self._check(part)

    def rows(self, part: Part) -> Iterator[list[Any]]:
        """The column names, then the values of each row."""
        for line in self._lines(part):
            yield json.loads(line)

    def keys(self) -> str:
        """The keys that came along, or an empty text."""
        return self._archive.read(KEYS).decode().strip() if self.manifest.has_keys else ""

    def _read_manifest(self) -> Manifest:
        try:
            if self._archive.getinfo(MANIFEST).file_size > MAX_MANIFEST:
                raise ValueError("too long")
            facts = json.loads(self._archive.read(MANIFEST))
            if facts["format"] != FORMAT:
                raise BadBackup(f"A cópia tem o formato {facts['format']}: atualize o Pontual.")
            parts = tuple(Part(**part) for part in facts["parts"])
            return Manifest(
                made_at=datetime.fromisoformat(facts["made_at"]),
                revision=str(facts["revision"]),
                parts=parts,
                has_keys=any(part.name == KEYS for part in parts),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadBackup(DAMAGED.format(what="o manifesto não se lê")) from error

    def _check(self, part: Part) -> None:
        digest, rows = hashlib.sha256(), 0
        try:
            for line in self._lines(part):
                digest.update(line)
                rows += 1
        except KeyError as error:
            raise BadBackup(DAMAGED.format(what=f"falta {part.name}")) from error
        if (digest.hexdigest(), rows) != (part.sha256, part.rows):
            raise BadBackup(DAMAGED.format(what=f"{part.name} não confere"))

    def _lines(self, part: Part) -> Iterator[bytes]:
        with self._archive.open(part.name) as file:
            while line := file.readline(MAX_ROW + 1):
                if len(line) > MAX_ROW:
                    raise BadBackup(DAMAGED.format(what=f"{part.name} tem uma linha sem fim"))
                yield line


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """The archive, checked from end to end. Raises BadBackup."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
        except OSError as error:
            raise PortalError(f"{path}: {error.strerror}.") from error
        try:
            # A turned bit may name a place before the file's beginning: the system refuses it.
            reader = Reader(stack.enter_context(zipfile.ZipFile(file)))
        except (*_UNREADABLE, OSError) as error:
            raise BadBackup(DAMAGED.format(what="o arquivo não se lê até o fim")) from error
        yield reader


def to_line(values: Iterable[Any]) -> str:
    """One row as it is written."""
    return json.dumps([_plain(value) for value in values], ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    return value


def reader_of(column: Column[Any], dialect: str) -> Callable[[Any], Any]:
    """Makes a column's value of what `to_line` wrote; `dialect`: the database it goes into."""
    kind = column.type
    if isinstance(kind, DateTime):
        return _moment if dialect == "postgresql" else _naive_moment
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    if isinstance(kind, Boolean):
        return bool
    if isinstance(kind, Numeric):
        return Decimal
    return _as_it_is


def _naive_moment(text: str) -> datetime:
    return _moment(text).replace(tzinfo=None)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _as_it_is(value: Any) -> Any:
    return value
