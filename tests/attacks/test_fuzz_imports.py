"""Whatever a file holds: it is read or refused with words, and never goes in by halves."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.clients import bulk
from portal.clients import service as clients
from portal.clients.models import Client
from portal.contracts import service as contracts
from portal.contracts.models import Contract
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import ON_SCREEN
from portal.core.db import db
from tests.attacks.test_fuzz_forms import ODD
from tests.factories import NOON, create_client, create_wallet
from tests.support import tables

QUICK = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
EMAILS = "codigo;emails\n1;a@example.com\n2;b@example.com, c@example.com\n"
CELLS = st.one_of(
    st.sampled_from([text.replace("\ud800", "") for text in ODD if len(text) < 50]),
    st.sampled_from(["1", "S", "N", "529.982.247-25", "Cliente 1", "99,90", "31", "01/02/2025"]),
    st.text(max_size=12),
)
GARBLED = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7")


def zipped(content: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("base.csv", content)
    return out.getvalue()


@st.composite
def files(draw: st.DrawFn, example: str) -> bytes:
    """The example with cells of its own, written in some way, and then some bytes spoilt."""
    header, *rows = example.splitlines()[:4]
    columns = header.split(";")
    made = draw(st.lists(st.lists(CELLS, min_size=1, max_size=len(columns) + 1), max_size=3))
    separator = draw(st.sampled_from([";", ";", ",", "\t", "|"]))
    lines = [header, *rows, *(";".join(cells) for cells in made)]
    text = draw(st.sampled_from(["\n", "\r\n", "\r"])).join(lines).replace(";", separator)
    raw = text.encode(draw(st.sampled_from(GARBLED)), "replace")
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(raw)))
        raw = raw[:place] + draw(st.binary(max_size=4)) + raw[place + draw(st.integers(0, 4)) :]
    return draw(st.sampled_from([raw, raw, raw, zipped(raw), raw * 2]))


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize(
    ("model", "take", "example"),
    [
        (Client, clients.import_file, tables.CLIENTS),
        (Contract, contracts.import_file, tables.CONTRACTS),
    ],
    ids=["clients", "contracts"],
)
def test_a_file_goes_in_as_told_or_not_at_all(
    session: Any, tmp_path: Path, model: Any, take: Callable[..., Any], example: str
) -> None:
    for number in ("1", "2", "3"):
        create_client(code=number)
        create_wallet(name=number)
    path = tmp_path / "base.csv"
    seen = {"refused": 0, "taken": 0}

    @QUICK
    @given(content=files(example))
    def check(content: bytes) -> None:
        path.write_bytes(content)
        before = count(model)
        try:
            report = take(path, ON_SCREEN, path.name, None, NOON)
        except FileRefused:
            assert count(model) == before
            seen["refused"] += 1
            return
        assert count(model) == before + report.created
        again = take(path, ON_SCREEN, path.name, None, NOON)
        assert (again.created, again.updated, again.unchanged) == (0, 0, report.accepted)
        seen["taken"] += bool(report.accepted)

    check()
    assert min(seen.values()) > 10


@QUICK
@given(content=files(EMAILS))
def test_a_list_of_e_mails_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "emails.csv"
    path.write_bytes(content)
    try:
        entries, problems = bulk.parse_file(path, ON_SCREEN)
        bulk.parse_lines(content.decode("utf-8", "replace"), ON_SCREEN)
    except FileRefused:
        return
    assert all(entry.line > 0 for entry in entries)
    assert all(problem.message for problem in problems)


@pytest.mark.parametrize(
    "content",
    [
        tables.CLIENTS.encode("utf-16"),
        tables.CLIENTS.encode("utf-16-le"),
        zipped(tables.CLIENTS.encode()),
        (";".join(f"c{n}" for n in range(1_000_000)) + "\n").encode(),
        ("codigo;razao_social;cpf_cnpj;email;ativo\n1;" + '"' * 99_999).encode(),
        b"codigo;razao_social;cpf_cnpj;email;ativo\n" + b"\0" * 1000,
    ],
    ids=["utf-16", "utf-16 without mark", "zip", "a million columns", "quotes", "nul"],
)
def test_what_is_no_list_is_refused_in_words_and_nothing_goes_in(session, tmp_path, content):
    path = tmp_path / "base.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused) as refusal:
        clients.import_file(path, ON_SCREEN, path.name, None, NOON)
    assert len(str(refusal.value)) > 20
    assert count(Client) == 0
