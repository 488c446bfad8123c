"""Importing clients: what goes in, what stays out and why."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import scoped_session

from portal.clients import service
from portal.clients.models import Client, EmailStatus
from portal.core.audit import AuditEvent
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import COMMAND_LINE, Problem
from portal.core.csv_rows import Report
from tests.factories import NOON, create_client

HEADER = "codigo;razao_social;cpf_cnpj;email;ativo\n"


def _import(path: Path) -> Report:
    return service.import_file(path, COMMAND_LINE, path.name, None, NOON)


def _file(folder: Path, text: str) -> Path:
    path = folder / "clientes.csv"
    path.write_text(text, encoding="utf-8")
    return path


def _client(session: scoped_session, code: str) -> Client:  # type: ignore[type-arg]
    return session.scalars(select(Client).where(Client.code == code)).one()


def _named(problems: list[Problem]) -> list[tuple[int, str, str]]:
    return [(item.line, item.column, item.code) for item in problems]


def test_every_kind_of_dirt_is_named_by_line_and_column(
    session: scoped_session,  # type: ignore[type-arg]
    dirty_clients: Path,
) -> None:
    report = _import(dirty_clients)
    assert _named(report.errors) == [
        (8, "cpf_cnpj", "invalid_document"),
        (9, "cpf_cnpj", "invalid_document"),
        (10, "cpf_cnpj", "invalid_document"),
        (11, "codigo", "duplicate_code"),
        (12, "razao_social", "required"),
        (13, "ativo", "invalid_letter"),
        (14, "ativo", "column_count"),
        (16, "codigo", "required"),
        (20, "razao_social", "too_long"),
    ]
    assert _named(report.warnings) == [
        (4, "cpf_cnpj", "repeated_document"),
        (5, "email", "missing_email"),
        (6, "email", "invalid_email"),
        (7, "email", "invalid_email"),
        (15, "uf", "invalid_state"),
        (15, "cep", "invalid_postal_code"),
    ]
    assert (report.accepted, report.rejected, report.created) == (8, 9, 8)
    assert session.scalar(select(func.count()).select_from(Client)) == 8


def test_values_are_trimmed_and_normalised_and_shouting_is_kept(
    session: scoped_session,  # type: ignore[type-arg]
    dirty_clients: Path,
) -> None:
    _import(dirty_clients)
    shouted, bakery, broken = (_client(session, code) for code in ("1", "2", "16"))
    assert (shouted.name, shouted.emails) == ("MARIA DA CONCEIÇÃO", "maria@example.com")
    assert (shouted.postal_code, shouted.city) == ("13010000", "São José")
    assert bakery.cpf_cnpj == "12ABC34501DE35"
    assert bakery.email_list == ("contas@example.com", "financeiro@example.org")
    assert (bakery.state, bakery.district) == ("SP", "Vila Olhos D'água")
    assert broken.name == 'Quebra de linha "entre aspas"'
    assert not _client(session, "3").active


def test_missing_and_invalid_emails_are_accepted_and_counted_apart(
    session: scoped_session,  # type: ignore[type-arg]
    dirty_clients: Path,
) -> None:
    _import(dirty_clients)
    assert _client(session, "4").email_status == EmailStatus.MISSING
    odd = _client(session, "5")
    assert (odd.email_status, odd.emails) == (EmailStatus.INVALID, "")
    assert odd.invalid_emails == "nao tem"


def test_the_same_file_again_changes_nothing_and_says_the_same(
    session: scoped_session,  # type: ignore[type-arg]
    dirty_clients: Path,
) -> None:
    first = _import(dirty_clients)
    again = _import(dirty_clients)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 8)
    assert (again.errors, again.warnings) == (first.errors, first.warnings)
    assert set(session.scalars(select(Client.version))) == {1}


def test_a_changed_row_updates_its_client_and_leaves_an_audit_trail(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    client = create_client(code="1", name="Antes", cpf_cnpj="52998224725", city="Itu")
    other = create_client(code="2", name="Igual", cpf_cnpj="11144477735", emails="b@example.com")
    path = _file(
        tmp_path,
        HEADER + "1;Depois;52998224725;novo@example.com;N\n2;Igual;11144477735;b@example.com;S\n",
    )
    report = service.import_file(path, COMMAND_LINE, "base.csv", None, NOON + timedelta(hours=1))
    assert (report.created, report.updated, report.unchanged) == (0, 1, 1)
    session.refresh(client)
    assert (client.name, client.emails, client.active) == ("Depois", "novo@example.com", False)
    assert client.version == 2
    assert client.city == "Itu"  # the file has no such column
    assert client.created_at == NOON
    session.refresh(other)
    assert other.version == 1
    events = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [event.entity_id for event in events] == [client.id, None]
    assert events[0].changes["name"] == ["Antes", "Depois"]
    assert events[1].summary == (
        "base.csv: criados: 0, alterados: 1, sem mudança: 1, linhas recusadas: 0"
    )


def test_a_document_of_a_client_outside_the_file_is_a_warning(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    create_client(code="900", cpf_cnpj="52998224725")
    report = _import(_file(tmp_path, HEADER + "1;Ana;529.982.247-25;a@example.com;S\n"))
    assert _named(report.warnings) == [(2, "cpf_cnpj", "repeated_document")]
    assert "900" in report.warnings[0].message
    assert report.accepted == 1


def test_every_defect_of_a_row_is_named_at_once(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    report = _import(_file(tmp_path, HEADER + "1;;x;;?\n"))
    assert [item.column for item in report.errors] == ["razao_social", "cpf_cnpj", "ativo"]
    assert report.rejected == 1
    assert not report.warnings


def test_a_refused_file_leaves_the_base_as_it_was(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    good = "".join(f"{n};Ana;52998224725;a@example.com;S\n" for n in range(1, 50))
    with pytest.raises(FileRefused):
        _import(_file(tmp_path, HEADER + good + '50;"Bia;52998224725;;S\n51;Caio;;;S\n'))
    assert session.scalar(select(func.count()).select_from(Client)) == 0


def test_checking_a_file_writes_nothing(
    session: scoped_session,  # type: ignore[type-arg]
    dirty_clients: Path,
) -> None:
    checked = service.check_file(dirty_clients, COMMAND_LINE)
    session.commit()
    assert session.scalar(select(func.count()).select_from(Client)) == 0
    assert session.scalar(select(func.count()).select_from(AuditEvent)) == 0
    assert checked == _import(dirty_clients)


def test_a_failure_in_the_middle_leaves_nothing_behind(
    session: scoped_session,  # type: ignore[type-arg]
    dirty_clients: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_args: object, **_values: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(service.audit, "record", fail)
    with pytest.raises(OSError, match="disk full"):
        _import(dirty_clients)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Client)) == 0


def test_a_large_real_base_goes_in_with_exactly_its_known_defects(
    session: scoped_session,  # type: ignore[type-arg]
    shared_data: Path,
) -> None:
    report = _import(shared_data / "base_5000" / "clientes.csv")
    assert (report.accepted, report.rejected, report.created) == (4981, 19, 4981)
    assert Counter((item.column, item.code) for item in report.errors) == {
        ("cpf_cnpj", "invalid_document"): 19
    }
    assert Counter(item.code for item in report.warnings) == {
        "missing_email": 172,
        "invalid_email": 46,
        "repeated_document": 16,
    }
    counts = select(Client.email_status, func.count()).group_by(Client.email_status)
    assert dict(session.execute(counts).all()) == {
        EmailStatus.OK: 4763,
        EmailStatus.MISSING: 172,
        EmailStatus.INVALID: 46,
    }
    alphanumeric = select(func.count()).where(func.lower(Client.cpf_cnpj) != Client.cpf_cnpj)
    assert session.scalar(alphanumeric) == 92
    assert session.scalar(select(func.count()).where(Client.emails.contains(","))) == 173
    assert session.scalar(select(func.count()).where(~Client.active)) == 208
