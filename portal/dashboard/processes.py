"""Whether the processes behind the pages are there: the queue, workers, and the clock."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq.worker_registration import get_keys

from portal.core.queue import HEARTBEAT_KEY, connect

log = logging.getLogger(__name__)

SILENT = timedelta(minutes=3)  # the clock passes every minute


@dataclass(frozen=True, slots=True)
class Processes:
    """What answers. `workers` and `clock` are False, too, when nobody could be asked."""

    redis: bool
    workers: bool
    clock: bool

    @property
    def problem(self) -> str:
        """What is away, in one sentence; "" when all is there."""
        if not self.redis:
            return "A fila (Redis) não responde: nada é gerado nem enviado até ela voltar."
        if not self.workers:
            return "Nenhum processo de envio está no ar (portal worker): a fila espera por um."
        if not self.clock:
            return "O relógio (portal cron) parou: o que falha não é tentado de novo sozinho."
        return ""


def look(redis_url: str, now: datetime) -> Processes:
    """Ask Redis, to which workers and clock report."""
    connection = connect(redis_url)
    try:
        return Processes(True, _any_worker(connection), _clock_ticks(connection, now))
    except (RedisError, OSError) as error:
        log.warning("the queue does not answer: %s", error)
        return Processes(False, False, False)
    finally:
        connection.close()


def _any_worker(connection: Redis) -> bool:
    """A killed worker stays registered until another one cleans up; its own key expires."""
    keys = get_keys(connection=connection)
    return bool(keys) and bool(connection.exists(*keys))


def _clock_ticks(connection: Redis, now: datetime) -> bool:
    seen: Any = connection.get(HEARTBEAT_KEY)
    return seen is not None and now - datetime.fromtimestamp(int(seen), UTC) < SILENT
