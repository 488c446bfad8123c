"""From slips to the HTML of a page: with its texts, or with marks where the texts will be stamped.

The templates are in `templates/boletos/`. A template asks a `Strip` for each text, with the room
it has, so the same cut is made in both ways.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from portal.boletos.model import Slip
from portal.boletos.page import symbols
from portal.boletos.page.content import MM, STATIC, Constant, constant, variable
from portal.boletos.page.image import fit_png
from portal.boletos.page.text import BOLD, MARK, REGULAR, shorten

TEMPLATES = Path(__file__).parents[3] / "templates" / "boletos"
PER_PAGE = {"ficha": 1, "carne": 3}  # slips on a page, by layout
SYMBOLS = {"barcode": "#ff00{:02x}", "qr": "#00ff{:02x}"}  # colours that mark them, by strip


@dataclass(frozen=True, slots=True)
class Place:
    """A text of slip `strip` (on its page) that fits in `width` points."""

    strip: int
    name: str
    font: str
    width: float
    align: str


class Strip:
    """What the template prints for one slip: everything, in the direct way."""

    def __init__(self, fixed: Constant, texts: dict[str, str], codes: tuple[str, str]) -> None:
        self._fixed = fixed
        self._texts = dict(zip(STATIC, fixed.texts, strict=True)) | texts
        self._codigo_barras, self._pix = codes
        self.has_pix, self.has_logo = fixed.has_pix, bool(fixed.logo_png)

    def text(
        self, name: str, width: float, size: float = 8, bold: bool = False, align: str = "left"
    ) -> Markup:
        """The text `name` as a block, cut to `width` mm at `size` points."""
        font = BOLD if bold else REGULAR
        text = shorten(self._texts[name], font, size, width * MM)
        return _block(text, size, bold, align)

    def logo(self, width: float, height: float) -> Markup:
        """The company's logo in a box of `width` × `height` mm, or nothing."""
        if not self._fixed.logo_png:
            return Markup("&nbsp;")
        wide, high = fit_png(self._fixed.logo_png, width * MM, height * MM)
        return _image("image/png", self._fixed.logo_png, wide, high)

    def barcode(self, width: float, height: float) -> Markup:
        """The barcode, `width` × `height` mm."""
        return _svg(symbols.barcode_svg(self._codigo_barras, width * MM, height * MM))

    def qr(self, side: float) -> Markup:
        """The QR code of the Pix payload, `side` mm."""
        return _svg(symbols.qr_svg(self._pix, side * MM))


class MarkedStrip(Strip):
    """The same slip with marks: `places` grows by one for each text that changes."""

    def __init__(self, fixed: Constant, index: int, places: list[Place]) -> None:
        super().__init__(fixed, {}, ("", ""))
        self._index = index
        self._places = places

    def text(
        self, name: str, width: float, size: float = 8, bold: bool = False, align: str = "left"
    ) -> Markup:
        if name in STATIC:
            return super().text(name, width, size, bold, align)
        number = len(self._places)
        font = BOLD if bold else REGULAR
        self._places.append(Place(self._index, name, font, width * MM, align))
        return _block(f"{MARK}{number}{MARK}", size, bold, align)

    def barcode(self, width: float, height: float) -> Markup:
        return _svg(
            symbols.place_svg(SYMBOLS["barcode"].format(self._index), width * MM, height * MM)
        )

    def qr(self, side: float) -> Markup:
        return _svg(symbols.place_svg(SYMBOLS["qr"].format(self._index), side * MM, side * MM))


def direct_html(slips: Sequence[Slip], layout: str) -> str:
    """The page or pages of slips, complete."""
    strips = [
        Strip(constant(slip), variable(slip), (slip.numbers.codigo_barras, slip.pix_payload))
        for slip in slips
    ]
    return environment().get_template(f"{layout}.html").render(slips=strips)


def marked_html(fixed: Sequence[Constant], layout: str) -> tuple[str, list[Place]]:
    """One page with marks, and the places that the marks number."""
    places: list[Place] = []
    strips = [MarkedStrip(one, index, places) for index, one in enumerate(fixed)]
    return environment().get_template(f"{layout}.html").render(slips=strips), places


@cache
def environment() -> Environment:
    """The library's own templates: escaped, and an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _block(text: str, size: float, bold: bool, align: str) -> Markup:
    shown = escape(text) if text else Markup("&nbsp;")
    if bold:
        shown = Markup("<b>{}</b>").format(shown)
    return Markup('<div class="{}" style="font-size:{:g}pt">{}</div>').format(align, size, shown)


def _svg(svg: str) -> Markup:
    data = base64.b64encode(svg.encode()).decode()
    return Markup('<img src="data:image/svg+xml;base64,{}" />').format(data)


def _image(kind: str, content: bytes, width: float, height: float) -> Markup:
    data = base64.b64encode(content).decode()
    return Markup('<img src="data:{};base64,{}" style="width:{:.2f}pt; height:{:.2f}pt" />').format(
        kind, data, width, height
    )


def fingerprint() -> tuple[object, ...]:
    """Changes when a template does."""
    files = sorted(TEMPLATES.iterdir())
    return tuple((file.name, file.stat().st_mtime_ns, file.stat().st_size) for file in files)
