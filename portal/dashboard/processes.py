"""Whether the processes behind the pages are there: the queue, workers, and the clock."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis.exceptions import RedisError

from portal.core.queue import clock_passed_at, connect, living_workers

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
        passed_at = clock_passed_at(connection)
        ticks = passed_at is not None and now - passed_at < SILENT
        return Processes(True, living_workers(connection) > 0, ticks)
    except (RedisError, OSError) as error:
        log.warning("the queue does not answer: %s", error)
        return Processes(False, False, False)
    finally:
        connection.close()
