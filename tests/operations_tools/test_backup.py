"""A backup comes back whole, into either database, or changes nothing."""

import json
import os
import stat
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import MetaData, create_engine, func, select, text

from portal.core import clock, migrations
from portal.core.db import db
from portal.core.errors import Conflict, PortalError
from portal.deliveries.models import DeliveryAttempt, EmailMessage
from portal.deliveries.states import State
from portal.generation.models import Generation, GenerationState
from portal.operations import backup_archive, backup_restore, backup_staging, keys
from portal.operations.backup import save
from portal.operations.backup_archive import BadBackup
from portal.operations.backup_restore import restore
from portal.smtp import accounts
from portal.smtp.models import AccountState, SmtpAccount
from portal.users.models import User, UserSession
from tests import factories
from tests.factories import NOON
from tests.support import company

LATER = NOON + timedelta(days=1)
SECRET = "senha da conta"


def fill(app) -> None:
    """A company, with a message in each awkward state and a run that is going on."""
    with app.app_context():
        company.fill(3)
        ana = factories.create_user(email="ana@example.com")
        db.session.add(UserSession(id="ana", user_id=ana.id, began_at=NOON, seen_at=NOON))
        ring = app.config["SETTINGS"].keys
        account = accounts.add({"name": "Com senha", "password": SECRET}, None, NOON, ring)
        sending = {"state": State.SENDING, "claim": "x", "lease_until": LATER + timedelta(hours=1)}
        factories.create_message(smtp_account=account, **sending, attempts=1, handed_over=True)
        factories.create_message(smtp_account=account, **sending, attempts=1)
        db.session.add(
            DeliveryAttempt(
                message_id=1,
                number=1,
                started_at=NOON,
                stage="data",
                outcome="accepted",
                reply="250 ação ok",
                milliseconds=7,
            )
        )
        db.session.query(Generation).update({"state": GenerationState.RUNNING})
        db.session.commit()
        db.session.remove()


def contents(app) -> dict[str, list]:
    """Every row of every table, by table."""
    with app.app_context(), db.engine.connect() as connection:
        return {
            table.name: [
                tuple(map(str, row))
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in db.metadata.sorted_tables
        }


def put_back(app, opener, path, **options):
    with app.app_context():
        return restore(path, app.config["SETTINGS"], opener(app), LATER, **options)


@pytest.fixture
def source(app):
    """A company over the suite's database."""
    fill(app)
    return app


@pytest.fixture
def archive(source, tmp_path):
    """Its backup, keys included."""
    path = tmp_path / "copia.zip"
    with source.app_context():
        save(path, source.config["SETTINGS"].keys, NOON, with_keys=True)
    return path


def test_only_its_owner_reads_it_and_no_other_file_is_overwritten(source, archive):
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    with source.app_context(), pytest.raises(PortalError, match="já existe"):
        save(archive, source.config["SETTINGS"].keys, NOON)
    assert os.listdir(archive.parent).count("copia.zip") == 1
    assert not list(archive.parent.glob(".copia*"))


def test_it_can_be_written_to_a_disk_without_links(source, tmp_path, monkeypatch):
    def refuse(*_names):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    folder = tmp_path / "usb"
    folder.mkdir()
    with source.app_context():
        ring = source.config["SETTINGS"].keys
        save(folder / "copia.zip", ring, NOON)
        with pytest.raises(PortalError, match="já existe"):
            save(folder / "copia.zip", ring, NOON)
    assert [file.name for file in folder.iterdir()] == ["copia.zip"]


def test_keys_are_in_it_only_when_asked_for(source, tmp_path):
    path = tmp_path / "sem.zip"
    ring = source.config["SETTINGS"].keys
    with source.app_context():
        save(path, ring, NOON)
    with zipfile.ZipFile(path) as file:
        everything = b"".join(file.read(name) for name in file.namelist())
    assert ring.export().encode() not in everything
    assert SECRET.encode() not in everything


def test_all_of_it_comes_back_and_nothing_leaves_by_itself(source, archive, make_app, opener):
    """From the suite's database to SQLite, with the rows as they were."""
    target = make_app("target", migrate=False)
    done = put_back(target, opener, archive)
    before, after = contents(source), contents(target)
    changed = {
        "smtp_accounts",
        "email_messages",
        "users",
        "user_sessions",
        "generations",
        "audit_events",
        "delivery_attempts",
    }
    assert {name for name in before if before[name] != after[name]} == changed
    assert len(after["email_messages"]) == len(before["email_messages"]) == 5
    with target.app_context():
        account = db.session.scalars(
            select(SmtpAccount).where(SmtpAccount.name == "Com senha")
        ).one()
        assert {a.state for a in db.session.scalars(select(SmtpAccount))} == {AccountState.PAUSED}
        assert "Restaurado de uma cópia de 24/11/2026" in account.pause_reason
        assert accounts.password_of(account, target.config["SETTINGS"].keys) == SECRET
        states = db.session.scalars(select(EmailMessage.state).order_by(EmailMessage.id)).all()
        assert states[-2:] == [State.UNCERTAIN, State.QUEUED]
        assert {g.state for g in db.session.scalars(select(Generation))} == {GenerationState.PAUSED}
        # No cookie opens it, neither of then nor of a version that came since.
        since = (LATER - NOON).total_seconds()
        assert db.session.scalar(select(User.session_version)) > 1 + since
        assert after["user_sessions"] == []
        # Tables, triggers and sequences are those of a portal that was never restored.
        db.session.rollback()
        assert migrations.revision() == migrations.newest()
        factories.create_client()
        with pytest.raises(Exception, match="append-only"):
            db.session.execute(text("DELETE FROM audit_events"))
        db.session.rollback()
    assert (done.uncertain, done.unreadable) == (1, ())
    assert done.keys_added == source.config["SETTINGS"].keys.ids


def test_from_sqlite_it_goes_into_the_suite_s_database(source, archive, make_app, opener, tmp_path):
    """There and back: over SQLite again into the (now used) database of the suite's kind."""
    middle = make_app("middle")
    put_back(middle, opener, archive)
    second = tmp_path / "dois.zip"
    with middle.app_context():
        save(second, middle.config["SETTINGS"].keys, LATER)
    wanted = contents(middle)
    put_back(source, opener, second, replace=True)
    found = contents(source)
    same = set(wanted) - {"smtp_accounts", "users", "audit_events"}
    assert {name for name in same if wanted[name] != found[name]} == set()
    with source.app_context():
        number = max(int(row[0]) for row in wanted["clients"])
        assert factories.create_client().id == number + 1
        with pytest.raises(Exception, match="append-only"):
            db.session.execute(text("UPDATE delivery_attempts SET number = 9"))
        db.session.rollback()


def test_a_database_with_rows_is_kept_unless_it_is_to_be_replaced(source, archive, opener):
    before = contents(source)
    with pytest.raises(Conflict, match="--replace"):
        put_back(source, opener, archive)
    assert contents(source) == before


def rewritten(archive, path, change):
    """A copy of the archive in which `change(name, data)` gives each part's bytes, or None."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            data = change(name, old.read(name))
            if data is not None:
                new.writestr(name, data)
    return path


FAULTS = {
    "part": lambda name, data: data.replace(b"Maria", b"Mario") if "clients" in name else data,
    "missing": lambda name, data: None if "wallets" in name else data,
    "no manifest": lambda name, data: None if "manifest" in name else data,
    "newer": lambda name, data: (
        data.replace(f'"{migrations.newest()}"'.encode(), b'"9999"') if "manifest" in name else data
    ),
}


def test_a_damaged_archive_changes_nothing(source, archive, opener, tmp_path):
    before = contents(source)
    bad = {name: rewritten(archive, tmp_path / name, change) for name, change in FAULTS.items()}
    bad |= {"cut": tmp_path / "cut", "no zip": tmp_path / "no zip"}
    bad["cut"].write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    bad["no zip"].write_text("isto não é uma cópia")
    for path in bad.values():
        with pytest.raises(BadBackup):
            put_back(source, opener, path, replace=True)
    assert contents(source) == before


def test_a_directory_that_points_before_the_beginning_is_found(archive, tmp_path):
    raw, bad = bytearray(archive.read_bytes()), tmp_path / "before.zip"
    field = slice(raw.rfind(b"PK\x05\x06") + 16, raw.rfind(b"PK\x05\x06") + 20)
    raw[field] = (int.from_bytes(raw[field], "little") + len(raw)).to_bytes(4, "little")
    bad.write_bytes(raw)
    with (
        pytest.raises(backup_archive.BadBackup, match="não se lê até o fim"),
        backup_archive.opened(bad),
    ):
        pass


def test_a_bit_that_turned_is_found_or_does_no_harm(archive, tmp_path):
    """Dates and such of the container may change; what the parts hold may not."""
    raw, bad, found = archive.read_bytes(), tmp_path / "bit.zip", 0
    for place in range(0, len(raw), len(raw) // 150):
        bad.write_bytes(raw[:place] + bytes([raw[place] ^ 4]) + raw[place + 1 :])
        try:
            with backup_archive.opened(bad) as reader:
                assert reader.manifest.parts
        except BadBackup:
            found += 1
    assert found > 75


def test_a_restore_that_dies_leaves_the_database_as_it_was(source, archive, opener, monkeypatch):
    """Killed at once, with nothing tidied up: the next one finds the rest and goes through."""
    before = contents(source)
    place = "SchemaPlace" if os.environ.get("TEST_DATABASE_URL") else "FilePlace"
    moments = (
        (backup_restore, "_fill_table"),
        (backup_restore, "settle"),
        (getattr(backup_staging, place), "take"),
    )
    for moment in moments:
        pid = os.fork()
        if pid == 0:
            try:
                monkeypatch.setattr(*moment, lambda *_a, **_k: os._exit(9))
                put_back(source, opener, archive, replace=True)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
        assert contents(source) == before
    assert put_back(source, opener, archive, replace=True).rows > 0


def test_an_older_backup_is_migrated_up(archive, make_app, opener, tmp_path):
    """The backup as the version before would have written it: fewer tables and columns."""
    older = make_app("older", migrate=False)
    with older.app_context():
        migrations.install()
        import flask_migrate

        flask_migrate.upgrade(revision="0002")
        metadata = MetaData()
        metadata.reflect(db.engine)
        columns = {name: set(table.columns.keys()) for name, table in metadata.tables.items()}

    def as_before(name, data):
        table = name.removeprefix("tables/").removesuffix(".jsonl")
        if name.startswith("tables/") and table not in columns:
            return None
        if not name.startswith("tables/"):
            return data
        head, *rows = [json.loads(line) for line in data.splitlines()]
        kept = [place for place, column in enumerate(head) if column in columns[table]]
        return b"".join(
            json.dumps([row[place] for place in kept]).encode() + b"\n" for row in (head, *rows)
        )

    import hashlib

    old = tmp_path / "velha.zip"
    rewritten(archive, old, as_before)
    with zipfile.ZipFile(old) as file:
        facts = json.loads(file.read("manifest.json")) | {"revision": "0002"}
        facts["parts"] = [
            part | {"sha256": hashlib.sha256(file.read(part["name"])).hexdigest()}
            for part in facts["parts"]
            if part["name"] in file.namelist()
        ]
    older_still = tmp_path / "mais-velha.zip"
    rewritten(
        old, older_still, lambda n, d: json.dumps(facts).encode() if n == "manifest.json" else d
    )
    target = make_app("target", migrate=False)
    put_back(target, opener, older_still)
    with target.app_context():
        assert migrations.revision() == migrations.newest()
        assert db.session.scalar(select(func.count()).select_from(EmailMessage)) == 5


def test_missing_keys_are_told(source, make_app, opener, tmp_path):
    path = tmp_path / "sem.zip"
    with source.app_context():
        save(path, source.config["SETTINGS"].keys, NOON)
    target = make_app("target")
    (place,) = put_back(target, opener, path).unreadable
    assert place.startswith("smtp_accounts.password:")
    with target.app_context():
        assert len(keys.stored()) == 1


def test_the_backup_holds_one_moment(source, tmp_path, monkeypatch):
    """Rows that come in while it is being written are not half in it."""
    from portal.operations import backup

    usual = backup._write_tables

    def busy(writer, connection):
        connection.execute(text("SELECT count(*) FROM clients")).all()
        url = source.config["SQLALCHEMY_DATABASE_URI"]
        other = create_engine(url)
        with other.begin() as late:
            late.execute(text("UPDATE clients SET name = 'mudou depois'"))
        other.dispose()
        return usual(writer, connection)

    monkeypatch.setattr(backup, "_write_tables", busy)
    path = tmp_path / "momento.zip"
    with source.app_context():
        save(path, source.config["SETTINGS"].keys, clock.now())
    with zipfile.ZipFile(path) as file:
        assert b"mudou depois" not in file.read("tables/clients.jsonl")
