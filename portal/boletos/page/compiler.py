"""A page laid out once: the fixed part as one PDF form, the places of the rest with coordinates.

The HTML engine draws the page with marks (`¤7¤`, coloured rectangles). Here the marks are found in
its drawing instructions, their coordinates are noted, and they are taken out; what remains is the
form that all pages share.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pypdf import PdfReader
from pypdf.generic import (
    ArrayObject,
    ContentStream,
    DictionaryObject,
    IndirectObject,
    PdfObject,
    StreamObject,
)

from portal.boletos.page.engine import RenderFailed
from portal.boletos.page.layout import SYMBOLS, Place
from portal.boletos.page.text import MARK, text_width

Matrix = tuple[float, float, float, float, float, float]
Parts = tuple[bytes | int, ...]  # of an object; an int is the object of that index
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_MARK = re.compile(rf"{MARK}(\d+){MARK}")
_SYMBOLS = {  # of the slips on one page
    colour.format(strip): (kind, strip) for kind, colour in SYMBOLS.items() for strip in range(4)
}


@dataclass(frozen=True, slots=True)
class TextStamp:
    """Where a text goes: `x` is its left edge, or its right edge when `right`."""

    place: Place
    font: str
    size: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class SymbolStamp:
    """Where a barcode or QR code of slip `strip` goes: lower left corner and size, in points."""

    strip: int
    kind: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Page:
    """A compiled page. `objects` are PDF objects, the first is the form."""

    width: float
    height: float
    objects: tuple[Parts, ...]
    texts: tuple[TextStamp, ...]
    symbols: tuple[SymbolStamp, ...]


def compile_page(pdf: bytes, places: list[Place]) -> Page:
    """Reads the one page of `pdf`, whose marks number `places`. Raises RenderFailed."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    if len(pages) != 1:
        raise RenderFailed(
            "Os textos da carteira não cabem na página do boleto. Encurte-os ou troque o logotipo."
        )
    page = pages[0]
    content = ContentStream(page.get_contents(), page.pdf)
    scan = _Scan(places)
    kept = list(scan.run(content.operations))
    if len(scan.texts) != len(places):
        raise RenderFailed("A página do boleto perdeu um campo. Confira o modelo da página.")
    content.operations = kept
    box = (float(page.mediabox.width), float(page.mediabox.height))
    objects = _form(content.get_data(), page["/Resources"], box)
    return Page(*box, objects, tuple(scan.texts), tuple(scan.symbols))


@dataclass(slots=True)
class _State:
    """What `q` saves."""

    ctm: Matrix = _IDENTITY
    fill: str = "#000000"


@dataclass(slots=True)
class _Scan:
    """Walks over the drawing instructions, keeps those that are not marks."""

    places: list[Place]
    texts: list[TextStamp] = field(default_factory=list)
    symbols: list[SymbolStamp] = field(default_factory=list)
    _state: _State = field(default_factory=_State)
    _stack: list[_State] = field(default_factory=list)
    _line: Matrix = _IDENTITY
    _font: tuple[str, float] = ("", 0.0)
    _path: list[tuple[float, float]] = field(default_factory=list)

    def run(self, operations: list[tuple[Any, bytes]]) -> Iterator[tuple[Any, bytes]]:
        pending: list[tuple[Any, bytes]] = []  # a path under construction
        for operands, operator in operations:
            self._track(operands, operator)
            if operator == b"Tj" and self._mark(operands[0]):
                continue
            if operator in (b"n", b"m", b"l", b"h"):
                pending.append((operands, operator))
                continue
            if operator == b"f" and self._symbol():
                pending.clear()
            else:
                yield from pending
                pending.clear()
                yield operands, operator
            if operator in (b"f", b"S"):
                self._path.clear()

    def _track(self, operands: Any, operator: bytes) -> None:
        if operator == b"q":
            self._stack.append(_State(self._state.ctm, self._state.fill))
        elif operator == b"Q":
            self._state = self._stack.pop()
        elif operator == b"cm":
            self._state.ctm = _times(_matrix(operands), self._state.ctm)
        elif operator == b"rg":
            self._state.fill = "#" + "".join(f"{round(float(v) * 255):02x}" for v in operands)
        elif operator == b"BT":
            self._line = _IDENTITY
        elif operator == b"Tm":
            self._line = _matrix(operands)
        elif operator == b"Td":
            move = (1.0, 0.0, 0.0, 1.0, float(operands[0]), float(operands[1]))
            self._line = _times(move, self._line)
        elif operator == b"Tf":
            self._font = (str(operands[0]), float(operands[1]))
        elif operator in (b"m", b"l"):
            self._path.append((float(operands[0]), float(operands[1])))

    def _mark(self, text: Any) -> bool:
        shown = bytes(getattr(text, "original_bytes", b"")).decode("cp1252", "replace")
        found = _MARK.fullmatch(shown.strip())
        if not found:
            return False
        place = self.places[int(found[1])]
        _, size = self._font
        _, _, _, _, x, y = _times(self._line, self._state.ctm)
        if place.align == "right":
            x += text_width(shown, place.font, size)
        self.texts.append(TextStamp(place, place.font, size, x, y))
        return True

    def _symbol(self) -> bool:
        if self._state.fill not in _SYMBOLS:
            return False
        kind, strip = _SYMBOLS[self._state.fill]
        corners = [_apply(self._state.ctm, x, y) for x, y in self._path]
        xs, ys = [x for x, _ in corners], [y for _, y in corners]
        box = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
        self.symbols.append(SymbolStamp(strip, kind, *(round(v, 4) for v in box)))
        return True


def _matrix(operands: Any) -> Matrix:
    a, b, c, d, e, f = (float(value) for value in operands)
    return a, b, c, d, e, f


def _times(m: Matrix, n: Matrix) -> Matrix:
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def _apply(m: Matrix, x: float, y: float) -> tuple[float, float]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _form(content: bytes, resources: PdfObject, box: tuple[float, float]) -> tuple[Parts, ...]:
    """The page as a form XObject, and after it the objects that it needs (fonts, images)."""
    copier = _Copier()
    head = b"<</Type/XObject/Subtype/Form/FormType 1/BBox[0 0 %.2f %.2f]/Resources" % box
    packed = zlib.compress(content, 9)
    parts: Parts = (
        head,
        *copier.parts(resources),
        b"/Filter/FlateDecode/Length %d>>stream\n" % len(packed) + packed + b"\nendstream",
    )
    return (parts, *copier.objects[1:])


class _Copier:
    """Copies PDF objects out of a file; references become indexes into `objects`."""

    def __init__(self) -> None:
        self.objects: list[Parts] = [()]  # the first is the form's
        self._seen: dict[int, int] = {}

    def parts(self, value: PdfObject) -> Parts:
        if isinstance(value, IndirectObject):
            return (b" ", self._reference(value), b" ")
        if isinstance(value, StreamObject):
            return self._stream(value)
        if isinstance(value, DictionaryObject):
            return (b"<<", *self._items(value), b">>")
        if isinstance(value, ArrayObject):
            inner = [part for item in value for part in (*self.parts(item), b" ")]
            return (b"[", *inner, b"]")
        out = io.BytesIO()
        value.write_to_stream(out)
        return (out.getvalue(),)

    def _items(self, value: DictionaryObject) -> Iterator[bytes | int]:
        for key, item in value.items():
            yield str(key).encode("latin-1") + b" "
            yield from self.parts(item)

    def _stream(self, value: StreamObject) -> Parts:
        data: bytes = value._data  # as it is in the file, still compressed
        rest = DictionaryObject({k: v for k, v in value.items() if k != "/Length"})
        tail = b"/Length %d>>stream\n" % len(data) + data + b"\nendstream"
        return (b"<<", *self._items(rest), tail)

    def _reference(self, value: IndirectObject) -> int:
        if value.idnum not in self._seen:
            index = self._seen[value.idnum] = len(self.objects)
            self.objects.append(())
            target = value.get_object()
            self.objects[index] = self.parts(target) if target is not None else (b"null",)
        return self._seen[value.idnum]
