"""What each place of a page says for one slip: texts by name, in pt-BR."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from portal.boletos.banks import bank
from portal.boletos.model import BankAccount, Party, Slip
from portal.boletos.page.text import REGULAR, printable, shorten, text_width, wrap

MM = 72 / 25.4

# Texts that are the same for all boletos of a wallet; they are laid out with the page.
STATIC = (
    "banco_nome",
    "banco_codigo",
    "local_pagamento",
    "beneficiario_nome",
    "beneficiario_doc",
    "beneficiario_nome_doc",
    "beneficiario_completo",
    "beneficiario_endereco",
    "agencia_codigo",
    "carteira",
    "especie",
    "aceite",
    "moeda",
)
# Paragraphs are broken into lines here: name, lines, size in points, width in mm.
_PARAGRAPHS = (("instrucoes", 8, 7.5, 137.0), ("resumo", 6, 7.0, 102.0))
_DEMONSTRATIVE = ("demonstrativo", 24, 7.5, 146.0)
_NAME_AND_DOCUMENT_MM, _COMPLETE_MM = 101.0, 137.0
_SHORT = 34  # letters of 8 points that fit in the narrower of the two, however wide they are


@dataclass(frozen=True, slots=True)
class Constant:
    """What does not change from one boleto of a wallet to the next; the key of a compiled page."""

    texts: tuple[str, ...]
    logo_png: bytes
    has_pix: bool


def constant(slip: Slip) -> Constant:
    """The texts of `STATIC`, in order, the logo, and whether there is a QR code."""
    texts = _fixed(slip.account, slip.beneficiario, slip.local_pagamento, slip.especie, slip.aceite)
    return Constant(texts, slip.logo_png, bool(slip.pix_payload))


@lru_cache(maxsize=256)
def _fixed(
    account: BankAccount, who: Party, local_pagamento: str, especie: str, aceite: str
) -> tuple[str, ...]:
    found = bank(account.bank_code)
    texts = (
        found.name,
        f"{found.code}-{found.code_dv}",
        local_pagamento,
        who.name,
        _document(who),
        _name_and_document(who, _NAME_AND_DOCUMENT_MM),
        _name_and_document(who, _COMPLETE_MM),
        address(who),
        found.agencia_codigo(account),
        found.carteira_printed(account),
        especie,
        aceite,
        "R$",
    )
    return tuple(map(printable, texts))


def variable(slip: Slip) -> dict[str, str]:
    """The texts that change from boleto to boleto, by name."""
    numbers, pagador = slip.numbers, slip.pagador
    sacador = _name_and_document(slip.sacador, _COMPLETE_MM)
    complete = _name_and_document(pagador, _COMPLETE_MM)
    return {
        "linha_digitavel": numbers.linha_digitavel,
        "nosso_numero": numbers.nosso_numero,
        "vencimento": day(slip.vencimento),
        "data_documento": day(slip.data_documento),
        "data_processamento": day(slip.data_processamento),
        "numero_documento": printable(slip.numero_documento),
        "valor": money(slip.valor),
        "pagador_nome": printable(pagador.name),
        "pagador_doc": printable(_document(pagador)),
        "pagador_completo": complete,
        "pagador_nome_doc": (
            complete
            if len(complete) <= _SHORT
            else _name_and_document(pagador, _NAME_AND_DOCUMENT_MM)
        ),
        "pagador_endereco": printable(address(pagador)),
        "sacador_avalista": f"Sacador/Avalista: {sacador}",
        **_lines(slip.instructions, _PARAGRAPHS),
        **_lines(slip.demonstrativo, (_DEMONSTRATIVE,)),
    }


@lru_cache(maxsize=1024)
def _lines(
    paragraphs: tuple[str, ...], boxes: tuple[tuple[str, int, float, float], ...]
) -> dict[str, str]:
    """Paragraphs in lines `name1`…`nameN` of each box; what does not fit ends with an ellipsis."""
    texts: dict[str, str] = {}
    for name, count, size, width in boxes:
        lines: list[str] = []
        for paragraph in paragraphs[: count + 1]:
            lines.extend(wrap(printable(paragraph), REGULAR, size, width * MM))
        if len(lines) > count:
            lines[count - 1] = shorten(
                f"{lines[count - 1]} {lines[count]} {'.' * 200}", REGULAR, size, width * MM
            )
        for number in range(1, count + 1):
            texts[f"{name}{number}"] = lines[number - 1] if number <= len(lines) else ""
    return texts


def day(value: date) -> str:
    """`10/12/2026`."""
    return f"{value.day:02d}/{value.month:02d}/{value.year:04d}"


def money(value: Decimal) -> str:
    """`R$ 1.234,56`."""
    text = f"{value:,.2f}"
    return "R$ " + text.replace(",", " ").replace(".", ",").replace(" ", ".")


def format_cpf_cnpj(text: str) -> str:
    """`123.456.789-09` or `12.ABC.345/01DE-35`; anything else as it is."""
    plain = "".join(ch for ch in text if ch.isalnum()).upper()
    if len(plain) == 11 and plain.isdigit():
        return f"{plain[:3]}.{plain[3:6]}.{plain[6:9]}-{plain[9:]}"
    if len(plain) == 14:
        return f"{plain[:2]}.{plain[2:5]}.{plain[5:8]}/{plain[8:12]}-{plain[12:]}"
    return text


def _document(party: Party) -> str:
    document = format_cpf_cnpj(party.cpf_cnpj)
    kind = "CPF" if len(document) == 14 else "CNPJ"
    return f"{kind} {document}" if document else ""


def _name_and_document(party: Party, width: float) -> str:
    """The name and the document, the name cut so that the document is seen within `width` mm."""
    name, document = printable(party.name), printable(_document(party))
    if not document:
        return name
    tail = f" - {document}"
    if len(name) > _SHORT - len(tail):
        name = shorten(name, REGULAR, 8, width * MM - text_width(tail, REGULAR, 8))
    return name + tail


def address(party: Party) -> str:
    """Street, district, city/state and postal code in one line."""
    place = f"{party.city}/{party.state}".strip("/")
    parts = [party.address, party.district, place]
    postal = party.postal_code.strip()
    if len(postal) == 8 and postal.isdigit():
        postal = f"{postal[:5]}-{postal[5:]}"
    if postal:
        parts.append(f"CEP {postal}")
    return " - ".join(part.strip() for part in parts if part.strip())
