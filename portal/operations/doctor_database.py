"""Doctor: the database, the secrets in it, and the mail servers of its accounts."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, select, text

from portal.core import migrations
from portal.core.config import Settings
from portal.core.crypto import SecretUnreadable, key_id_of
from portal.core.db import db
from portal.operations import keys
from portal.operations.doctor import Finding, attention, failure, ok
from portal.operations.doctor_machine import disk
from portal.operations.doctor_queue import skew
from portal.smtp import sockets
from portal.smtp.addresses import DestinationPolicy, check_destination
from portal.smtp.causes import explain
from portal.smtp.failures import Failure
from portal.smtp.models import AccountState, SmtpAccount
from portal.smtp.server import SmtpServer

TIMEOUT = 5.0  # seconds to reach a mail server
OLDEST_POSTGRES = 140_000  # server_version_num; older ones get no security fixes


def database(_settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Reachable, migrated, and set as the portal needs it."""
    with db.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
        yield ok("database", f"{db.engine.dialect.name} responde")
        if db.engine.dialect.name == "sqlite":
            yield from _sqlite(connection)
        else:
            yield from _postgresql(connection)
    yield _migrated()


def stored_secrets(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Every stored secret can be read, and the newest key holds all of them."""
    if migrations.revision() != migrations.newest():
        return
    ring = settings.keys
    place = ring.source or "PORTAL_ENCRYPTION_KEYS"
    yield ok("keys", f"{len(ring.ids)} em {place}, a mais nova {ring.ids[0]}")
    found = keys.stored()
    lost = []
    for secret in found:
        try:
            ring.decrypt(secret.token, bound_to=secret.place)
        except SecretUnreadable:
            lost.append(secret.place)
    if lost:
        yield failure(
            "secrets",
            f"nenhuma chave lê {', '.join(lost[:5])}{' …' if len(lost) > 5 else ''}",
            "Ponha de volta a chave que os gravou, ou digite as senhas de novo no portal.",
        )
    old = sum(key_id_of(secret.token) in ring.ids[1:] for secret in found)
    if old:
        yield attention("old_keys", f"{old} segredos com chave velha", "Rode: portal keys rotate.")
    elif not lost:
        yield ok("secrets", f"{len(found)} segredos, todos com a chave mais nova")


def smtp_ports(settings: Settings, _now: datetime) -> Iterator[Finding]:
    """A connection to each active account's server, as far as the socket; nothing is said."""
    if migrations.revision() != migrations.newest():
        return
    policy = DestinationPolicy(allow=settings.smtp_allow_private)
    query = select(SmtpAccount).where(SmtpAccount.state == AccountState.ACTIVE)
    accounts = [
        (account.name, account.host, account.port, account.security.value)
        for account in db.session.scalars(query.order_by(SmtpAccount.id))
    ]
    db.session.rollback()  # no transaction across the network
    for name, host, port, security in accounts:
        yield _port(name, host, port, security, policy)


def _port(name: str, host: str, port: int, security: str, policy: DestinationPolicy) -> Finding:
    where = f"{name}: {host}:{port}"
    try:
        target = check_destination(host, port, policy, timeout=TIMEOUT)
        connection, address = sockets.connect(target, TIMEOUT)
    except Failure as problem:
        server = SmtpServer(host=host, port=port, security=security, sender_address="")
        words = explain(problem.cause, server)
        return failure("smtp_port", f"{where}: {words.title}", words.cure)
    connection.close()
    return ok("smtp_port", f"{where} aceita conexões ({address})")


def _migrated() -> Finding:
    found, newest = migrations.revision(), migrations.newest()
    if found == newest:
        return ok("migrations", f"versão {newest}")
    evidence = f"tabelas na versão {found or 'nenhuma'}, o Pontual pede a {newest}"
    return failure("migrations", evidence, "Inicie portal web desta versão: ele atualiza o banco.")


def _sqlite(connection: Connection) -> Iterator[Finding]:
    yield ok("database_version", f"SQLite {sqlite3.sqlite_version}")
    mode = connection.scalar(text("PRAGMA journal_mode"))
    if mode == "wal":
        yield ok("sqlite_wal", "journal_mode wal")
    else:
        yield failure(
            "sqlite_wal",
            f"journal_mode {mode}: quem lê espera por quem grava",
            "Ponha o banco num disco local: em pastas de rede o WAL não funciona.",
        )
    yield disk("database_disk", Path(str(db.engine.url.database)).resolve().parent)


def _postgresql(connection: Connection) -> Iterator[Finding]:
    number = int(connection.scalar(text("SHOW server_version_num")) or 0)
    version = str(connection.scalar(text("SHOW server_version")))
    if number >= OLDEST_POSTGRES:
        yield ok("database_version", f"PostgreSQL {version}")
    else:
        yield attention("database_version", f"PostgreSQL {version}", "Atualize para 14 ou mais.")
    encoding = connection.scalar(text("SHOW server_encoding"))
    if encoding == "UTF8":
        yield ok("database_encoding", "UTF8")
    else:
        cure = "Crie o banco com ENCODING 'UTF8' e passe os dados com backup e restore."
        yield failure("database_encoding", f"{encoding}", cure)
    zone = connection.scalar(text("SHOW timezone"))
    yield ok("database_timezone", f"{zone}; os momentos são guardados com fuso")
    if connection.scalar(text("SELECT pg_is_in_recovery()")):
        cure = "Aponte DATABASE_URL para o servidor principal."
        yield failure("database_writable", "é uma réplica, só de leitura", cure)
    else:
        yield ok("database_writable", "aceita gravações")
    there = connection.scalar(text("SELECT clock_timestamp()"))
    if isinstance(there, datetime):
        yield skew("database_clock", "do banco de dados", there, datetime.now(UTC))
