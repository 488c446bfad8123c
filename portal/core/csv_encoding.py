"""What a file that should be CSV really is: its encoding, or why it cannot be read."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from portal.core.errors import PortalError

_CHUNK = 1 << 20
_MIB = 1 << 20
# How other kinds of file begin, and what people call them.
_SIGNATURES = (
    (b"PK\x03\x04", "um arquivo compactado ou uma planilha do Excel (.zip, .xlsx)"),
    (b"PK\x05\x06", "um arquivo compactado (.zip)"),
    (b"\xd0\xcf\x11\xe0", "uma planilha antiga do Excel (.xls)"),
    (b"\x1f\x8b", "um arquivo compactado (.gz)"),
    (b"7z\xbc\xaf", "um arquivo compactado (.7z)"),
    (b"Rar!", "um arquivo compactado (.rar)"),
    (b"%PDF", "um PDF"),
)
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS = "Salve a planilha como CSV UTF-8 e envie de novo."
# A letter of Portuguese in UTF-8. Read as CP1252 it would be “Ã©”, which no one writes.
_UTF8_LETTER = re.compile(rb"\xc3[\x80-\xbf]")


class FileRefused(PortalError):
    """The file as a whole cannot be imported; `line` and `column` say where it went wrong."""

    def __init__(self, code: str, message: str, *, line: int = 0, column: str = "") -> None:
        super().__init__(message)
        self.code, self.line, self.column = code, line, column


def detect(path: Path, max_bytes: int) -> str:
    """The name of the encoding: utf-8-sig (with or without BOM) or cp1252.

    Raises FileRefused for a file that is empty, too big, compressed, binary, UTF-16, or in a
    mixture of encodings.
    """
    size = path.stat().st_size
    if size > max_bytes:
        raise FileRefused(
            "too_big", f"O arquivo passa de {max_bytes // _MIB} MB: divida-o em partes menores."
        )
    with path.open("rb") as file:
        _refuse_other_kinds(file.read(8))
    if not _decodes(path, "utf-8"):
        _refuse_mixture(path)
        return "cp1252"
    return "utf-8-sig"


def _refuse_other_kinds(start: bytes) -> None:
    if not start:
        raise FileRefused("empty", "O arquivo está vazio.")
    if start.startswith(_UTF16_MARKS):
        raise FileRefused("utf16", f"O arquivo está em UTF-16, não em UTF-8. {_SAVE_AS}")
    for signature, name in _SIGNATURES:
        if start.startswith(signature):
            raise FileRefused("not_text", f"O arquivo não é CSV: é {name}. {_SAVE_AS}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    try:
        for chunk in _chunks(path):
            if b"\0" in chunk:
                line += chunk[: chunk.index(b"\0")].count(b"\n")
                raise FileRefused(
                    "not_text", f"A linha {line} tem bytes que não são texto. {_SAVE_AS}", line=line
                )
            line += chunk.count(b"\n")
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _refuse_mixture(path: Path) -> None:
    """A file that is not UTF-8 must be CP1252 throughout."""
    content = path.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        odd = error.start
    if not (content.startswith(codecs.BOM_UTF8) or _UTF8_LETTER.search(content)):
        try:
            content.decode("cp1252")
            return
        except UnicodeDecodeError as error:
            odd = error.start
    line = content.count(b"\n", 0, odd) + 1
    raise FileRefused(
        "encoding",
        f"A linha {line} tem uma letra que não está em UTF-8 nem em CP1252 (Windows). {_SAVE_AS}",
        line=line,
    )
