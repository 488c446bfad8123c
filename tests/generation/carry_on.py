"""Carries out a run in a process of its own: `python -m tests.generation.carry_on ID CHUNK`."""

import sys

from portal import create_app
from portal.core import clock
from portal.core.config import Settings
from portal.generation import service


def main() -> None:
    app = create_app(Settings.from_env(), web=False)
    with app.app_context():
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        service.run(int(sys.argv[1]), clock.now(), chunk=int(sys.argv[2]))


if __name__ == "__main__":
    main()
