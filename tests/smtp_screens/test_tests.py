"""Asking for a test e-mail, and how its stages are told."""

from datetime import timedelta

import pytest

from portal.core.audit import AuditEvent
from portal.core.errors import InvalidValue, NotFound
from portal.smtp import models, queries, service
from portal.smtp.models import SmtpTest
from tests.factories import NOON, create_account, create_user


@pytest.fixture
def woken(monkeypatch):
    jobs = []
    monkeypatch.setattr(service, "wake", lambda *job: jobs.append(job))
    return jobs


def test_a_test_is_kept_before_a_worker_is_woken(session, woken):
    account, ana = create_account(test_recipient="teste@example.com"), create_user(name="Ana Souza")
    test = service.request_test(account.id, "", ana, NOON)
    assert (test.state, test.recipient, test.requested_by, test.requested_by_id) == (
        models.SmtpTestState.QUEUED,
        "teste@example.com",
        "Ana Souza",
        ana.id,
    )
    assert woken == [("jobs.smtp.run_test", test.id)]
    assert session.query(AuditEvent).one().action == "smtp.test"


def test_who_runs_it_alone_wakes_nobody(session, woken):
    account = create_account()
    test = service.request_test(account.id, "a@example.com", None, NOON, by_worker=False)
    assert (woken, test.requested_by) == ([], "linha de comando")


@pytest.mark.parametrize(
    "recipient", ["", "a@example.com,b@example.com", "a@example.com\r\nRCPT TO:<b@example.com>"]
)
def test_a_recipient_that_is_not_one_address_is_refused(session, woken, recipient):
    account = create_account()
    with pytest.raises(InvalidValue) as error:
        service.request_test(account.id, recipient, None, NOON)
    assert error.value.field == "recipient"
    assert session.query(SmtpTest).count() == 0


def test_ten_tests_an_hour_then_the_hour_is_named(session, woken, caplog):
    account, other = create_account(), create_account()
    for minute in range(10):
        service.request_test(account.id, "a@example.com", None, NOON + timedelta(minutes=minute))
    with pytest.raises(service.TooManyTests, match="13:00"):  # the first was at 12:00 here
        service.request_test(account.id, "a@example.com", None, NOON + timedelta(minutes=30))
    assert "refused" in caplog.text
    service.request_test(other.id, "a@example.com", None, NOON + timedelta(minutes=30))
    service.request_test(account.id, "a@example.com", None, NOON + timedelta(minutes=61))


def make_test(**values):
    defaults = {
        "smtp_account_id": create_account().id,
        "recipient": "a@example.com",
        "requested_by": "Ana",
        "created_at": NOON,
    }
    return SmtpTest(**{**defaults, **values})


def step(stage, label, ok, detail="", milliseconds=0, reply=""):
    return {
        "stage": stage,
        "label": label,
        "ok": ok,
        "detail": detail,
        "milliseconds": milliseconds,
        "reply": reply,
    }


STEPS = [
    step("dns", "Endereço", True, "x", 12),
    step("connect", "Conexão", False, "Fechada", 31, "refused"),
]


def test_a_running_test_shows_what_is_done_what_runs_and_what_waits(session):
    test = make_test(state=models.SmtpTestState.RUNNING, steps=STEPS[:1])
    session.add(test)
    session.commit()
    progress = queries.progress(test, NOON)
    assert [step.state for step in progress.steps[:3]] == ["done", "running", "waiting"]
    assert len(progress.steps) == 9
    assert progress.moving
    assert progress.announcement == "Endereço: feito."


def test_a_failed_test_shows_what_was_not_reached_and_stops_moving(session):
    test = make_test(state=models.SmtpTestState.FAILED, steps=STEPS, cause="Fechada", cure="Abra.")
    session.add(test)
    session.commit()
    progress = queries.progress(test, NOON)
    assert [step.state for step in progress.steps[:3]] == ["done", "failed", "unreached"]
    assert not progress.moving
    assert "Fechada" in progress.announcement


def test_pending_stages_of_a_stored_result_are_not_taken_for_failures(session):
    pending = step("greeting", "Saudação", None)
    test = make_test(state=models.SmtpTestState.FAILED, steps=[*STEPS, pending])
    session.add(test)
    session.commit()
    states = [step.state for step in queries.progress(test, NOON).steps]
    assert states.count("failed") == 1


def test_a_queued_test_that_nobody_takes_says_so_after_five_seconds(session):
    test = make_test()
    session.add(test)
    session.commit()
    assert not queries.progress(test, NOON + timedelta(seconds=4)).lonely
    assert queries.progress(test, NOON + timedelta(seconds=6)).lonely


def test_a_test_whose_worker_died_stops_the_polling_one_day(session):
    test = make_test(state=models.SmtpTestState.RUNNING)
    session.add(test)
    session.commit()
    progress = queries.progress(test, NOON + timedelta(hours=1))
    assert (progress.moving, progress.abandoned) == (False, True)


def test_a_test_of_another_account_is_not_found(session):
    test = make_test()
    session.add(test)
    session.commit()
    with pytest.raises(NotFound):
        queries.get_test(test.smtp_account_id + 1, test.id)
