"""Doctor: Redis, and the processes that report to it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from portal.core.config import Settings
from portal.core.logs import clean
from portal.core.queue import connect
from portal.operations.doctor import Finding, attention, failure, ok
from portal.operations.queue_facts import QueueFacts, look

SILENT = timedelta(minutes=3)  # the clock passes every minute
SKEW, BAD_SKEW = timedelta(seconds=2), timedelta(seconds=30)


def queue(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Redis answers, takes writes and keeps them; workers and clock are alive."""
    facts = look(settings.redis_url)
    if not facts.up:
        yield failure(
            "redis",
            f"a fila não responde: {clean(facts.problem)}",
            "Inicie o Redis, ou confira REDIS_URL. Nada se perde: a fila volta do banco de dados.",
        )
        return
    if facts.writable:
        yield ok("redis", "responde e aceita gravações")
    else:
        yield failure(
            "redis",
            "responde, mas não aceita gravações",
            "Está cheio ou é uma réplica: aumente maxmemory, ou aponte REDIS_URL para o principal.",
        )
    yield from _processes(facts, now)
    connection = connect(settings.redis_url)
    try:
        yield from _persistence(connection)
        yield _clock(connection)
    finally:
        connection.close()


def skew(code: str, whose: str, there: datetime, here: datetime) -> Finding:
    """How far another server's clock is from this machine's."""
    apart = abs(there - here)
    evidence = f"relógio {whose}: {apart.total_seconds():.1f} s de diferença"
    cure = "Acerte os relógios das máquinas por NTP (timedatectl set-ntp true)."
    if apart > BAD_SKEW:
        return failure(code, evidence, cure)
    return attention(code, evidence, cure) if apart > SKEW else ok(code, evidence)


def _processes(facts: QueueFacts, now: datetime) -> Iterator[Finding]:
    if facts.workers:
        yield ok("workers", f"{facts.workers} no ar")
    else:
        yield failure("workers", "nenhum processo de envio no ar", "Inicie: portal worker -n 4.")
    cure = "Inicie: portal cron. Sem ele, o que falha não é tentado de novo sozinho."
    if facts.heartbeat is None:
        yield failure("cron", "o relógio não passou nos últimos dez minutos", cure)
    elif now - facts.heartbeat > SILENT:
        seconds = (now - facts.heartbeat).total_seconds()
        yield failure("cron", f"o relógio passou há {seconds:.0f} s", cure)
    else:
        yield ok("cron", "o relógio passou há menos de três minutos")


def _persistence(connection: Redis) -> Iterator[Finding]:
    try:
        # One name at a time: several are understood from Redis 7 on.
        config = [connection.config_get(name) for name in ("appendonly", "maxmemory*")]
    except RedisError as error:
        yield attention(
            "redis_persistence",
            f"a configuração do Redis não se lê: {clean(str(error))}",
            "Confira no provedor: appendonly ligado, maxmemory-policy noeviction.",
        )
        return
    answers: list[Any] = config
    values = {_text(name): _text(value) for item in answers for name, value in item.items()}
    if values.get("appendonly") == "yes":
        yield ok("redis_persistence", "appendonly ligado")
    else:
        yield attention(
            "redis_persistence",
            "appendonly desligado: um Redis que reinicia esquece quem esperava",
            "Ponha appendonly yes. Sem isso o relógio refaz a fila em um minuto.",
        )
    policy = values.get("maxmemory-policy", "")
    if policy == "noeviction" or values.get("maxmemory") == "0":
        yield ok("redis_eviction", f"maxmemory-policy {policy}")
    else:
        yield attention(
            "redis_eviction",
            f"maxmemory-policy {policy}: o Redis apaga a fila quando enche",
            "Ponha maxmemory-policy noeviction.",
        )


def _clock(connection: Redis) -> Finding:
    reply: Any = connection.time()
    seconds, micros = reply
    there = datetime.fromtimestamp(seconds + micros / 1e6, UTC)
    return skew("redis_clock", "do Redis", there, datetime.now(UTC))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
