"""Filas: what runs, what waits, what failed, and the pushes that a person may give."""

import re
from datetime import timedelta

import pytest
import time_machine
from rq import Queue, Worker
from rq.registry import FailedJobRegistry
from sqlalchemy import select

from portal.core import clock
from portal.core.audit import AuditEvent
from portal.core.db import db
from portal.core.queue import DRAIN, HEARTBEAT_KEY, SENDING, URGENT, enqueue
from portal.deliveries.models import EmailMessage
from portal.deliveries.states import State
from portal.operations import labels
from portal.operations.redis_state import Task
from tests.factories import NOON, create_account, create_message
from tests.support.counting import statements
from tests.support.forms import post
from tests.support.pages import links, words

PAGE = "/sistema/filas"


def failed(redis, error, job="jobs.generation.run", args=(3,)):
    """A job that a worker took and that ended with `error` as the last line of its trace."""
    queue = Queue(URGENT, connection=redis, serializer="json")
    job = queue.enqueue(job, args=args)
    queue.remove(job)
    worker = Worker([queue], connection=redis, serializer="json")
    execution = worker.prepare_execution(job)
    worker.handle_job_failure(
        job, queue, execution=execution, exc_string=f"Traceback:\n  File x\n{error}\n"
    )
    return job.id


def in_registry(redis):
    registry = FailedJobRegistry(URGENT, connection=redis, serializer="json")
    return registry.get_job_ids(cleanup=False)


def events():
    return [(event.action, event.summary) for event in db.session.scalars(select(AuditEvent))]


def test_without_redis_it_says_so_in_plain_words_and_shows_what_the_database_knows(app, admin):
    with app.app_context():
        create_message(smtp_account=create_account(name="Financeiro"))
    answer = admin.get(PAGE)
    assert answer.status_code == 200
    page = words(answer)
    assert "A fila (Redis) não responde" in page
    assert "Nada se perde" in page
    assert "Financeiro ✓ Em uso 1" in page
    assert "Trabalhos que falharam" not in page


def test_messages_by_account_lead_to_lists_of_as_many(app, admin):
    with app.app_context():
        account = create_account(name="Financeiro")
        now = clock.now()
        for values in (
            {"next_attempt_at": now - timedelta(minutes=1)},
            {"next_attempt_at": now + timedelta(hours=1)},
            {"next_attempt_at": None, "cause": "held", "reason": "Pausado por Ana."},
            {"state": State.SENDING, "lease_until": now + timedelta(minutes=5)},
        ):
            create_message(smtp_account=account, **values)
        create_account(name="Sem uso", state="paused")
    answer = admin.get(PAGE)
    assert "Financeiro ✓ Em uso 3" in words(answer)
    assert "Sem uso" not in words(answer)
    found = links(answer)
    for text, count in (
        ("3 na fila de Financeiro", 3),
        ("1 pausados de Financeiro", 1),
        ("1 saindo de Financeiro", 1),
    ):
        rows = set(re.findall(r'href="/sistema/log-email/(\d+)"', admin.get(found[text]).text))
        assert len(rows) == count, text


def test_workers_clock_queues_and_failed_jobs_are_shown(app, admin, redis):
    redis.set(HEARTBEAT_KEY, int(clock.now().timestamp()) - 20)
    enqueue(redis, DRAIN, 7)
    failed(redis, "ValueError: carteira sem números")
    worker = Worker([URGENT, SENDING], connection=redis, serializer="json")
    worker.register_birth()
    worker.set_state("idle")
    busy = Worker([URGENT], connection=redis, serializer="json")
    busy.register_birth()
    busy.set_state("busy")
    job = Queue(URGENT, connection=redis, serializer="json").fetch_job(in_registry(redis)[0])
    busy.prepare_execution(job)
    page = words(admin.get(PAGE))
    assert "2 processos de envio no ar" in page
    assert "✓ Livre" in page
    assert "→ Trabalhando Gerar financeiro, geração nº 3 agora" in page
    assert "O relógio passou agora" in page
    assert "pontual-sending Envio de e-mails 1 0" in page
    assert "ValueError: carteira sem números" in page
    for one in (worker, busy):
        one.register_death()


def test_a_clock_that_is_silent_and_no_worker_are_problems_with_their_cure(admin, redis):
    redis.set(HEARTBEAT_KEY, int(clock.now().timestamp()) - 600)
    page = words(admin.get(PAGE))
    assert "O relógio parou: passou pela última vez há 10 min. Inicie portal cron" in page
    assert "Nenhum processo de envio no ar: inicie portal worker" in page
    redis.delete(HEARTBEAT_KEY)
    assert "O relógio não dá sinal" in words(admin.get(PAGE))


@pytest.mark.parametrize(
    ("error", "hidden"),
    [
        ("SMTPError: maria@cliente.example recusada", "maria@cliente"),
        ("Error: password='hunter2-secret'", "hunter2"),
        ("Error: postgresql://portal:s3nha@db/portal", "s3nha"),
        ("ValueError: CPF 529.982.247-25", "529.982"),
        ("<script>alert(1)</script>", "<script>alert"),
    ],
)
def test_an_error_shows_no_secret_and_no_personal_data(admin, redis, error, hidden):
    failed(redis, error)
    page = admin.get(PAGE).text
    assert "Gerar financeiro, geração nº 3" in page
    assert hidden not in page


def test_a_failed_job_is_tried_again_once_and_recorded(app, admin, redis):
    job_id = failed(redis, "ValueError: x")
    answer = post(admin, f"{PAGE}/repetir", {"trabalho": job_id})
    assert answer.status_code == 303
    assert "De novo na fila: Gerar financeiro, geração nº 3." in words(admin.get(PAGE))
    assert Queue(URGENT, connection=redis, serializer="json").job_ids == [job_id]
    assert in_registry(redis) == []
    again = post(admin, f"{PAGE}/repetir", {"trabalho": job_id})
    assert again.status_code == 409
    assert "já saiu da lista" in words(again)
    assert len(Queue(URGENT, connection=redis, serializer="json").job_ids) == 1
    with app.app_context():
        assert events() == [("operations.retry", "Gerar financeiro, geração nº 3")]


def test_a_failed_job_is_thrown_away(app, admin, redis):
    job_id = failed(redis, "ValueError: x")
    post(admin, f"{PAGE}/descartar", {"trabalho": job_id})
    assert in_registry(redis) == []
    assert not redis.exists(f"rq:job:{job_id}")
    with app.app_context():
        assert events() == [("operations.discard", "Gerar financeiro, geração nº 3")]


def test_only_failed_jobs_can_be_acted_on(admin, redis):
    waiting = Queue(URGENT, connection=redis, serializer="json").enqueue("jobs.reconcile.run")
    for action in ("repetir", "descartar"):
        assert post(admin, f"{PAGE}/{action}", {"trabalho": waiting.id}).status_code == 409
        assert post(admin, f"{PAGE}/{action}").status_code == 409
    assert redis.exists(f"rq:job:{waiting.id}")


@pytest.mark.parametrize("action", ["repetir", "descartar"])
def test_without_redis_acting_says_that_nothing_changed(app, admin, action):
    answer = post(admin, f"{PAGE}/{action}", {"trabalho": "x"})
    assert answer.status_code == 409
    assert "A fila (Redis) não responde. Nada mudou" in words(answer)
    with app.app_context():
        assert events() == []


def test_reconciling_now_frees_what_a_dead_process_held_without_redis(app, admin):
    with app.app_context():
        message = create_message(
            state=State.SENDING,
            claim="dead",
            lease_until=clock.now() - timedelta(minutes=1),
            attempts=1,
        ).id
    page = words(admin.get(PAGE))
    assert "1 e-mail está com um processo que passou do prazo." in page
    assert post(admin, f"{PAGE}/reconciliar").status_code == 303
    assert "Reconciliado: 1 liberadas" in words(admin.get(PAGE))
    with app.app_context():
        assert db.session.get_one(EmailMessage, message).state == State.QUEUED
        [(action, summary)] = events()
        assert action == "operations.reconcile"
        assert summary.startswith("1 liberadas")


def test_who_may_not_configure_sees_it_without_buttons(reader, redis):
    job_id = failed(redis, "ValueError: x")
    page = reader.get(PAGE).text
    assert "ValueError: x" in page
    for text in ("Reconciliar agora<", "Tentar de novo", "Descartar"):
        assert text not in page
    assert post(reader, f"{PAGE}/descartar", {"trabalho": job_id}).status_code == 403
    assert in_registry(redis) == [job_id]


def test_the_part_that_looks_again_is_a_fragment(admin):
    part = admin.get(PAGE, headers={"HX-Request": "true", "HX-Request-Type": "partial"}).text
    assert "<html" not in part
    assert "E-mails na fila, por conta" in part


def test_more_accounts_take_no_more_queries(app, admin):
    admin.get(PAGE)
    with statements(app) as few:
        admin.get(PAGE)
    with app.app_context():
        for _ in range(10):
            create_account()
    with statements(app) as many:
        admin.get(PAGE)
    assert len(many) == len(few) <= 12


def test_jobs_have_words_and_an_unknown_one_keeps_its_name():
    assert labels.task(Task("jobs.reconcile.run", ())) == "Reconciliar"
    assert labels.task(Task(DRAIN, (2,))) == "Enviar e-mails, conta nº 2"
    assert labels.task(Task("jobs.new.thing", (2,))) == "jobs.new.thing, nº 2"


@time_machine.travel(NOON, tick=False)
def test_an_account_that_rests_says_until_when(app, admin):
    with app.app_context():
        create_account(name="Financeiro", hold_until=NOON + timedelta(minutes=30))
        create_account(name="Outra", hold_until=NOON - timedelta(minutes=30))
    page = words(admin.get(PAGE))
    assert "Financeiro ! Em espera até 12:30" in page
    assert "Outra ✓ Em uso" in page
