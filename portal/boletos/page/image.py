"""The company's logo: a PNG, checked before it is printed."""

from __future__ import annotations

import io

from PIL import Image

from portal.boletos.model import InvalidBoleto

MAX_BYTES = 512 * 1024
MAX_SIDE = 2000  # pixels
_MAGIC = b"\x89PNG\r\n\x1a\n"


def check_logo(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG in pixels. Raises InvalidBoleto (`logo_png`) for anything else."""
    if not content.startswith(_MAGIC):
        raise InvalidBoleto("logo_png", "O logotipo não é uma imagem PNG. Envie um arquivo .png.")
    if len(content) > MAX_BYTES:
        raise InvalidBoleto(
            "logo_png",
            f"Logotipo com {len(content) // 1024} KB: o limite é {MAX_BYTES // 1024} KB."
            " Envie uma imagem menor.",
        )
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            width, height = image.size
            if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
                raise InvalidBoleto(
                    "logo_png",
                    f"Logotipo de {width} × {height} pontos: o limite é {MAX_SIDE} de cada lado."
                    " Reduza a imagem.",
                )
            image.load()
    except InvalidBoleto:
        raise
    except Exception as error:  # Pillow raises many kinds for a broken file
        raise InvalidBoleto(
            "logo_png", "O arquivo do logotipo está danificado. Salve-o de novo como PNG."
        ) from error
    return width, height


def fit_png(content: bytes, width: float, height: float) -> tuple[float, float]:
    """The size of a PNG scaled into a box, in the box's unit. Raises InvalidBoleto."""
    wide, high = check_logo(content)
    scale = min(width / wide, height / high)
    return wide * scale, high * scale
