"""`make chaos`: random kill -9 of web, workers, cron and Redis while a batch leaves; then the sums.

    python -m tests.faults.chaos [--seconds 120] [--messages 1000] [--seed N]

The database is compared with what the mail server accepted. Exit 1 unless everything is zero.
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from portal.cli.up import web_argv
from portal.core.config import Settings
from tests.support.installation import Installation
from tests.support.smtp_server import Fault

HOURLY = 400  # a limit that the batch meets, so that there is something to exceed
DAY_LIMIT = 100_000
SETTLE_SECONDS = 300.0
WORKERS = 3
ENDED = {"sent", "uncertain", "failed"}
Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Sums:
    """What must be zero; `uncertain` and `kills` only tell what happened."""

    lost: int
    repeated: int
    over: int
    untrue: int
    sent: int = 0
    uncertain: int = 0
    kills: int = 0

    @property
    def fine(self) -> bool:
        return (self.lost, self.repeated, self.over, self.untrue) == (0, 0, 0, 0)

    def __str__(self) -> str:
        return (
            f"lost {self.lost}, silently repeated {self.repeated}, over limit {self.over},"
            f" untrue states {self.untrue}"
        )


class Crew:
    """The processes of an installation; each can be killed, and then comes back."""

    def __init__(self, portal: Installation) -> None:
        self.portal = portal
        self.env = {**portal.env, "PORT": str(_free_port())}
        portal.env = self.env
        self.makers: dict[str, Callable[[], Process]] = {
            "redis": portal.redis,
            "cron": portal.cron,
            "web": self._web,
            **{f"worker {number}": portal.worker for number in range(WORKERS)},
        }
        self.running = {name: make() for name, make in self.makers.items()}
        self.kills = 0

    def kill_one(self, dice: random.Random) -> None:
        """Kill -9 one process, sometimes with all that it started; start it again."""
        name = dice.choice(list(self.makers))
        process = self.running[name]
        if process.poll() is None:
            if name.startswith("worker") and dice.random() < 0.3:
                os.kill(process.pid, 9)  # its job goes on as an orphan
                process.wait()
            else:
                self.portal.kill_tree(process)
        self.kills += 1
        self.running[name] = self.makers[name]()

    def keep_alive(self) -> None:
        """Start again whatever ended by itself, as an init system does."""
        for name, process in self.running.items():
            if process.poll() is not None:
                self.running[name] = self.makers[name]()

    def _web(self) -> Process:
        return self.portal.start(*web_argv(Settings.from_env(self.env)), log="web")


def run(home: Path, seconds: float, messages: int, seed: int, database_url: str = "") -> Sums:
    """Queue `messages`, be cruel for `seconds`, wait for the end, and count."""
    dice = random.Random(seed)
    with Installation(home, database_url) as portal:
        # A slow server: most of the time somebody dies with a message in his hands.
        portal.mail_server(
            Fault("rcpt", do="delay", seconds=0.05), Fault("dot", do="delay", seconds=0.15)
        )
        hourly = max(1, messages * HOURLY // 1000)
        portal.configure(connections=WORKERS + 2, hourly=hourly, daily=DAY_LIMIT)
        portal.generate(messages)
        crew = Crew(portal)
        portal.reconcile()
        end = time.monotonic() + seconds
        half = end - seconds / 2
        while time.monotonic() < end:
            time.sleep(dice.uniform(0.2, max(0.5, seconds / 60)))
            crew.kill_one(dice)
            if time.monotonic() > half:
                _open_the_window(portal, hourly)
        _let_it_end(portal, crew)
        return _sums(portal, messages, hourly, crew.kills)


def _open_the_window(portal: Installation, hourly: int) -> None:
    """Nobody waits an hour here: from half-time on the limit is out of the way.

    Until then no more than the limit may have been accepted; that is checked first.
    """
    over = max(0, len(portal.accepted()) - hourly)
    marker = portal.home / "over"
    if not marker.exists():
        marker.write_text(str(over))
        portal.sql("UPDATE smtp_accounts SET hourly_limit = daily_limit")
        portal.reconcile()


def _let_it_end(portal: Installation, crew: Crew) -> None:
    """No more cruelty: leases pass, workers come back, the queue runs empty."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        crew.keep_alive()
        portal.sql("UPDATE email_messages SET next_attempt_at = created_at WHERE state = 'queued'")
        portal.sql("UPDATE smtp_accounts SET hold_until = NULL")
        portal.reconcile()
        counts = portal.counts()
        if counts["queued"] + counts["sending"] == 0:
            return
        time.sleep(1)
        if counts["queued"] == 0:
            portal.expire_leases(held_for=30)


def _sums(portal: Installation, messages: int, hourly: int, kills: int) -> Sums:
    rows = portal.rows("SELECT message_id, state, accepted_at, attempts FROM email_messages")
    accepted = Counter(str(item["message_id"]) for item in portal.accepted())
    states = Counter(row.state for row in rows)
    untrue = 0
    for row in rows:
        taken = accepted[row.message_id]
        untrue += row.state == "sent" and (not taken or row.accepted_at is None)
        untrue += bool(taken) and row.state not in ("sent", "uncertain")
    return Sums(
        lost=messages - sum(states[state] for state in ENDED),
        repeated=sum(count - 1 for count in accepted.values() if count > 1),
        over=int((portal.home / "over").read_text()),
        untrue=untrue,
        sent=states["sent"],
        uncertain=states["uncertain"],
        kills=kills,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill everything at random, lose nothing.")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    given = parser.parse_args()
    say(f"seed {given.seed}")
    with TemporaryDirectory() as home:
        sums = run(Path(home), given.seconds, given.messages, given.seed)
    say(f"{sums.kills} kills, {sums.sent} sent, {sums.uncertain} uncertain")
    say(str(sums))
    return 0 if sums.fine else 1


if __name__ == "__main__":
    sys.exit(main())
