"""FAULTS: processes that die at the worst moment. Nothing lost, nothing sent twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter

from portal import ROOT
from tests.support.installation import Installation
from tests.support.smtp_server import Fault


def start_all(portal: Installation, workers: int = 1) -> subprocess.Popen[str]:
    portal.redis()
    portal.cron()
    return portal.worker(workers)


def generate(portal: Installation, contracts: int) -> None:
    portal.import_contracts(contracts)
    portal.run("generate", "--competence", "2026-12")


def accepted_ids(portal: Installation) -> Counter[object]:
    return Counter(row["message_id"] for row in portal.accepted())


def test_what_was_never_enqueued_is_found_by_the_reconciler(portal: Installation):
    generate(portal, 3)  # no Redis: the wake-up is lost
    start_all(portal)
    portal.wait_for(lambda: portal.counts()["sent"] == 3, "3 sent", 90)
    assert set(accepted_ids(portal).values()) == {1}


def test_a_generation_killed_in_the_middle_is_all_or_none(portal: Installation):
    portal.import_contracts(1000)
    for wait in (0.6, 1.0, 1.4, 1.8):
        process = portal.portal_process("generate", "--competence", "2026-12", log="generate")
        time.sleep(wait)
        portal.kill(process)
        assert portal.receivables() in (0, 1000)
    portal.run("generate", "--competence", "2026-12")
    portal.run("generate", "--competence", "2026-12")
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


def test_a_sender_killed_before_the_body_sends_once_later(portal: Installation):
    portal.faults(Fault("rcpt", do="hang", times=1))
    generate(portal, 1)
    worker = start_all(portal)
    portal.wait_for(lambda: portal.counts()["sending"] == 1, "claimed")
    portal.kill_tree(worker)
    portal.expire_leases()
    portal.worker()
    portal.run("reconcile")
    portal.wait_for(lambda: portal.counts()["sent"] == 1, "sent")
    assert list(accepted_ids(portal).values()) == [1]


def test_a_sender_killed_between_the_dot_and_the_answer_leaves_it_uncertain(portal: Installation):
    portal.faults(Fault("dot", do="hang"))
    generate(portal, 1)
    worker = start_all(portal)
    portal.wait_for(lambda: portal.handed_over() == 1, "handed over")
    portal.kill_tree(worker)
    portal.faults()
    portal.expire_leases()
    portal.worker()
    portal.run("reconcile")
    assert portal.counts()["uncertain"] == 1
    time.sleep(3)
    portal.run("reconcile")
    assert portal.counts()["uncertain"] == 1
    assert portal.accepted() == []


def test_a_sender_killed_after_acceptance_is_uncertain_and_the_server_counts_one(
    portal: Installation,
):
    portal.faults(Fault("accepted", do="hang", times=1))
    generate(portal, 1)
    worker = start_all(portal)
    portal.wait_for(lambda: len(portal.accepted()) == 1, "accepted by the server")
    portal.kill_tree(worker)
    portal.expire_leases()
    portal.worker()
    portal.run("reconcile")
    time.sleep(2)
    assert portal.counts()["uncertain"] == 1
    assert len(portal.accepted()) == 1


def test_an_orphan_beside_a_new_worker_sends_each_message_once(portal: Installation):
    portal.faults(Fault("rcpt", do="delay", seconds=0.3))
    generate(portal, 8)
    worker = start_all(portal)
    portal.wait_for(lambda: len(portal.accepted()) >= 1, "the first was accepted")
    os.kill(worker.pid, signal.SIGKILL)  # the parent alone: its job goes on
    worker.wait()
    portal.worker()
    portal.run("reconcile")
    portal.wait_for(lambda: portal.counts()["sent"] == 8, "8 sent")
    assert sorted(accepted_ids(portal).values()) == [1] * 8


def test_sigterm_in_the_middle_of_a_send_finishes_it_and_leaves_the_rest(portal: Installation):
    portal.faults(Fault("dot", do="delay", seconds=1.5))
    generate(portal, 5)
    worker = start_all(portal)
    portal.wait_for(lambda: portal.handed_over() == 1, "handed over")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(20) == 0
    counts = portal.counts()
    assert (counts["sending"], counts["uncertain"]) == (0, 0)
    assert counts["sent"] == len(portal.accepted()) < 5
    portal.faults()
    portal.worker()
    portal.run("reconcile")
    portal.wait_for(lambda: portal.counts()["sent"] == 5, "5 sent")
    assert sorted(accepted_ids(portal).values()) == [1] * 5


def test_redis_may_lose_everything(portal: Installation):
    portal.import_contracts(300)
    redis = portal.redis()
    portal.run("generate", "--competence", "2026-12")
    portal.kill(redis)
    for path in (portal.home / "redis").rglob("*"):
        if path.is_file() and path.name != "url":
            path.unlink()
    portal.redis()
    portal.cron()
    portal.worker(2)
    portal.wait_for(lambda: portal.counts()["sent"] == 300, "300 sent", 240)
    assert set(accepted_ids(portal).values()) == {1}


def test_the_same_job_five_times_is_one_acceptance(portal: Installation):
    generate(portal, 2)
    portal.redis()
    for _ in range(5):
        portal.run("reconcile")
    portal.worker(2)
    portal.wait_for(lambda: portal.counts()["sent"] == 2, "2 sent")
    time.sleep(2)
    assert sorted(accepted_ids(portal).values()) == [1, 1]


def test_many_workers_share_the_queue_without_a_duplicate(portal: Installation):
    generate(portal, 120)
    portal.redis()
    portal.cron()
    for _ in range(4):
        portal.worker(2)
    portal.wait_for(lambda: portal.counts()["sent"] == 120, "120 sent", 240)
    assert len(accepted_ids(portal)) == len(portal.accepted()) == 120


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
