"""A base of invented clients and contracts in a database of its own, and a printed table."""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count as counting
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from sqlalchemy import create_engine, insert, make_url, text

from portal import create_app
from portal.clients.models import Client
from portal.contracts.models import Contract
from portal.core.config import Settings
from portal.core.crypto import new_key
from portal.core.db import db
from portal.core.migrations import ensure_migrated
from portal.settings.models import DeliveryType, FinancialSettings, GeneralSettings
from portal.smtp.models import Security, SmtpAccount
from portal.wallets.models import Wallet

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)
_NUMBERS = counting(1)


@contextmanager
def scratch_app(*, web: bool = False, smtp_port: int = 2525, database: str = "") -> Iterator[Flask]:
    """The application with settings, an account and a wallet, over an empty database.

    Without an address it is a new SQLite one.
    """
    logging.disable(logging.WARNING)  # there is no Redis here, and it would say so at each page
    with TemporaryDirectory() as home:
        settings = Settings.from_env({**scratch_environment(home), "DATABASE_URL": database})
        app = create_app(settings, web=web, RATELIMIT_ENABLED=False, WTF_CSRF_ENABLED=False)
        with app.app_context():
            ensure_migrated()
            configure(smtp_port)
            yield app
            db.session.remove()
            db.engine.dispose()


@contextmanager
def scratch_database(server: str) -> Iterator[str]:
    """The address of a new database on a PostgreSQL server; an empty one stays empty: SQLite."""
    if not server:
        yield ""
        return
    url = make_url(server).set(drivername="postgresql+psycopg")
    name = f"bench_{os.getpid()}_{next(_NUMBERS)}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        admin.dispose()


def scratch_environment(home: str | Path) -> dict[str, str]:
    """An installation of its own in `home`, with no Redis, that may send to this machine."""
    return {
        "PORTAL_HOME": str(home),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DEMO": "0",
        "SECRET_KEY": "bench-only-secret-key",
        "PORTAL_ENCRYPTION_KEYS": new_key(),
        "PORTAL_SMTP_ALLOW_PRIVATE": "127.0.0.1",
    }


def configure(smtp_port: int) -> None:
    """Settings, a wallet, and an account without limits that sends to `smtp_port`."""
    account = SmtpAccount(
        name="Financeiro",
        host="127.0.0.1",
        port=smtp_port,
        security=Security.NONE,
        requires_auth=False,
        sender_address="financeiro@example.com",
        subject="Seu boleto vence em #boleto_vencimento#",
        body="#saudacao#, #cliente_primeiro_nome#.\n\n#boletos_tabela#\n\n#empresa_nome#",
        hourly_limit=10_000_000,
        daily_limit=10_000_000,
        created_at=NOW,
    )
    db.session.add_all(
        (
            account,
            GeneralSettings(
                id=1, company_name="Rede Exemplo", default_delivery_type=DeliveryType.EMAIL
            ),
            FinancialSettings(id=1, smtp_account=account),
            Wallet(
                name="1",
                bank_code="341",
                agencia="1234",
                conta="12345",
                conta_dv="6",
                carteira="109",
                email_on_generation=True,
            ),
        )
    )
    db.session.commit()


def add_contracts(count: int, *, after: int = 0) -> None:
    """`count` clients with one contract each, numbered after `after`."""
    numbers = range(after + 1, after + count + 1)
    db.session.execute(insert(Client), [_client(number) for number in numbers])
    db.session.execute(insert(Contract), [_contract(number) for number in numbers])
    db.session.commit()


def _client(number: int) -> dict[str, object]:
    return {
        "id": number,
        "code": str(number),
        "name": f"Cliente {number}",
        "cpf_cnpj": "52998224725",
        "emails": f"c{number}@example.com",
        "email_status": "ok",
        "address": "Rua das Fibras",
        "number": str(number),
        "city": "Campinas",
        "state": "SP",
        "postal_code": "13010000",
        "active": True,
        "created_at": NOW,
    }


def _contract(number: int) -> dict[str, object]:
    return {
        "code": str(number),
        "client_id": number,
        "plan": "FIBRA 300M",
        "amount": Decimal("119.90"),
        "due_day": number % 28 + 1,
        "wallet_id": 1,
        "status": "active",
        "activated_on": date(2025, 1, 1),
        "created_at": NOW,
    }


def seconds(work: Callable[[], object]) -> float:
    """How long `work` takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def verdict(what: str, measured: float, limit: float, unit: str) -> bool:
    """Print one line with the figure and its limit; whether it was kept."""
    kept = measured <= limit
    print(f"{'ok  ' if kept else 'MISS'} {what}: {measured:.2f} {unit} (limit {limit} {unit})")
    return kept
