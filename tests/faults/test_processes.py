"""FAULTS 1-8, 12, 13, 18, 27: processes that die at the worst moment."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal import ROOT
from portal.core.db import db
from portal.deliveries.claims import LATEST
from portal.deliveries.models import QuotaUse
from tests.support.installation import Installation, descendants
from tests.support.smtp_server import Fault

FOLLOWING = 1.2  # seconds; RQ takes a second SIGTERM within one second for an echo of the first


def start(portal: Installation, workers: int = 1) -> subprocess.Popen[str]:
    """A worker, woken for what is due."""
    worker = portal.worker(workers)
    portal.reconcile()
    return worker


def again(portal: Installation) -> None:
    """Time passes over the dead worker's lease, and a new worker comes."""
    portal.faults()
    portal.expire_leases()
    start(portal)


def accepted_ids(portal: Installation) -> Counter[object]:
    return Counter(row["message_id"] for row in portal.accepted())


def all_sent_once(portal: Installation, count: int, seconds: float = 60) -> None:
    portal.wait_for(lambda: portal.counts()["sent"] == count, f"{count} sent", seconds)
    assert sorted(accepted_ids(portal).values()) == [1] * count


def test_what_was_never_enqueued_is_found_by_the_clock(portal: Installation):
    portal.generate(3)  # no Redis: the wake-up is lost
    portal.redis()
    portal.cron()
    portal.worker()
    all_sent_once(portal, 3, 90)


def test_a_generation_killed_in_the_middle_leaves_nothing_half_done(portal: Installation):
    portal.import_contracts(1000)
    for wait in (0.7, 1.1, 1.5):
        process = portal.portal_process("generate", "--competence", "2026-12", log="generate")
        time.sleep(wait)
        portal.kill(process)
        assert portal.receivables() == sum(portal.counts().values())
    portal.run("generate", "--competence", "2026-12")
    portal.generate()
    assert portal.receivables() == 1000
    assert portal.counts()["queued"] == 1000


def test_two_generations_at_once_make_one_set(portal: Installation):
    portal.import_contracts(200)
    twins = [
        portal.portal_process("generate", "--competence", "2026-12", log=f"generate{number}")
        for number in range(2)
    ]
    assert [process.wait(120) for process in twins] == [0, 0]
    assert portal.receivables() == 200
    assert portal.counts()["queued"] == 200


@pytest.mark.parametrize("stage", ["connect", "rcpt"])
def test_a_sender_killed_before_the_body_sends_once_later(running: Installation, stage: str):
    running.faults(Fault(stage, do="hang", times=1))
    running.generate(1)
    worker = start(running)
    running.wait_for(lambda: running.counts()["sending"] == 1, "claimed")
    running.kill_tree(worker)
    again(running)
    all_sent_once(running, 1)


@pytest.mark.parametrize(("stage", "accepted"), [("dot", 0), ("accepted", 1)])
def test_a_sender_killed_after_the_dot_is_uncertain_and_never_repeats(
    running: Installation, stage: str, accepted: int
):
    running.faults(Fault(stage, do="hang"))
    running.generate(1)
    worker = start(running)
    running.wait_for(lambda: running.handed_over() == 1, "handed over")
    running.wait_for(lambda: len(running.accepted()) == accepted, "accepted or not")
    running.kill_tree(worker)
    again(running)
    time.sleep(2)
    running.reconcile()
    assert running.counts()["uncertain"] == 1
    assert len(running.accepted()) == accepted


def test_an_orphan_beside_a_new_worker_sends_each_message_once(running: Installation):
    running.faults(Fault("rcpt", do="delay", seconds=0.3))
    running.generate(8)
    worker = start(running)
    running.wait_for(lambda: len(running.accepted()) >= 1, "the first was accepted")
    os.kill(worker.pid, signal.SIGKILL)  # the parent alone: its job goes on
    worker.wait()
    start(running)
    all_sent_once(running, 8)


def test_sigterm_in_the_middle_of_a_send_finishes_it_and_leaves_the_rest(running: Installation):
    running.faults(Fault("dot", do="delay", seconds=1.5))
    running.generate(5)
    worker = start(running)
    running.wait_for(lambda: running.handed_over() == 1, "handed over")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    counts = running.counts()
    assert (counts["sending"], counts["uncertain"]) == (0, 0)
    assert counts["sent"] == len(running.accepted()) < 5
    again(running)
    all_sent_once(running, 5)


def test_sigterm_twice_in_the_middle_of_a_send_tells_the_truth(running: Installation):
    running.faults(Fault("dot", do="hang", times=1))
    running.generate(2)
    worker = start(running)
    running.wait_for(lambda: running.handed_over() == 1, "handed over")
    worker.send_signal(signal.SIGTERM)
    time.sleep(FOLLOWING)
    worker.send_signal(signal.SIGTERM)
    worker.wait(20)
    again(running)
    running.wait_for(lambda: running.counts()["sent"] == 1, "the other one is sent")
    assert running.counts()["uncertain"] == 1
    assert len(running.accepted()) == 1


def test_the_same_job_five_times_is_one_acceptance(running: Installation):
    running.generate(2)
    for _ in range(5):
        running.reconcile()
    running.worker(2)
    running.wait_for(lambda: running.counts()["sent"] == 2, "2 sent")
    time.sleep(1)
    all_sent_once(running, 2)


def test_many_workers_share_a_thousand_without_a_duplicate(running: Installation):
    running.generate(1000)
    running.worker(8)
    for _ in range(8):
        running.reconcile()
    all_sent_once(running, 1000, 150)


def test_limits_hold_over_four_workers_of_which_some_are_killed(running: Installation):
    running.sql("UPDATE smtp_accounts SET hourly_limit = 10, daily_limit = 25, max_connections = 4")
    running.faults(Fault("rcpt", do="delay", seconds=0.15))
    running.generate(40)
    workers = [running.worker() for _ in range(4)]
    for expected in (10, 20, 25):
        for _ in range(4):
            running.reconcile()
        running.wait_for(lambda: len(running.accepted()) >= 4, "some accepted")
        if expected == 10:
            running.kill_tree(workers.pop())
            running.kill_tree(workers.pop())
            running.expire_leases()
            running.reconcile()
        running.wait_for(
            lambda n=expected: running.sql("SELECT count(*) FROM quota_uses") >= n, "used up"
        )
        time.sleep(1)
        assert len(running.accepted()) <= expected
        assert running.sql("SELECT count(*) FROM quota_uses") == expected
        an_hour_passes(running)
    states = running.counts()
    assert states["sent"] + states["uncertain"] + states["sending"] <= 25
    assert set(accepted_ids(running).values()) == {1}


def an_hour_passes(portal: Installation) -> None:
    with portal.inside():
        for use in db.session.scalars(select(QuotaUse)):
            use.used_at -= timedelta(seconds=3601) + LATEST  # one in flight is dated ahead
        db.session.commit()


def test_an_idle_worker_killed_as_a_job_arrives_costs_no_message(running: Installation):
    worker = running.worker()
    time.sleep(3)  # it waits on the queue
    running.generate(2)
    running.kill_tree(worker)
    running.cron()
    running.worker()
    all_sent_once(running, 2, 90)


def test_a_worker_of_several_that_dies_is_replaced(running: Installation):
    parent = running.worker(2)
    running.wait_for(lambda: len(descendants(parent.pid)) >= 2, "two workers")
    before = set(descendants(parent.pid))
    os.kill(min(before), signal.SIGKILL)
    running.wait_for(
        lambda: len(set(descendants(parent.pid)) - before) >= 1, "another one took its place", 20
    )
    parent.send_signal(signal.SIGTERM)
    assert parent.wait(20) == 0


def test_a_wrong_command_line_never_shows_a_stack_trace(portal: Installation):
    done = subprocess.run(
        [sys.executable, "-m", "portal.cli", "generate", "--competence", "2026-12"],
        cwd=ROOT,
        env={**portal.env, "DATABASE_URL": "mysql://x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_database_connections_cut_in_the_middle_of_a_batch_fail_nothing(running: Installation):
    if not running.env["DATABASE_URL"]:
        pytest.skip("SQLite has no server that could restart; set TEST_DATABASE_URL")
    running.generate(60)
    running.cron()
    running.worker(2)
    for _ in range(6):
        running.wait_for(lambda: running.counts()["queued"] < 60, "sending began")
        running.sql(  # what a restart of the server does to every client
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        time.sleep(0.3)
    running.wait_for(lambda: running.counts()["queued"] == 0, "the queue is empty", 120)
    running.expire_leases(held_for=5)
    running.reconcile()
    running.wait_for(lambda: running.counts()["sending"] == 0, "nothing is held", 60)
    counts = running.counts()
    assert counts["failed"] == 0
    assert counts["sent"] + counts["uncertain"] + counts["queued"] == 60
    assert set(accepted_ids(running).values()) == {1}
