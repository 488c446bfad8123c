"""Importing contracts: what goes in, what stays out and why."""

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import scoped_session

from portal.clients import service as clients
from portal.contracts import service
from portal.contracts.models import Contract, ContractStatus
from portal.core.csv_reader import COMMAND_LINE, Problem
from portal.core.csv_rows import Report
from portal.settings.models import DeliveryType
from tests.factories import NOON, create_client, create_contract, create_wallet

DIRT = Path(__file__).parent.parent / "data" / "import"
HEADER = "codigo;cliente;valor;dia_vencimento;carteira;status;data_ativacao\n"


def _import(path: Path) -> Report:
    return service.import_file(path, COMMAND_LINE, path.name, None, NOON)


def _named(problems: list[Problem]) -> list[tuple[int, str, str]]:
    return [(item.line, item.column, item.code) for item in problems]


@pytest.fixture
def base(session: scoped_session) -> scoped_session:  # type: ignore[type-arg]
    """The clients of the dirty file, and two wallets."""
    clients.import_file(DIRT / "clientes.csv", COMMAND_LINE, "clientes.csv", None, NOON)
    create_wallet(name="Principal")
    create_wallet(name="Antiga", active=False)
    return session


def test_every_kind_of_dirt_is_named_by_line_and_column(base: scoped_session) -> None:  # type: ignore[type-arg]
    report = _import(DIRT / "contratos.csv")
    assert _named(report.errors) == [
        (6, "cliente", "client_not_found"),  # refused by the clients' import
        (7, "cliente", "client_not_found"),
        (8, "valor", "invalid_amount"),
        (9, "valor", "invalid_amount"),
        (10, "valor", "invalid_amount"),
        (11, "valor", "required"),
        (12, "dia_vencimento", "invalid_due_day"),
        (13, "dia_vencimento", "invalid_due_day"),
        (14, "carteira", "wallet_not_found"),
        (15, "tipo_envio", "invalid_letter"),
        (16, "status", "invalid_letter"),
        (17, "data_ativacao", "invalid_date"),
        (18, "valor", "invalid_amount"),
        (20, "codigo", "duplicate_code"),
        (21, "valor", "invalid_amount"),
        (21, "dia_vencimento", "invalid_due_day"),
        (21, "carteira", "required"),
        (21, "data_ativacao", "invalid_date"),
    ]
    assert _named(report.warnings) == [(19, "carteira", "wallet_inactive")]
    assert (report.accepted, report.rejected, report.created) == (5, 15, 5)


def test_values_are_read_as_people_write_them(base: scoped_session) -> None:  # type: ignore[type-arg]
    _import(DIRT / "contratos.csv")
    found = base.scalars(select(Contract).order_by(Contract.id)).all()
    assert [contract.amount for contract in found] == [
        Decimal("1499.00"),
        Decimal("1499.00"),
        Decimal("149.90"),
        Decimal("1499.00"),
        Decimal("99.90"),
    ]
    assert [contract.due_day for contract in found] == [10, 31, 5, 1, 10]
    assert [contract.delivery_type for contract in found] == [
        None,
        DeliveryType.EMAIL,
        DeliveryType.PRINTED,
        None,
        None,
    ]
    assert [contract.status for contract in found][:3] == [
        ContractStatus.ACTIVE,
        ContractStatus.SUSPENDED,
        ContractStatus.CANCELLED,
    ]
    assert found[0].activated_on == date(2026, 6, 28)
    assert found[2].activated_on == date(2024, 4, 2)
    assert found[0].client.name == "MARIA DA CONCEIÇÃO"


def test_the_same_file_again_changes_nothing_and_says_the_same(base: scoped_session) -> None:  # type: ignore[type-arg]
    first = _import(DIRT / "contratos.csv")
    again = _import(DIRT / "contratos.csv")
    assert (again.created, again.updated, again.unchanged) == (0, 0, 5)
    assert (again.errors, again.warnings) == (first.errors, first.warnings)


def test_a_changed_row_updates_its_contract_and_keeps_what_the_file_lacks(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    contract = create_contract(code="1", plan="FIBRA 300M", delivery_type=DeliveryType.PRINTED)
    path = tmp_path / "contratos.csv"
    line = f"1;{contract.client.code};129,90;31;{contract.wallet.name};S;15/01/2025\n"
    path.write_text(HEADER + line, encoding="utf-8")
    report = _import(path)
    assert (report.created, report.updated, report.unchanged) == (0, 1, 0)
    session.refresh(contract)
    assert (contract.amount, contract.due_day) == (Decimal("129.90"), 31)
    assert contract.status == ContractStatus.SUSPENDED
    assert (contract.plan, contract.delivery_type) == ("FIBRA 300M", DeliveryType.PRINTED)
    assert contract.version == 2


def test_a_contract_that_would_pass_to_another_client_is_warned_of(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    contract, other = create_contract(code="1"), create_client(code="outro")
    path = tmp_path / "contratos.csv"
    line = f"1;{other.code};129,90;31;{contract.wallet.name};A;15/01/2025\n"
    path.write_text(HEADER + line, encoding="utf-8")
    report = _import(path)
    assert (report.updated, _named(report.warnings)) == (1, [(2, "cliente", "client_changed")])
    assert report.warnings[0].message.endswith("e passaria ao outro.")


def test_without_wallets_every_row_says_which_one_is_missing(
    session: scoped_session,  # type: ignore[type-arg]
    tmp_path: Path,
) -> None:
    clients.import_file(DIRT / "clientes.csv", COMMAND_LINE, "clientes.csv", None, NOON)
    path = tmp_path / "contratos.csv"
    path.write_text(HEADER + "1;1;99,90;10;Itaú 109;A;01/01/2026\n", encoding="utf-8")
    report = _import(path)
    assert (report.accepted, report.rejected) == (0, 1)
    assert "“Itaú 109”" in report.errors[0].message


def test_a_large_real_base_goes_in_with_exactly_its_known_defects(
    session: scoped_session,  # type: ignore[type-arg]
    shared_data: Path,
) -> None:
    folder = shared_data / "base_5000"
    clients.import_file(folder / "clientes.csv", COMMAND_LINE, "clientes.csv", None, NOON)
    for name in "123":
        create_wallet(name=name)
    report = _import(folder / "contratos.csv")
    assert (report.accepted, report.rejected, report.created) == (5644, 56, 5644)
    assert Counter((item.column, item.code) for item in report.errors) == {
        ("cliente", "client_not_found"): 30,  # 8 of no one, 22 of clients with a wrong document
        ("dia_vencimento", "invalid_due_day"): 16,
        ("valor", "invalid_amount"): 8,
        ("valor", "required"): 2,
    }
    assert not report.warnings
    counts = select(Contract.status, func.count()).group_by(Contract.status)
    statuses = dict(session.execute(counts).all())
    assert sum(statuses.values()) == 5644
    assert _import(folder / "contratos.csv").unchanged == 5644
