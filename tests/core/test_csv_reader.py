"""CSV files: every encoding, separator and defect that people send."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import MAX_LINE, Columns, Limits, Table, read

COLUMNS = Columns(required=("codigo", "razao_social"), optional=("cidade",))
LIMITS = Limits(1 << 20, 1000)
TEXT = "codigo;razao_social;cidade\r\n1;João Ávila;São José\r\n2;Ana;\r\n"


def _read(folder: Path, content: bytes, limits: Limits = LIMITS) -> Table:
    path = folder / "arquivo.csv"
    path.write_bytes(content)
    return read(path, COLUMNS, limits)


def _refusal(folder: Path, content: bytes, limits: Limits = LIMITS) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        _read(folder, content, limits)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_usual_encodings_separators_and_line_ends_are_recognised(
    tmp_path: Path, encoding: str, separator: str, line_end: str
) -> None:
    text = TEXT.replace(";", separator).replace("\r\n", line_end)
    table = _read(tmp_path, text.encode(encoding))
    assert [row.cells for row in table.rows] == [
        {"codigo": "1", "razao_social": "João Ávila", "cidade": "São José"},
        {"codigo": "2", "razao_social": "Ana", "cidade": ""},
    ]
    assert [row.line for row in table.rows] == [2, 3]
    assert not table.problems


def test_header_names_are_found_whatever_their_case_accents_and_order(tmp_path: Path) -> None:
    table = _read(tmp_path, 'Observação;"Razão Social"; CODIGO\nx;Ana;1\n'.encode())
    assert table.columns == ("razao_social", "codigo")
    assert table.rows[0].cells == {"razao_social": "Ana", "codigo": "1"}


def test_quoted_cells_hold_separators_quotes_and_line_breaks(tmp_path: Path) -> None:
    table = _read(tmp_path, b'codigo;razao_social\n1;"A;B ""C""\nD"\n2;E\n')
    assert [(row.line, row.cells["razao_social"]) for row in table.rows] == [
        (2, 'A;B "C"\nD'),
        (4, "E"),
    ]


def test_blank_rows_and_separators_at_the_end_are_passed_over(tmp_path: Path) -> None:
    table = _read(tmp_path, b"codigo;razao_social\n\n;\n1;Ana;;;\n  ;  \n")
    assert [(row.line, row.cells["codigo"]) for row in table.rows] == [(4, "1")]
    assert not table.problems


@pytest.mark.parametrize(
    ("row", "column"), [("1;Ana;Campinas;SP", "cidade"), ("1;Ana", "cidade"), ("1", "razao_social")]
)
def test_a_row_of_another_width_is_refused_alone(tmp_path: Path, row: str, column: str) -> None:
    table = _read(tmp_path, f"codigo;razao_social;cidade\n{row}\n2;Bia;Itu\n".encode())
    assert [(item.line, item.column, item.code) for item in table.problems] == [
        (2, column, "column_count")
    ]
    assert [row.cells["codigo"] for row in table.rows] == ["2"]


@pytest.mark.parametrize(
    ("content", "column"),
    [
        (b'codigo;razao_social\n1;Ana\n2;"Bia\n3;Caio\n', "razao_social"),
        (b'codigo;razao_social\n1;Ana\n2;"Bia" Silva\n3;Caio\n', "razao_social"),
        (b'codigo;razao_social\n1;Ana\n"2;Bia\n3;Caio\n', "codigo"),
        (b'codigo;razao_social\n1;Ana\n"2";"Bia "" \n' + b"3;Caio\n" * 50, "razao_social"),
    ],
)
def test_wrong_quotes_refuse_the_file_and_name_line_and_column(
    tmp_path: Path, content: bytes, column: str
) -> None:
    error = _refusal(tmp_path, content)
    assert (error.code, error.line, error.column) == ("quotes", 3, column)
    assert f"Linha 3, coluna “{column}”" in str(error)


def test_a_quote_inside_an_unquoted_cell_is_just_a_quote(tmp_path: Path) -> None:
    table = _read(tmp_path, b'codigo;razao_social\n1;Bar do "Ze"\n')
    assert table.rows[0].cells["razao_social"] == 'Bar do "Ze"'


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("clientes.csv", TEXT)
    return target.getvalue()


UNREADABLE = (
    (b"", "empty", "vazio"),
    (TEXT.encode("utf-16"), "utf16", "UTF-16"),
    (TEXT.encode("utf-16-le"), "not_text", "linha 1"),
    (_zip(), "not_text", "compactado"),
    (gzip.compress(TEXT.encode()), "not_text", "compactado"),
    (b"%PDF-1.7\n", "not_text", "PDF"),
    (b"\xd0\xcf\x11\xe0" + bytes(100), "not_text", "Excel"),
    (TEXT.encode() + b"3;nul\x00;x\r\n", "not_text", "linha 4"),
    (TEXT.encode() + "3;José;\r\n".encode("cp1252"), "encoding", "linha 4"),
    (b"\xef\xbb\xbf" + TEXT.encode("cp1252"), "encoding", "linha 2"),
    (b"codigo;razao_social\n1;Jos\x81\n", "encoding", "linha 2"),
    (b"nome;documento\nAna;1\n", "header", "codigo; razao_social"),
    (b"\n\n", "header", "codigo"),
    (b"codigo;cidade\n1;Itu\n", "missing_column", "“razao_social”"),
    (b"codigo;codigo;razao_social\n1;1;Ana\n", "repeated_column", "“codigo”"),
    (b"codigo;razao_social;" + b"x;" * 300 + b"\n", "too_many_columns", "300|302|303"),
    (b"codigo;" * 1_000_000, "line_too_long", "linha 1"),
    (b"codigo;razao_social\n1;" + b"x" * MAX_LINE + b"\n", "line_too_long", "linha 2"),
)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    UNREADABLE,
    # Not the contents: some are large, and archives differ by the time they were made.
    ids=[f"{code}-{number}" for number, (_, code, _) in enumerate(UNREADABLE)],
)
def test_files_that_cannot_be_read_are_refused_with_the_reason(
    tmp_path: Path, content: bytes, code: str, words: str
) -> None:
    error = _refusal(tmp_path, content, Limits(20 << 20, 1000))
    assert error.code == code
    assert any(word in str(error) for word in words.split("|"))


def test_a_file_over_the_size_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "enorme.csv"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # one gigabyte that takes no room on the disk
    with pytest.raises(FileRefused, match="200 MB"):
        read(path, COLUMNS, Limits(200 << 20, 1000))


def test_a_file_with_too_many_rows_is_refused(tmp_path: Path) -> None:
    error = _refusal(tmp_path, b"codigo;razao_social\n" + b"1;A\n" * 11, Limits(1 << 20, 10))
    assert (error.code, error.line) == ("too_many_rows", 12)
