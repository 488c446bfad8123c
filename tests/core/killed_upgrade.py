"""Migrates, and kills itself at each statement in turn: `python -m tests.core.killed_upgrade`.

Each try is a process of its own that dies by SIGKILL before its n-th statement or commit; it is
forked, so that the application is loaded once. Prints the version that each death left behind.
"""

import os
import signal
import sys
from itertools import count

from flask import Flask
from sqlalchemy import event

from portal import create_app
from portal.core.config import Settings
from portal.core.db import db
from portal.core.migrations import ensure_migrated, install, revision


def main() -> None:
    app = create_app(Settings.from_env(), web=False)
    with app.app_context():
        install()
        db.engine.dispose()
    for place in count(1):
        child = os.fork()
        if not child:
            _die_at(app, place)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            sys.exit(os.WEXITSTATUS(status))
        with app.app_context():
            sys.stdout.write(f"{revision()}\n")
            db.engine.dispose()


def _die_at(app: Flask, place: int) -> None:
    """Migrate in this process, which ends: killed before its statement number `place`, or well."""
    seen = count(1)

    def note(*_details: object) -> None:
        if next(seen) == place:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        event.listen(db.engine, "commit", note)
        ensure_migrated()
    os._exit(0)


if __name__ == "__main__":
    main()
