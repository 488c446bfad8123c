"""One line of `portal boletos compute`: a JSON object in, a JSON object out, never an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from typing import Any

from portal.boletos.banks import bank
from portal.boletos.banks.base import Draft
from portal.boletos.barcode import build_codigo_barras, build_linha_digitavel, due_factor
from portal.boletos.compute import check_numero, check_valor
from portal.boletos.model import BankAccount, InvalidBoleto

_AMOUNT = re.compile(r"-?\d{1,20}(\.\d{1,6})?", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ACCOUNT_KEYS = tuple(field.name for field in fields(BankAccount) if field.name != "bank_code")
_LONGEST = 200  # characters of any one value


def compute_line(record: object) -> dict[str, Any]:
    """The input with `nosso_numero`, `campo_livre`, `codigo_barras` and `linha_digitavel`, or
    `{"id", "erro"}`.

    Names of the input are those of the vectors: `banco`, `agencia`, …, `numero`, `valor` ("40.00"),
    `vencimento` (ISO). Without an amount or a due date there is no barcode: `codigo_barras` and
    `linha_digitavel` are null, and the other two are still given where the bank's rule needs
    neither.
    """
    if not isinstance(record, dict):
        return {"id": None, "erro": "A linha não é um objeto JSON. Escreva um objeto por linha."}
    try:
        return {**record, **_compute(record)}
    except InvalidBoleto as error:
        return {"id": record.get("id"), "erro": str(error)}


def _compute(record: Mapping[str, Any]) -> dict[str, str | None]:
    found = bank(_text(record, "banco") or _text(record, "bank_code"))
    account = BankAccount(found.code, *(_text(record, key) for key in _ACCOUNT_KEYS))
    valor, due = _amount(record), _date(record, "vencimento")
    cents = None if valor is None else check_valor(valor)
    nosso_numero, campo_livre = found.numbers(
        account,
        Draft(
            numero=check_numero(_text(record, "numero")),
            cents=cents,
            vencimento=due,
            numero_documento=_text(record, "numero_documento"),
            data_documento=_date(record, "data_documento") or _date(record, "data_processamento"),
            ano=_text(record, "ano"),
            parcela=_text(record, "parcela"),
        ),
    )
    codigo = linha = None
    if cents is not None and due is not None:
        codigo = build_codigo_barras(found.code, due_factor(due), cents, campo_livre)
        linha = build_linha_digitavel(codigo)
    return {
        "nosso_numero": nosso_numero,
        "campo_livre": campo_livre,
        "codigo_barras": codigo,
        "linha_digitavel": linha,
    }


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        if key == "codigo_servico" and isinstance(value, bool):
            return "True" if value else ""
        raise InvalidBoleto(key, f"Campo “{key}”: escreva um texto entre aspas.")
    if (isinstance(value, int) and abs(value) >= 10**50) or len(str(value)) > _LONGEST:
        raise InvalidBoleto(key, f"Campo “{key}”: longo demais. Confira o valor.")
    return str(value)


def _amount(record: Mapping[str, Any]) -> Decimal | None:
    value = record.get("valor")
    if value is None or value == "":
        return None
    text = repr(value) if isinstance(value, float) else str(value).strip()
    plain = isinstance(value, (str, int, float)) and not isinstance(value, bool)
    if not plain or not _AMOUNT.fullmatch(text):
        raise InvalidBoleto(
            "valor", f"Valor “{text[:40]}”: escreva-o com ponto e centavos, como “40.00”."
        )
    return Decimal(text)


def _date(record: Mapping[str, Any], key: str) -> date | None:
    value = record.get(key)
    if value is None or value == "":
        return None
    try:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        shown = str(value)[:40] if isinstance(value, (str, float)) else key
        raise InvalidBoleto(
            key, f"Data “{shown}” em {key}: escreva uma data que exista, como “2026-12-10”."
        ) from None
