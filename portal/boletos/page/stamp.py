"""Drawing one boleto onto a compiled page: a few text lines and two symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from portal.boletos.model import Slip
from portal.boletos.page.compiler import Page, SymbolStamp, TextStamp
from portal.boletos.page.content import variable
from portal.boletos.page.symbols import BARCODE_MODULES, itf_bars, qr_modules
from portal.boletos.page.text import BOLD, encode, shorten, text_width

_FONT_NAMES = {BOLD: b"B"}


@dataclass(frozen=True, slots=True)
class _Order:
    """One text stamp, with the bytes that never change already written."""

    stamp: TextStamp
    before: bytes  # font, size and, for texts at a left edge, the position


class Stamper:
    """Draws boletos onto one compiled page of a file, under the form's name there."""

    def __init__(self, page: Page, form: str) -> None:
        self._start = b"/%b Do BT" % form.encode()
        self._orders = tuple(_Order(stamp, _before(stamp)) for stamp in page.texts)
        self._symbols = page.symbols

    def content(self, slips: Sequence[Slip]) -> bytes:
        """The drawing instructions of a page with these slips."""
        texts = [variable(slip) for slip in slips]
        out = [self._start]
        for order in self._orders:
            stamp = order.stamp
            place = stamp.place
            text = shorten(texts[place.strip][place.name], stamp.font, stamp.size, place.width)
            if not text:
                continue
            out.append(order.before)
            if place.align == "right":
                x = stamp.x - text_width(text, stamp.font, stamp.size)
                out.append(b" 1 0 0 1 %.5f %.5f Tm" % (x, stamp.y))
            out.append(_literal(text))
        out.append(b" ET")
        for symbol in self._symbols:
            out.append(_symbol(symbol, slips[symbol.strip]))
        return b"".join(out)


def _before(stamp: TextStamp) -> bytes:
    font = b" /%b %g Tf" % (_FONT_NAMES.get(stamp.font, b"R"), stamp.size)
    if stamp.place.align == "right":
        return font
    return b"%b 1 0 0 1 %.5f %.5f Tm" % (font, stamp.x, stamp.y)


def _literal(text: str) -> bytes:
    data = encode(text)
    if b"(" in data or b")" in data or b"\\" in data:
        data = data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
    return b"(%b)Tj" % data


def _symbol(symbol: SymbolStamp, slip: Slip) -> bytes:
    if symbol.kind == "qr":
        rows = qr_modules(slip.pix_payload)
        step = symbol.width / len(rows)
        top = symbol.y + symbol.height
        return b"\nq %.5f 0 0 %.5f %.3f %.3f cm %b f Q" % (
            step, -step, symbol.x, top,
            b" ".join(b"%d %d %d 1 re" % (x, y, w) for y, runs in enumerate(rows) for x, w in runs),
        )  # fmt: skip
    return b"\nq %.6f 0 0 %.4f %.4f %.4f cm%b f Q" % (
        symbol.width / BARCODE_MODULES, symbol.height, symbol.x, symbol.y,
        _bars(slip.numbers.codigo_barras),
    )  # fmt: skip


def _bars(codigo: str) -> bytes:
    return _EDGES + b"".join(
        _pair(index, codigo[2 * index : 2 * index + 2]) for index in range(len(codigo) // 2)
    )


@lru_cache(maxsize=2200)  # 100 pairs in 22 positions
def _pair(index: int, pair: str) -> bytes:
    """The five bars of a pair of digits at its position, as rectangles one unit high."""
    bars = itf_bars("00" * index + pair)
    return _rectangles(bars[2 + 5 * index : 7 + 5 * index])


def _rectangles(bars: Sequence[tuple[int, int]]) -> bytes:
    return b"".join(b" %d 0 %d 1 re" % bar for bar in bars)


_START_STOP = itf_bars("0" * 44)
_EDGES = _rectangles((*_START_STOP[:2], *_START_STOP[-2:]))
