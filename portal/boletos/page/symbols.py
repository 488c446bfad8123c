"""The two machine-readable symbols as geometry: ITF bars and QR modules.

Both exist as SVG, for the HTML page, and as PDF path operators, for the stamped page; the shapes
are the same.
"""

from __future__ import annotations

from functools import lru_cache

import segno

from portal.boletos.model import InvalidBoleto

# Interleaved 2 of 5 (ISO/IEC 16390): five elements a digit, two of them wide (1).
_DIGITS = ("00110", "10001", "01001", "11000", "00101", "10100", "01100", "00011", "10010", "01010")
_WIDE = 3  # modules of a wide element; a narrow one has 1
_PAIR = 2 * (3 + 2 * _WIDE)  # modules of two digits
_PX = 0.75  # points of an SVG pixel in xhtml2pdf (96 to the inch)
BARCODE_MODULES = 4 + 22 * _PAIR + _WIDE + 2

Bar = tuple[int, int]  # first module, modules wide


@lru_cache(maxsize=100)
def _pair_bars(pair: str) -> tuple[Bar, ...]:
    """Bars of two digits: the first is in the bars, the second in the spaces between them."""
    bars, at = [], 0
    for bar, space in zip(_DIGITS[int(pair[0])], _DIGITS[int(pair[1])], strict=True):
        width = _WIDE if bar == "1" else 1
        bars.append((at, width))
        at += width + (_WIDE if space == "1" else 1)
    return tuple(bars)


def itf_bars(codigo_barras: str) -> list[Bar]:
    """The bars of 44 digits, in modules from the left edge of the first bar."""
    bars = [(0, 1), (2, 1)]
    at = 4
    for index in range(0, len(codigo_barras), 2):
        bars.extend((at + x, width) for x, width in _pair_bars(codigo_barras[index : index + 2]))
        at += _PAIR
    return [*bars, (at, _WIDE), (at + _WIDE + 1, 1)]


def qr_modules(payload: str) -> tuple[tuple[Bar, ...], ...]:
    """Rows of a QR code (level M, no margin): runs of dark modules."""
    rows = []
    for row in _qr_matrix(payload):
        runs: list[Bar] = []
        for x, dark in enumerate(row):
            if not dark:
                continue
            if runs and runs[-1][0] + runs[-1][1] == x:
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((x, 1))
        rows.append(tuple(runs))
    return tuple(rows)


def _qr_matrix(payload: str) -> tuple[bytearray, ...]:
    try:
        return segno.make_qr(payload, error="m").matrix
    except (ValueError, UnicodeError) as error:
        raise InvalidBoleto(
            "pix_payload", "O código Pix não cabe em um QR Code. Copie-o de novo do banco."
        ) from error


def barcode_svg(codigo_barras: str, width: float, height: float) -> str:
    """The barcode as SVG of `width` × `height` points."""
    width, height = width / _PX, height / _PX
    step = width / BARCODE_MODULES
    path = "".join(
        f"M{x * step:.5f} 0h{w * step:.5f}v{height:.3f}h{-w * step:.5f}z"
        for x, w in itf_bars(codigo_barras)
    )
    return _svg(path, width, height)


def qr_svg(payload: str, side: float) -> str:
    """The QR code as SVG, `side` points wide and high, without margin."""
    side /= _PX
    rows = qr_modules(payload)
    step = side / len(rows)
    path = "".join(
        f"M{x * step:.5f} {y * step:.5f}h{w * step:.5f}v{step:.5f}h{-w * step:.5f}z"
        for y, runs in enumerate(rows)
        for x, w in runs
    )
    return _svg(path, side, side)


def place_svg(colour: str, width: float, height: float) -> str:
    """A plain rectangle that holds the place of a symbol in a page being compiled."""
    width, height = width / _PX, height / _PX
    return _svg(f"M0 0h{width:.5f}v{height:.5f}h{-width:.5f}z", width, height, colour)


def _svg(path: str, width: float, height: float, colour: str = "#000000") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.5f}pt" height="{height:.5f}pt"'
        f' viewBox="0 0 {width:.5f} {height:.5f}"><path fill="{colour}" d="{path}"/></svg>'
    )
