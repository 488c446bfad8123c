"""The environment, read once and checked: a bad value stops the start with a clear message."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from redis.connection import parse_url
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from portal.core.crypto import KeyRing, new_key
from portal.core.errors import ConfigError

DEFAULT_PORT = 8000
KEYS_FILE = "encryption_keys"  # in PORTAL_HOME; one or more keys, separated by commas
INBOX_SMTP_OFFSET, INBOX_HTTP_OFFSET = 25, 26
_TRUE, _FALSE = {"1", "true", "yes", "sim", "on"}, {"0", "false", "no", "nao", "não", "off"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the environment decides. Build it with `Settings.from_env()`."""

    home: Path
    database_url: str
    redis_url: str
    port: int
    demo: bool
    timezone: str
    hosts: tuple[str, ...]
    smtp_allow_private: tuple[str, ...]
    trusted_proxies: tuple[str, ...]  # whose X-Forwarded-For and -Proto are believed
    secret_key: str = field(repr=False)
    keys: KeyRing = field(repr=False)

    @property
    def production(self) -> bool:
        """True once the portal answers to public names: secrets must then be given, not made."""
        return bool(self.hosts)

    @property
    def inbox_smtp_port(self) -> int:
        """Port of the local inbox that `portal up` starts."""
        return self.port + INBOX_SMTP_OFFSET

    @property
    def inbox_http_port(self) -> int:
        """Port of the local inbox's page."""
        return self.port + INBOX_HTTP_OFFSET

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read and check the environment; raises ConfigError naming the variable."""
        env = os.environ if env is None else env
        home = Path(env.get("PORTAL_HOME") or "instance").expanduser().resolve()
        _make_home(home)
        hosts = _names(env, "PORTAL_HOSTS")
        return cls(
            home=home,
            database_url=_database_url(env, home),
            redis_url=_redis_url(env, home),
            port=_port(env),
            demo=_flag(env, "DEMO", default=True),
            timezone=_timezone(env),
            hosts=hosts,
            smtp_allow_private=_allow_private(env, production=bool(hosts)),
            trusted_proxies=_trusted_proxies(env),
            secret_key=_secret_key(env, home, production=bool(hosts)),
            keys=_keys(env, home, production=bool(hosts)),
        )


def _make_home(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"PORTAL_HOME={home}: cannot create the folder ({error})") from error


def _database_url(env: Mapping[str, str], home: Path) -> str:
    raw = env.get("DATABASE_URL", "").strip()
    if not raw:
        return f"sqlite:///{home / 'portal.db'}"
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError):
        # The address is not quoted: it may hold a password.
        raise ConfigError("DATABASE_URL: not a database address") from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise ConfigError(f"DATABASE_URL: {url.drivername} is not supported; sqlite or postgresql")
    return url.render_as_string(hide_password=False)


def _redis_url(env: Mapping[str, str], home: Path) -> str:
    raw = env.get("REDIS_URL", "").strip()
    if not raw:
        # `portal up` starts a private Redis and says where in this file (a socket's path is short).
        noted = home / "redis" / "url"
        raw = noted.read_text().strip() if noted.is_file() else f"unix://{home}/redis/redis.sock"
    if not raw.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigError("REDIS_URL: must start with redis://, rediss:// or unix://")
    try:
        parse_url(raw)  # type: ignore[no-untyped-call]
    except ValueError:
        raise ConfigError("REDIS_URL: not an address of a Redis server") from None
    return raw


def _port(env: Mapping[str, str]) -> int:
    raw = env.get("PORT", "").strip() or str(DEFAULT_PORT)
    if not (raw.isascii() and raw.isdigit()) or not 1 <= int(raw) <= 65_500:
        raise ConfigError(f"PORT={raw}: must be a number from 1 to 65500")
    return int(raw)


def _flag(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    raw = env.get(name, "").strip().lower()
    if not raw:
        return default
    if raw in _TRUE | _FALSE:
        return raw in _TRUE
    raise ConfigError(f"{name}={raw}: must be 1 or 0")


def _timezone(env: Mapping[str, str]) -> str:
    name = env.get("PORTAL_TIMEZONE", "").strip() or "America/Sao_Paulo"
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"PORTAL_TIMEZONE={name}: unknown time zone") from error
    return name


def _names(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in env.get(name, "").split(",") if item.strip())


def _allow_private(env: Mapping[str, str], *, production: bool) -> tuple[str, ...]:
    """What is named; else, before the portal has public names, this machine and the inbox."""
    named = _names(env, "PORTAL_SMTP_ALLOW_PRIVATE")
    if named or production:
        return named
    return ("127.0.0.0/8", "::1", f"127.0.0.1:{_port(env) + INBOX_SMTP_OFFSET}")


def _trusted_proxies(env: Mapping[str, str]) -> tuple[str, ...]:
    named = _names(env, "PORTAL_TRUSTED_PROXIES")
    for name in named:
        try:
            ip_network(name)
        except ValueError:
            raise ConfigError(
                f"PORTAL_TRUSTED_PROXIES={name}: must be an address or a network, as in"
                " 127.0.0.1 or 10.0.0.0/8"
            ) from None
    return named


def _secret_key(env: Mapping[str, str], home: Path, *, production: bool) -> str:
    given = env.get("SECRET_KEY", "")
    if given:
        if len(given) < 16:
            raise ConfigError("SECRET_KEY: too short; use at least 16 characters")
        return given
    if production:
        raise ConfigError("SECRET_KEY: required when PORTAL_HOSTS is set (32 random characters)")
    return _kept(home / "secret_key", lambda: secrets.token_urlsafe(48))


def _keys(env: Mapping[str, str], home: Path, *, production: bool) -> KeyRing:
    given = env.get("PORTAL_ENCRYPTION_KEYS", "").strip()
    if not given and production:
        raise ConfigError("PORTAL_ENCRYPTION_KEYS: required when PORTAL_HOSTS is set")
    kept = home / KEYS_FILE
    try:
        return KeyRing.parse(given) if given else KeyRing.parse(_kept(kept, new_key), kept)
    except ValueError as error:
        raise ConfigError(f"PORTAL_ENCRYPTION_KEYS: {error}") from error


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The secret kept in `path`, made at the first call; two processes agree on one secret."""
    if not path.exists():
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # fails if another process was first: theirs counts
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()
