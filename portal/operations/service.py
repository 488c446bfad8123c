"""What an operator does: reconcile now, try a failed job again, throw it away."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import current_app
from redis.exceptions import RedisError
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.registry import FailedJobRegistry

from portal.core import audit
from portal.core.audit import Actor
from portal.core.db import db
from portal.core.errors import Conflict
from portal.core.queue import QUEUES, connect
from portal.deliveries.reconcile import Report
from portal.operations import labels, minute, redis_state
from portal.operations.redis_state import Task

ENTITY = "queue"
GONE = "Este trabalho já saiu da lista dos que falharam. Nada mudou."
AWAY = "A fila (Redis) não responde. Nada mudou; tente de novo quando ela voltar."


def reconcile_now(actor: Actor | None, now: datetime) -> Report:
    """The pass that the clock makes every minute, at once; works without Redis and workers."""
    report = minute.run(now)
    audit.record(actor, "operations.reconcile", ENTITY, None, now, summary=str(report))
    db.session.commit()
    return report


def retry(job_id: str, actor: Actor | None, now: datetime) -> Task:
    """Put a failed job back on its queue. Raises Conflict when it is no longer there."""
    task = _with_job(job_id, lambda registry: registry.requeue(job_id))
    return _record("operations.retry", task, actor, now)


def discard(job_id: str, actor: Actor | None, now: datetime) -> Task:
    """Forget a failed job; what it was to do stays in the database. Raises Conflict."""
    task = _with_job(job_id, lambda registry: registry.remove(job_id, delete_job=True))
    return _record("operations.discard", task, actor, now)


def _with_job(job_id: str, act: Callable[[FailedJobRegistry], Any]) -> Task:
    """Act on the registry that holds the job; returns what the job is about."""
    connection = connect(current_app.config["REDIS_URL"])
    try:
        for name in QUEUES:
            registry = redis_state.registry(connection, name)
            if job_id in registry:
                task = redis_state.task_of(connection, job_id)
                act(registry)
                return task
    except (InvalidJobOperation, NoSuchJobError):
        raise Conflict(GONE) from None
    except (RedisError, OSError):
        raise Conflict(AWAY) from None
    finally:
        connection.close()
    raise Conflict(GONE)


def _record(action: str, task: Task, actor: Actor | None, now: datetime) -> Task:
    audit.record(actor, action, ENTITY, None, now, summary=labels.task(task))
    db.session.commit()
    return task
