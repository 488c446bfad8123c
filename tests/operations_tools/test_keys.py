"""Keys change under running processes, and a rotation may be killed at any row."""

import json
import stat

import pytest
from click.testing import CliRunner

from portal.cli import cli, commands  # noqa: F401 - registers the commands
from portal.core import audit
from portal.core.config import Settings
from portal.core.crypto import KeyRing, SecretUnreadable, new_key
from portal.core.db import db
from portal.core.errors import Conflict
from portal.operations import keys
from portal.smtp import accounts
from portal.smtp.models import SmtpAccount
from portal.webhooks.models import Webhook
from tests.factories import NOON

SECRETS = {"password": "um", "oauth_client_secret": "dois", "oauth_refresh_token": "três"}


@pytest.fixture
def ring(app, tmp_path):
    """Keys in a file, and a secret of theirs in every column that holds one."""
    path = tmp_path / "encryption_keys"
    path.write_text(new_key())
    ring = KeyRing.parse(path.read_text(), path)
    with app.app_context():
        for name in ("A", "B"):
            account = accounts.add({"name": name, **SECRETS}, None, NOON, ring)
            place = f"smtp_accounts.imap_password:{account.id}"
            account.imap_password = ring.encrypt("quatro", bound_to=place)
        webhook = Webhook(url="https://exemplo.com", created_at=NOON)
        db.session.add(webhook)
        db.session.flush()
        webhook.secret = ring.encrypt("cinco", bound_to=f"webhooks.secret:{webhook.id}")
        db.session.commit()
        yield ring


def plain(ring: KeyRing) -> list[str]:
    return sorted(ring.decrypt(item.token, bound_to=item.place) for item in keys.stored())


def test_every_secret_column_is_known(ring):
    """A column that people cannot see is a secret; all but the digest of passwords rotate."""
    rotated = {column for _table, column in keys.COLUMNS}
    assert audit.SECRETS - {"password_hash"} <= rotated
    assert len(keys.stored()) == 2 * 4 + 1


def test_a_rotation_rewrites_all_and_the_old_key_can_go(ring):
    before, (old,) = plain(ring), ring.ids
    new = keys.add_key(ring)
    assert ring.ids == (new, old)
    assert keys.rewrite(ring) == keys.Outcome(9, ())
    assert keys.uses() == {new: 9}
    assert keys.drop_old(ring) == (old,)
    assert ring.ids == (new,)
    assert plain(ring) == before
    assert stat.S_IMODE(ring.source.stat().st_mode) == 0o600


def test_a_process_that_was_running_needs_no_restart(ring):
    running = Settings.from_env({"PORTAL_HOME": str(ring.source.parent)}).keys
    new = keys.add_key(ring)
    keys.rewrite(ring)
    assert plain(running) == plain(ring)
    assert running.encrypt("x", bound_to="y").split(".")[1] == new


@pytest.mark.parametrize("row", [0, 4, 8])
def test_killed_at_any_row_the_next_call_goes_on_with_the_same_key(ring, monkeypatch, row):
    before, new = plain(ring), keys.add_key(ring)
    usual, done = keys._replace, []

    def dies(secret, token):
        if len(done) == row:
            raise KeyboardInterrupt
        done.append(secret.place)
        return usual(secret, token)

    monkeypatch.setattr(keys, "_replace", dies)
    with pytest.raises(KeyboardInterrupt):
        keys.rewrite(ring)
    monkeypatch.setattr(keys, "_replace", usual)
    assert keys.uses()[new] == row
    assert plain(ring) == before
    assert keys.rewrite(ring).rewritten == 9 - row
    assert keys.uses() == {new: 9}


def test_what_a_person_saves_meanwhile_stays(ring, monkeypatch):
    keys.add_key(ring)
    usual, saved = keys._replace, []

    def busy(secret, token):
        if not saved:
            saved.append(secret.row_id)
            account = db.session.get_one(SmtpAccount, secret.row_id)
            accounts.update(account, {"password": "nova"}, None, NOON, ring)
            db.session.commit()
        return usual(secret, token)

    monkeypatch.setattr(keys, "_replace", busy)
    keys.rewrite(ring)
    db.session.expire_all()
    assert accounts.password_of(db.session.get_one(SmtpAccount, saved[0]), ring) == "nova"
    assert set(keys.uses()) == {ring.ids[0]}


def test_a_key_that_holds_something_is_not_dropped(ring):
    keys.add_key(ring)
    with pytest.raises(Conflict, match="keys rotate"):
        keys.drop_old(ring)
    assert len(ring.ids) == 2


def test_what_cannot_be_read_is_named_and_left(ring):
    stranger = KeyRing.parse(new_key())
    account = db.session.get_one(SmtpAccount, 1)
    lost = stranger.encrypt("x", bound_to="smtp_accounts.password:1")
    account.password = lost
    db.session.commit()
    keys.add_key(ring)
    assert keys.rewrite(ring) == keys.Outcome(8, ("smtp_accounts.password:1",))
    db.session.expire_all()
    assert db.session.get_one(SmtpAccount, 1).password == lost
    with pytest.raises(SecretUnreadable):
        accounts.password_of(db.session.get_one(SmtpAccount, 1), ring)


@pytest.fixture
def command(make_app, monkeypatch):
    """Runs `portal keys … --json` over an installation of its own with one secret."""
    app = make_app("casa")
    settings = app.config["SETTINGS"]
    with app.app_context():
        accounts.add({"name": "A", "password": "um"}, None, NOON, settings.keys)
        db.session.commit()
        db.session.remove()
    monkeypatch.setenv("PORTAL_HOME", str(settings.home))
    monkeypatch.delenv("DATABASE_URL", raising=False)

    def run(*words, **env):
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        done = CliRunner().invoke(cli, ["keys", *words, "--json"])
        assert done.exit_code == 0, (done.output, done.exception)
        return json.loads(done.output)

    run.ring = settings.keys
    return run


def test_the_command_rotates_and_never_prints_a_key(command):
    done = command("rotate")
    assert (done["rewritten"], done["newest"], len(done["old"])) == (1, done["new_key"], 1)
    shown = command("show")
    assert [(key["newest"], key["secrets"]) for key in shown["keys"]] == [(True, 1), (False, 0)]
    for key in command.ring.export().split(","):
        assert key not in json.dumps([done, shown])
    dropped = command("rotate", "--drop-old")
    assert (dropped["new_key"], dropped["dropped"]) == (None, done["old"])


def test_keys_of_the_environment_are_changed_by_whoever_sets_it(command):
    old = command.ring.export()
    told = command("rotate", PORTAL_ENCRYPTION_KEYS=old)
    new = told["set_in_environment"]
    assert (told["new_key"], told["rewritten"]) == (None, 0)
    both = command("rotate", PORTAL_ENCRYPTION_KEYS=f"{new},{old}")
    assert (both["rewritten"], both["set_in_environment"]) == (1, None)
    alone = command("show", PORTAL_ENCRYPTION_KEYS=new)
    assert (alone["keys"][0]["secrets"], alone["missing"]) == (1, [])
