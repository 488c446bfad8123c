"""Each worker, queue and failed job as Redis knows it, for the page of the queues."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Worker
from rq.job import Job
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.worker_registration import get_keys

from portal.core.logs import clean
from portal.core.queue import QUEUES, connect
from portal.operations import queue_facts
from portal.operations.queue_facts import QueueFacts

log = logging.getLogger(__name__)

SHOWN = 50  # failed jobs of each queue
ERROR_LENGTH = 200  # characters of an error's last line
SERIALIZER = "json"


@dataclass(frozen=True, slots=True)
class Task:
    """What a job is about: the dotted name of its function and its arguments, which are ids."""

    name: str
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """A worker that lives; `task` and `since` while it is at work."""

    place: str  # machine and process
    state: str  # RQ's word: idle, busy, started, suspended
    task: Task | None
    since: datetime | None
    born: datetime | None


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue: how many jobs wait for a worker, and how many are at work."""

    name: str
    waiting: int
    running: int


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that ended with an error, of which only the last line is kept, masked."""

    id: str
    queue: str
    task: Task
    at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class RedisState:
    """Everything at once; where Redis did not answer, `facts.up` is False and the rest empty."""

    facts: QueueFacts
    workers: Sequence[WorkerState] = field(default_factory=tuple)
    queues: Sequence[QueueState] = field(default_factory=tuple)
    failed: Sequence[FailedJob] = field(default_factory=tuple)


def look(redis_url: str) -> RedisState:
    """Ask Redis for all of it. Never raises."""
    facts = queue_facts.look(redis_url)
    if not facts.up:
        return RedisState(facts)
    connection = connect(redis_url)
    try:
        return RedisState(
            facts,
            _workers(connection),
            [_queue(connection, name, facts) for name in QUEUES],
            [job for name in QUEUES for job in _failed(connection, name)],
        )
    except (RedisError, OSError) as error:
        log.warning("the queue does not answer: %s", error)
        return RedisState(QueueFacts(problem=str(error)))
    finally:
        connection.close()


def registry(connection: Redis, queue: str) -> FailedJobRegistry:
    """The failed jobs of a queue."""
    return FailedJobRegistry(queue, connection=connection, serializer=SERIALIZER)


def task_of(connection: Redis, job_id: str) -> Task:
    """What a job is about; raises NoSuchJobError."""
    return _task(Job.fetch(job_id, connection=connection, serializer=SERIALIZER))


def _workers(connection: Redis) -> list[WorkerState]:
    """A killed worker stays registered until another one cleans up; its own key expires."""
    keys: list[Any] = sorted(get_keys(connection=connection))
    names = [key.decode() if isinstance(key, bytes) else str(key) for key in keys]
    found = [_worker(connection, name) for name in names if connection.exists(name)]
    return [worker for worker in found if worker is not None]


def _worker(connection: Redis, key: str) -> WorkerState | None:
    worker = Worker.find_by_key(key, connection=connection, serializer=SERIALIZER)
    if worker is None:  # it ended a moment ago
        return None
    task = since = None
    execution = worker.execution
    if execution is not None:
        since = execution.created_at
        [job] = Job.fetch_many([execution.job_id], connection, serializer=SERIALIZER)
        task = _task(job) if job is not None else None
    place = f"{worker.hostname or '?'}, processo {worker.pid or '?'}"
    return WorkerState(place, worker.get_state(), task, since, worker.birth_date)


def _queue(connection: Redis, name: str, facts: QueueFacts) -> QueueState:
    running = StartedJobRegistry(name, connection=connection, serializer=SERIALIZER)
    return QueueState(name, facts.waiting[name], running.get_job_count(cleanup=False))


def _failed(connection: Redis, name: str) -> list[FailedJob]:
    ids = registry(connection, name).get_job_ids(0, SHOWN - 1, desc=True, cleanup=False)
    jobs = Job.fetch_many(ids, connection, serializer=SERIALIZER) if ids else []
    return [
        FailedJob(job.id, name, _task(job), job.ended_at, _last_line(job))
        for job in jobs
        if job is not None
    ]


def _task(job: Job) -> Task:
    return Task(job.func_name or "", tuple(job.args or ()))


def _last_line(job: Job) -> str:
    """The end of the stack trace: no secret, no whole document, no whole address in it."""
    result = job.latest_result()
    lines = (result.exc_string or "").strip().splitlines() if result else []
    return clean(lines[-1])[:ERROR_LENGTH] if lines else ""
