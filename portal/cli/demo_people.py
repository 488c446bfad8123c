"""The clients of the demo company: invented names, documents made by the rule of their digits."""

from collections.abc import Iterator
from dataclasses import dataclass

from portal.core.text import fold

PEOPLE = """Adriana Meireles da Costa|Alexandre Tavares Rocha|Aline Figueiredo Pinto
André Luiz Barreto|Antônio Carlos Siqueira|Beatriz Camargo Nunes|Bruna Valença Prado
Caio Rezende Moura|Camila Antunes Freitas|Cláudia Borges Teixeira|Daniel Cordeiro Assis
Débora Lacerda Ramos|Eduardo Salgado Pires|Elaine Vasconcelos Melo|Fábio Guimarães Leite
Fernanda Quintana Reis|Gabriel Amaral Peixoto|Helena Brandão Lima|Igor Magalhães Duarte
Isabela Coutinho Farias|João Batista Araújo|José Ribamar Conceição|Juliana Prates Viana
Larissa Monteiro Góes|Leandro Bittencourt Sá|Luciana Sampaio Braga|Marcelo Fontes Aguiar
Maria das Graças Uchôa|Mônica Queiroz Bastos|Otávio Lins Carneiro|Patrícia Serpa Novaes
Rafael Toledo Marinho|Renata Furtado Macedo|Sebastião Paiva Rangel"""
FIRMS = (
    "Padaria São Benedito LTDA",
    "Mercado Flor do Campo LTDA",
    "Oficina Dois Irmãos ME",
    "Escola Caminho do Saber LTDA",
    "Farmácia Boa Esperança LTDA",
    "Pousada Serra Azul LTDA",
)
STREETS = ("Rua das Acácias", "Avenida do Café", "Rua Sete de Abril", "Travessa dos Ipês")
PLACES = (("Campinas", "13010"), ("Valinhos", "13270"), ("Vinhedo", "13280"), ("Sumaré", "13170"))
# By the client's number.
WITHOUT_EMAIL = {7, 23}
WITH_BAD_EMAIL = {18: "helena.lima.example.com"}  # the @ is missing
WITH_TWO_EMAILS = {35}
ON_PAPER = {5, 14, 31}
STATUS = {11: "suspended", 27: "suspended", 33: "cancelled"}


@dataclass(frozen=True, slots=True)
class Person:
    """A client to be, and what is peculiar about their contracts."""

    number: int
    name: str
    cpf_cnpj: str
    emails: str
    street: str
    city: str
    postal_code: str
    wants_paper: bool
    contract_status: str


def people() -> Iterator[Person]:
    """Forty clients, numbered from 1: people first, then firms."""
    names = [name.strip() for line in PEOPLE.splitlines() for name in line.split("|")]
    for number, name in enumerate([*names, *FIRMS], start=1):
        city, prefix = PLACES[number % len(PLACES)]
        yield Person(
            number=number,
            name=name,
            cpf_cnpj=_cnpj(number) if name in FIRMS else _cpf(number),
            emails=_emails(number, name),
            street=STREETS[number % len(STREETS)],
            city=city,
            postal_code=f"{prefix}{100 + number:03}",
            wants_paper=number in ON_PAPER,
            contract_status=STATUS.get(number, "active"),
        )


def with_check_digits(base: str, last_weight: int) -> str:
    """`base` with its two digits of modulo 11, weights 2 to `last_weight` from the right.

    The last weight is 11 for a CPF and 9 for a CNPJ, whose weights begin again (rule of the
    Receita Federal).
    """
    for _ in range(2):
        places = enumerate(reversed(base))
        total = sum(int(digit) * (2 + place % (last_weight - 1)) for place, digit in places)
        base += str(-total % 11 % 10)
    return base


def _cpf(number: int) -> str:
    return with_check_digits(f"{100_000_007 * (number % 8 + 1) + 7919 * number:09}"[:9], 11)


def _cnpj(number: int) -> str:
    return with_check_digits(f"{10_203_040 + 7919 * number:08}0001", 9)


def _emails(number: int, name: str) -> str:
    if number in WITHOUT_EMAIL:
        return ""
    if number in WITH_BAD_EMAIL:
        return WITH_BAD_EMAIL[number]
    words = fold(name).split()
    address = f"{words[0] if name in FIRMS else f'{words[0]}.{words[-1]}'}@example.com"
    return f"{address}; contas.{address}" if number in WITH_TWO_EMAILS else address
