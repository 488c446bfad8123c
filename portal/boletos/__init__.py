"""Boletos: the numbers of every bank, and the page that is printed.

A pure library: it knows no database, no web request and no clock. Facts and choices are in the
docstrings of `portal.boletos.banks`.
"""

from portal.boletos.banks import Bank, FieldSpec, bank, banks
from portal.boletos.barcode import Decoded, due_date, due_factor, parse_codigo_barras, parse_linha
from portal.boletos.compute import compute
from portal.boletos.lines import compute_line
from portal.boletos.model import BankAccount, InvalidBoleto, Numbers, Party, Slip, Title
from portal.boletos.page.engine import RenderFailed
from portal.boletos.page.image import check_logo
from portal.boletos.pdf import render_direct, render_pdf
from portal.boletos.pix import check_pix_payload

__all__ = [
    "Bank",
    "BankAccount",
    "Decoded",
    "FieldSpec",
    "InvalidBoleto",
    "Numbers",
    "Party",
    "RenderFailed",
    "Slip",
    "Title",
    "bank",
    "banks",
    "check_logo",
    "check_pix_payload",
    "compute",
    "compute_line",
    "due_date",
    "due_factor",
    "parse_codigo_barras",
    "parse_linha",
    "render_direct",
    "render_pdf",
]
