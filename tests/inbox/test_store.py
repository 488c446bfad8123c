"""Messages as files."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.inbox.store import Store, received_at

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_message_is_kept_with_its_envelope_above_it(store: Store):
    name = store.save("Subject: y\r\n\r\nolá".encode(), "a@b.com", ["c@d.com"], NOON)
    assert store.read(name) == (
        b"Return-Path: <a@b.com>\r\nDelivered-To: c@d.com\r\nSubject: y\r\n\r\nol\xc3\xa1"
    )
    assert received_at(name) == NOON


def test_names_come_newest_first_and_drafts_are_no_messages(store: Store):
    names = [store.save(b"", "", [], NOON + timedelta(seconds=n)) for n in (2, 0, 1)]
    (store.folder / ".20261124T120000000000-00000000.part").write_bytes(b"half")
    (store.folder / "notes.eml").write_bytes(b"not ours")
    assert store.names() == sorted(names, reverse=True)


def test_two_messages_of_one_instant_are_two(store: Store):
    assert len({store.save(b"", "", [], NOON) for _ in range(50)}) == len(store.names()) == 50


def test_a_name_never_leads_out_of_the_folder(store: Store, tmp_path: Path):
    (tmp_path / "secret.eml").write_bytes(b"secret")
    for name in ("../secret", "secret", "", "..", "20261124T120000000000-0123abcd/../../secret"):
        assert store.read(name) is None


def test_what_cannot_be_written_leaves_nothing(store: Store):
    for path in store.folder.iterdir():
        path.unlink()
    store.folder.rmdir()
    with pytest.raises(OSError, match=re.escape(store.folder.name)):
        store.save(b"", "", [], NOON)
