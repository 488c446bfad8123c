"""How the facts of a message read in pt-BR."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from portal.core.clock import MONTH_NAMES
from portal.core.money import format_amount

MORNING, AFTERNOON, EVENING = range(5, 12), range(12, 18), "Boa noite"
_PARTICLES = {"da", "das", "de", "do", "dos", "e"}
_COMPANY = re.compile(
    r"(?i)\b(ltda|me|epp|mei|eireli|s\.?/?a\.?|cia|associa[cç][aã]o|condom[ií]nio|igreja|"
    r"prefeitura|com[eé]rcio|servi[cç]os|telecom\w*|empreendimentos)(?!\w)"
)
_ENDINGS = {"LTDA", "ME", "EPP", "MEI", "EIRELI", "SA", "S.A", "S.A.", "S/A"}
# Control, surrogate, private and unassigned characters, and the separators that break lines.
_UNPRINTABLE = {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"}


def clean_line(text: str) -> str:
    """One line without control characters, lone surrogates or repeated spaces."""
    if text.isprintable():
        return " ".join(text.split())
    kept = (" " if unicodedata.category(char) in _UNPRINTABLE else char for char in text)
    return " ".join("".join(kept).split())


def clean_text(text: str) -> str:
    """Text of many lines, ended by line feeds, without other control characters."""
    text = re.sub("\r\n|[\r\v\f\x85\u2028\u2029]", "\n", text)
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text  # nearly always: far quicker than a look at each character
    return "".join(
        char for char in text if char in "\n\t" or unicodedata.category(char) not in _UNPRINTABLE
    )


def greeting(hour: int) -> str:
    """ "Bom dia", "Boa tarde" or "Boa noite" at this hour (0 to 23)."""
    if hour in MORNING:
        return "Bom dia"
    return "Boa tarde" if hour in AFTERNOON else EVENING


def first_name(name: str, cpf_cnpj: str) -> str:
    """A person's first name; a company keeps its whole name. SHOUTED names are calmed."""
    words = calm(clean_line(name)).split()
    is_company = len(cpf_cnpj) == 14 or _COMPANY.search(name) is not None
    return " ".join(words if is_company else words[:1])


def calm(name: str) -> str:
    """ "MARIA DA SILVA ME" as "Maria da Silva ME"; a name that mixes cases stays as it is."""
    if not (name.isupper() or name.islower()):
        return name
    return " ".join(_calm_word(word, first=index == 0) for index, word in enumerate(name.split()))


def masked_document(cpf_cnpj: str) -> str:
    """`***.456.789-**` or `**.222.333/****-**`: enough to recognise, not to abuse."""
    if len(cpf_cnpj) == 11:
        return f"***.{cpf_cnpj[3:6]}.{cpf_cnpj[6:9]}-**"
    if len(cpf_cnpj) == 14:
        return f"**.{cpf_cnpj[2:5]}.{cpf_cnpj[5:8]}/****-**"
    return ""


def document(cpf_cnpj: str) -> str:
    """`11.222.333/0001-81` or `123.456.789-09`."""
    if len(cpf_cnpj) == 14:
        root = f"{cpf_cnpj[:2]}.{cpf_cnpj[2:5]}.{cpf_cnpj[5:8]}"
        return f"{root}/{cpf_cnpj[8:12]}-{cpf_cnpj[12:]}"
    if len(cpf_cnpj) == 11:
        return f"{cpf_cnpj[:3]}.{cpf_cnpj[3:6]}.{cpf_cnpj[6:9]}-{cpf_cnpj[9:]}"
    return cpf_cnpj


def day(value: date) -> str:
    """`10/12/2026`."""
    return f"{value.day:02}/{value.month:02}/{value.year:04}"


def month(value: date) -> str:
    """`dezembro de 2026`."""
    return f"{MONTH_NAMES[value.month - 1]} de {value.year}"


def money(amount: Decimal) -> str:
    """`R$ 1.234,56`."""
    return f"R$ {format_amount(amount)}"


def situation(due_date: date, today: date) -> str:
    """ "vence em 10/12/2026", "vence hoje (…)" or "venceu em 10/11/2026"."""
    if due_date == today:
        return f"vence hoje ({day(due_date)})"
    return f"{'vence' if due_date > today else 'venceu'} em {day(due_date)}"


def listed(items: Iterable[str]) -> str:
    """ "101, 102 e 103", each once, in the order given."""
    names = list(dict.fromkeys(item for item in items if item))
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} e {names[-1]}"


def _calm_word(word: str, *, first: bool) -> str:
    if word.upper() in _ENDINGS:
        return word.upper()
    if word.lower() in _PARTICLES and not first:
        return word.lower()
    return "-".join(part.capitalize() for part in word.split("-"))
