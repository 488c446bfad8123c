"""Files that wait for their confirmation, under PORTAL_HOME/imports; gone after a day."""

import json
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from portal.core.csv_rows import Report
from portal.core.errors import NotFound

KEPT = timedelta(days=1)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
_GONE = "Este arquivo não está mais aqui: foi importado ou passou de um dia. Envie-o de novo."


@dataclass(frozen=True, slots=True)
class Staged:
    """One file: its bytes in `path`, what is known of it beside it, in JSON."""

    folder: Path
    token: str

    @property
    def path(self) -> Path:
        """The file itself; it exists until it is imported."""
        return self.folder / f"{self.token}.csv"

    @property
    def taken(self) -> Path:
        """Where the file lies while it is being imported."""
        return self.folder / f"{self.token}.taken"

    @property
    def note(self) -> Path:
        """The JSON beside it."""
        return self.folder / f"{self.token}.json"

    def describe(self, **values: Any) -> None:
        """Add values to the note, in one piece: a reader sees all of it or nothing."""
        draft = self.note.with_suffix(".draft")
        facts = json.dumps(self.facts() | values, ensure_ascii=False)
        with open(draft, "w", encoding="utf-8", opener=_private) as file:
            file.write(facts)
        draft.replace(self.note)

    def facts(self) -> dict[str, Any]:
        """The note, empty when there is none."""
        try:
            facts: dict[str, Any] = json.loads(self.note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        return facts

    def report(self, name: str) -> Report | None:
        """The report kept as `check` or `result`."""
        kept = self.facts().get(name)
        return Report.from_dict(kept) if kept else None

    def take(self) -> bool:
        """Claim the file for importing; False when someone did before (a second click)."""
        try:
            os.rename(self.path, self.taken)
        except FileNotFoundError:
            return False
        return True

    def put_back(self) -> None:
        """Undo `take`: the import failed and may be tried again."""
        os.rename(self.taken, self.path)

    def forget(self) -> None:
        """Delete everything."""
        for path in (self.path, self.taken, self.note, self.note.with_suffix(".draft")):
            path.unlink(missing_ok=True)


def keep(home: Path, kind: str, user_id: int, name: str, now: datetime) -> Staged:
    """A place for a new file of this person; those older than a day are deleted."""
    folder = home / "imports"
    folder.mkdir(mode=0o700, exist_ok=True)
    sweep(folder, now)
    staged = Staged(folder, secrets.token_urlsafe(24))
    os.close(_private(str(staged.path), os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    staged.describe(kind=kind, user_id=user_id, name=name, at=now.isoformat())
    return staged


def find(home: Path, kind: str, user_id: int, token: str) -> Staged:
    """The file of this person. Raises NotFound: unknown, someone else's, or gone."""
    staged = Staged(home / "imports", token)
    facts = staged.facts() if _TOKEN.fullmatch(token) else {}
    if (facts.get("kind"), facts.get("user_id")) != (kind, user_id):
        raise NotFound(_GONE)
    return staged


def _private(path: str, flags: int) -> int:
    """Open a file that only this account may read."""
    return os.open(path, flags, 0o600)


def sweep(folder: Path, now: datetime) -> None:
    """Delete what is older than a day."""
    oldest = (now - KEPT).timestamp()
    for path in folder.iterdir():
        try:
            if path.stat().st_mtime < oldest:
                path.unlink()
        except FileNotFoundError:
            continue  # another process was faster
