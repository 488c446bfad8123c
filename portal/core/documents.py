"""CPF and CNPJ: the payer's document, checked by its digits."""

import re

from stdnum.br import cnpj, cpf
from stdnum.exceptions import ValidationError

from portal.core.errors import InvalidValue
from portal.core.text import one_line

_PUNCTUATION = str.maketrans("", "", " .-/")
_CPF = re.compile(r"[0-9]{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")


def parse_cpf_cnpj(text: str, field: str = "cpf_cnpj") -> str:
    """The document as it is stored: upper case, without punctuation (11 or 14 characters).

    A CNPJ may hold letters in its first twelve places: each counts as its ASCII code minus 48
    in the usual modulo 11 (Instrução Normativa RFB 2.229/2024). Raises InvalidValue when the
    length, a character or a check digit is wrong, or when all the digits are the same.
    """
    line = one_line(text)
    shown, number = line[:30], line.translate(_PUNCTUATION).upper()
    if not number:
        raise InvalidValue(field, "Informe o CPF ou o CNPJ.")
    if _CPF.fullmatch(number):
        kind, valid = "CPF", _is_valid(cpf, number)
    elif _CNPJ.fullmatch(number):
        kind, valid = "CNPJ", _is_valid(cnpj, number)
    else:
        raise InvalidValue(field, _shape_message(shown, number))
    if not valid or len(set(number)) == 1:
        raise InvalidValue(field, f"{kind} “{shown}” tem dígito verificador errado: confira-o.")
    return number


def _is_valid(kind: object, number: str) -> bool:
    try:
        kind.validate(number)  # type: ignore[attr-defined]
    except ValidationError:
        return False
    return True


def _shape_message(shown: str, number: str) -> str:
    if number.isascii() and number.isdigit():
        return (
            f"“{shown}” tem {len(number)} dígitos: um CPF tem 11 e um CNPJ tem 14. "
            "Se vieram de uma planilha, confira os zeros à esquerda."
        )
    return f"“{shown}” não é um CPF (11 dígitos) nem um CNPJ (14 caracteres)."
