"""Reads back what was drawn: pixels, text, symbols; with poppler and zbar."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

needs_poppler = pytest.mark.skipif(
    not shutil.which("pdftoppm"),
    reason="NOT CHECKED: pdftoppm (package poppler-utils) is missing, so no page was looked at",
)
needs_zbar = pytest.mark.skipif(
    not (shutil.which("zbarimg") and shutil.which("pdftoppm")),
    reason="NOT CHECKED: zbarimg (package zbar-tools) is missing, so no barcode was read",
)
needs_qpdf = pytest.mark.skipif(
    not shutil.which("qpdf"),
    reason="NOT CHECKED: qpdf is missing, so no file's structure was checked",
)


def pages_text(pdf: bytes) -> list[str]:
    """The extractable text of each page, blanks made single."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def words(pdf: bytes) -> list[list[str]]:
    """The words of each page, sorted: in the file, what is stamped follows what is fixed."""
    return [sorted(text.split()) for text in pages_text(pdf)]


def draw(pdf: bytes, folder: Path, dpi: int = 150) -> list[Path]:
    """One picture a page. Fails when poppler complains."""
    source = folder / "page.pdf"
    source.write_bytes(pdf)
    done = subprocess.run(
        ["pdftoppm", "-r", str(dpi), "-gray", str(source), str(folder / "page")],
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert done.stderr == b""
    return sorted(folder.glob("page*.pgm"))


def symbols(picture: Path) -> set[str]:
    """All that zbar reads on a picture."""
    done = subprocess.run(
        ["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True, timeout=60
    )
    return set(done.stdout.split("\n")) - {""}


def differing_pixels(one: Path, other: Path, more_than: int) -> int:
    """How many pixels of two grey pictures of one size differ by more than this, of 255."""
    with Image.open(one) as first, Image.open(other) as second:
        assert first.size == second.size
        left, right = first.convert("L").tobytes(), second.convert("L").tobytes()
    return sum(abs(a - b) > more_than for a, b in zip(left, right, strict=True) if a != b)


def png(width: int = 120, height: int = 40, mode: str = "RGBA") -> bytes:
    """A small logo."""
    out = BytesIO()
    Image.new(mode, (width, height), (20, 80, 160, 200)[: len(mode)]).save(out, "PNG")
    return out.getvalue()
