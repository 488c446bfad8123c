"""The Pix payload ("copia e cola") that a bank returns with a title: EMV text with a CRC16.

Source: Banco Central do Brasil, "Manual de padrões para iniciação do Pix".
"""

from __future__ import annotations

from portal.boletos.model import InvalidBoleto

LONGEST = 512


def check_pix_payload(payload: str) -> None:
    """Raises InvalidBoleto (`pix_payload`) unless this is a whole EMV payload with its CRC."""
    if len(payload) > LONGEST or not payload.isascii() or not payload.startswith("000201"):
        raise InvalidBoleto(
            "pix_payload",
            "O código Pix não é o “copia e cola” do banco. Copie-o inteiro do retorno do banco.",
        )
    body, crc = payload[:-4], payload[-4:]
    if not body.endswith("6304") or crc.upper() != f"{crc16(body):04X}":
        raise InvalidBoleto(
            "pix_payload",
            f"O código Pix termina em “{crc}”, que não confere. Copie-o de novo do retorno.",
        )


def crc16(text: str) -> int:
    """CRC-16/CCITT-FALSE of ASCII text."""
    crc = 0xFFFF
    for byte in text.encode("ascii"):
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
