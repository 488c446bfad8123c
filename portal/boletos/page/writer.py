"""A PDF file of many pages that share their fonts, images and forms."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from portal.boletos.page.compiler import Page, Parts

_HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"
_FONTS = (("R", "Helvetica"), ("B", "Helvetica-Bold"))
_FONT = "<</Type/Font/Subtype/Type1/BaseFont/{}/Encoding/WinAnsiEncoding>>"


class PdfFile:
    """Collects pages; `finish` gives the bytes of the file.

    The same input gives the same bytes: there is no date and no random identifier in the file.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._bodies: list[bytes] = [b"", b"", b""]  # catalog, page tree, resources: at the end
        self._pages: list[int] = []
        self._forms: dict[int, tuple[Page, str]] = {}  # by identity of the compiled page
        self._form_numbers: list[tuple[str, int]] = []

    def form(self, page: Page) -> str:
        """The name under which pages draw the fixed part of `page`."""
        known = self._forms.get(id(page))
        if known:
            return known[1]
        first = len(self._bodies) + 1
        self._bodies.extend(_resolve(parts, first) for parts in page.objects)
        name = f"P{len(self._forms)}"
        self._forms[id(page)] = (page, name)
        self._form_numbers.append((name, first))
        return name

    def add(self, page: Page, content: bytes) -> None:
        """A page of the size of `page`, drawn by `content`."""
        packed = zlib.compress(content, 6)
        number = len(self._bodies) + 1
        self._bodies.append(
            b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed)
        )
        self._bodies.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.2f %.2f]/Contents %d 0 R>>"
            % (page.width, page.height, number)
        )
        self._pages.append(number + 1)

    def finish(self) -> bytes:
        """The whole file."""
        self._bodies[0] = b"<</Type/Catalog/Pages 2 0 R/Lang(pt-BR)>>"
        kids = b" ".join(b"%d 0 R" % number for number in self._pages)
        self._bodies[1] = b"<</Type/Pages/Count %d/Resources 3 0 R/Kids[%b]>>" % (
            len(self._pages),
            kids,
        )
        forms = "".join(f"/{name} {number} 0 R" for name, number in self._form_numbers)
        fonts = "".join(f"/{name}{_FONT.format(base)}" for name, base in _FONTS)
        self._bodies[2] = f"<</Font<<{fonts}>>/XObject<<{forms}>>>>".encode()
        title = self._title.encode("ascii", "replace")
        self._bodies.append(b"<</Title(%b)/Producer(Pontual)>>" % title)
        return _assemble(self._bodies)


def _resolve(parts: Parts, first: int) -> bytes:
    return b"".join(b"%d 0 R" % (first + part) if isinstance(part, int) else part for part in parts)


def _assemble(bodies: Sequence[bytes]) -> bytes:
    chunks, offsets, at = [_HEADER], [], len(_HEADER)
    for number, body in enumerate(bodies, start=1):
        chunk = b"%d 0 obj\n%b\nendobj\n" % (number, body)
        chunks.append(chunk)
        offsets.append(at)
        at += len(chunk)
    size = len(bodies) + 1
    chunks.append(b"xref\n0 %d\n0000000000 65535 f \n" % size)
    chunks.extend(b"%010d 00000 n \n" % offset for offset in offsets)
    chunks.append(
        b"trailer\n<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (size, size - 1, at)
    )
    return b"".join(chunks)
