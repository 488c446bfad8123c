"""Doctor: the environment's rules, and the machine: folder, disk, time zone."""

import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from portal.core.clock import local
from portal.core.config import Settings
from portal.operations.doctor import Finding, attention, failure, ok
from portal.smtp.addresses import EVERYTHING

GIGABYTE = 1024**3
LOW, VERY_LOW = 2 * GIGABYTE, GIGABYTE // 4  # free bytes
SHORT_SECRET = 32  # characters


def settings_rules(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """What the start does not refuse, and yet does not fit a portal that people reach."""
    if settings.production:
        yield ok("hosts", f"atende por {', '.join(settings.hosts)}")
    else:
        yield attention(
            "hosts",
            "PORTAL_HOSTS está vazio: qualquer nome serve, e os cookies vão sem Secure",
            "Com o portal atrás de um proxy com TLS, informe os nomes públicos em PORTAL_HOSTS.",
        )
    if settings.production and not settings.trusted_proxies:
        yield attention(
            "trusted_proxies",
            "PORTAL_TRUSTED_PROXIES está vazio: o endereço de quem visita é o do proxy",
            "Informe o endereço do proxy (127.0.0.1, na mesma máquina): sem ele, os limites de"
            " entrada valem para todos juntos.",
        )
    if len(settings.secret_key) < SHORT_SECRET:
        yield attention(
            "secret_key",
            f"SECRET_KEY tem {len(settings.secret_key)} caracteres",
            f"Use {SHORT_SECRET} ou mais, ao acaso; todas as pessoas entram de novo.",
        )
    else:
        yield ok("secret_key", "SECRET_KEY longa o bastante")
    if settings.production and settings.demo:
        yield attention("demo", "DEMO está ligado", "Ponha DEMO=0: a base é de verdade.")
    if settings.production and set(settings.smtp_allow_private) & set(EVERYTHING):
        yield attention(
            "smtp_allow_private",
            "PORTAL_SMTP_ALLOW_PRIVATE libera toda a rede interna",
            "Informe só os servidores de e-mail que a conta usa.",
        )


def machine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The folder of the portal, its disk, and the time zone."""
    yield _private("home", settings.home, f"chmod 700 {settings.home}", attention)
    kept = settings.keys.source
    if kept is not None:
        yield _private("key_file", kept, f"chmod 600 {kept}")
    secret = settings.home / "secret_key"
    if secret.exists():
        yield _private("secret_key_file", secret, f"chmod 600 {secret}")
    yield disk("disk", settings.home)
    there = local(now, settings.timezone)
    yield ok("timezone", f"{settings.timezone}: agora são {there:%H:%M de %d/%m/%Y}")


def disk(code: str, folder: Path) -> Finding:
    """Free space where `folder` is."""
    free = shutil.disk_usage(folder).free
    evidence = f"{free / GIGABYTE:.1f} GB livres em {folder}"
    cure = "Libere espaço, ou mude a pasta para um disco maior."
    if free < VERY_LOW:
        return failure(code, evidence, cure)
    return attention(code, evidence, cure) if free < LOW else ok(code, evidence)


def _private(
    code: str, path: Path, cure: str, otherwise: Callable[[str, str, str], Finding] = failure
) -> Finding:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        return failure(code, f"{path}: {error.strerror}", "Confira PORTAL_HOME.")
    if mode & 0o077:
        return otherwise(code, f"{path} tem modo {mode:o}: outros usuários o leem", cure)
    return ok(code, f"{path}, modo {mode:o}")
