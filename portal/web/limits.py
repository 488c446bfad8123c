"""How often one person, account or address may try something. Counted in Redis, so that every
process counts together; while Redis is away each process counts for itself."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.core.config import Settings

# The address is the connection's own: a header such as X-Forwarded-For is anybody's claim.
limiter = Limiter(
    key_func=get_remote_address,
    strategy="fixed-window",
    in_memory_fallback_enabled=True,
    swallow_errors=True,  # a limit that cannot be counted must not keep people out
)


def install(app: Flask) -> None:
    """Connect the counters; `RATELIMIT_ENABLED=False` in the configuration turns them off."""
    settings: Settings = app.config["SETTINGS"]
    app.config.setdefault("RATELIMIT_STORAGE_URI", storage_uri(settings.redis_url))
    app.config.setdefault("RATELIMIT_KEY_PREFIX", "pontual")
    if "redis" in app.config["RATELIMIT_STORAGE_URI"]:
        app.config.setdefault(
            "RATELIMIT_STORAGE_OPTIONS",
            {
                "socket_connect_timeout": 0.3,  # seconds; sign-in does not wait for Redis
                "socket_timeout": 0.3,
                "retry": Retry(NoBackoff(), 0),
            },
        )
    limiter.init_app(app)


def storage_uri(redis_url: str) -> str:
    """The Redis address as the limits library writes it: sockets are `redis+unix://path`."""
    return f"redis+{redis_url}" if redis_url.startswith("unix://") else redis_url
