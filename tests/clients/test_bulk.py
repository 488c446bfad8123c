"""E-mails for many clients: lines read as people paste them, faults named, bounces forgotten."""

import pytest

from portal.clients import service
from portal.clients.bulk import parse_file, parse_lines, preview
from portal.clients.models import Client, EmailStatus
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import ON_SCREEN, Limits
from tests.factories import NOON, create_client


def read(text):
    entries, problems = parse_lines(text, ON_SCREEN)
    return [(item.line, item.code, item.emails) for item in entries], problems


@pytest.mark.parametrize(
    ("text", "code", "emails"),
    [
        ("10;a@example.com", "10", "a@example.com"),
        ("10\ta@example.com\tb@example.com", "10", "a@example.com\tb@example.com"),
        ("10,a@example.com,b@example.com", "10", "a@example.com,b@example.com"),
        (' "10" ; "a@example.com; b@example.com" \r', "10", "a@example.com; b@example.com"),
        ("10;", "10", ""),
    ],
)
def test_a_line_is_a_code_a_separator_and_addresses(text, code, emails):
    assert read(text) == ([(1, code, emails)], [])


def test_blank_lines_and_the_header_count_but_say_nothing():
    entries, problems = read("\ufeffCódigo;E-mail\n\n10;a@example.com\ncodigo")
    assert entries == [(3, "10", "a@example.com")]
    assert [(item.line, item.code) for item in problems] == [(4, "separator")]


def test_too_many_lines_are_refused_with_the_number():
    with pytest.raises(FileRefused, match="mais de 2 linhas"):
        parse_lines("1;a\n2;b\n3;c", Limits(1000, 2))


def test_a_file_needs_its_two_columns_and_may_have_others(tmp_path):
    path = tmp_path / "lista.csv"
    path.write_bytes(
        "codigo;cliente;email\r\n7;João;joao@example.com\r\n8;Ana\r\n".encode("cp1252")
    )
    entries, problems = parse_file(path, ON_SCREEN)
    assert [(item.line, item.code, item.emails) for item in entries] == [
        (2, "7", "joao@example.com")
    ]
    assert [(item.line, item.code) for item in problems] == [(3, "column_count")]
    path.write_text("codigo;nome\n7;João\n", encoding="utf-8")
    with pytest.raises(FileRefused, match="Falta a coluna “email”"):
        parse_file(path, ON_SCREEN)


def looked_at(text):
    return preview(*parse_lines(text, ON_SCREEN))


def test_lines_of_one_client_add_up_and_take_the_place_of_what_was(session):
    create_client(code="1", emails="a@example.com", invalid_emails="b@")
    create_client(code="2", emails="c@example.com")
    found = looked_at("1;X@example.com\n2;c@example.com\n1;y@example.com;x@example.com")
    assert found.same == 1
    assert [(line.code, line.before, line.after) for line in found.lines] == [
        ("1", "a@example.com, b@", "x@example.com, y@example.com")
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (";a@example.com", "required"),
        ("9;a@example.com", "unknown_client"),
        ("1;", "required"),
        ("1;ana@", "invalid_email"),
        ("1;a@example.com nao tem", "invalid_email"),
        ("1;" + "a@example.com," * 80, "too_long"),
        ("2;a@example.com", "anonymised"),
        ("1 a@example.com", "separator"),
    ],
)
def test_a_bad_line_is_named_with_its_cause_and_the_good_ones_stay(session, line, code):
    create_client(code="1", emails="")
    create_client(code="2", emails="", anonymised_at=NOON)
    found = looked_at(f"1;ok@example.com\n{line}")
    assert [(item.line, item.code) for item in found.problems] == [(2, code)]
    assert found.problems[0].message.endswith(".")
    assert [line.after for line in found.lines] == ["ok@example.com"]


def test_too_many_addresses_from_several_lines_are_refused_too(session):
    create_client(code="1", emails="")
    lines = "\n".join(f"1;{'a' * 40}{number}@example.com" for number in range(30))
    found = looked_at(lines)
    assert not found.lines
    assert [(item.line, item.code) for item in found.problems] == [(30, "too_long")]


def test_new_addresses_clear_the_mark_of_a_bounce_and_stale_clients_keep_theirs(session):
    bounced = {"bounced_at": NOON, "bounce_reason": "550"}
    for code in "12":
        create_client(code=code, emails="velho@example.com", **bounced)
    found = looked_at("1;novo@example.com\n2;novo@example.com")
    emails = {line.code: line.after for line in found.lines}
    seen = {line.code: line.version for line in found.lines}
    session.query(Client).filter_by(code="2").update({"version": 5})
    session.commit()
    result = service.change_emails(emails, seen, "", None, NOON)
    assert ([row.code for row in result.changed], result.stale) == (["1"], ["2"])
    rows = {client.code: client for client in session.query(Client).populate_existing()}
    assert (rows["1"].emails, rows["1"].bounced_at, rows["1"].bounce_reason) == (
        "novo@example.com", None, "",
    )  # fmt: skip
    assert rows["1"].email_status == EmailStatus.OK
    assert (rows["2"].emails, rows["2"].bounced_at) == ("velho@example.com", NOON)
