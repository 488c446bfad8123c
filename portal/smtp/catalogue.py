"""The variables that a message may use: what each is called, what it shows, an example.

This list is the allow-list: nothing else is ever replaced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from portal.smtp import titles_table, wording
from portal.smtp.facts import MessageFacts, TitleFacts

Value = Callable[[MessageFacts], str]


@dataclass(frozen=True, slots=True)
class Variable:
    """`#name#` in a message. `html` is set where the HTML part has a form of its own."""

    name: str
    group: str
    label: str
    example: str
    value: Value
    html: Value | None = None

    @property
    def token(self) -> str:
        return f"#{self.name}#"


def _title(show: Callable[[TitleFacts], str]) -> Value:
    """A value of the first title to fall due; nothing where a message has none."""

    def value(facts: MessageFacts) -> str:
        first = facts.first_title
        return show(first) if first else ""

    return value


def _situation(facts: MessageFacts) -> str:
    first = facts.first_title
    return wording.situation(first.due_date, facts.today) if first else ""


def _total(facts: MessageFacts) -> str:
    return wording.money(sum((title.amount for title in facts.titles), Decimal(0)))


def _address(facts: MessageFacts) -> str:
    return facts.client.address


CLIENT, CONTRACT, TITLE = "Cliente", "Contrato", "Boleto"
TITLES, COMPANY, DATES = "Vários boletos", "Empresa", "Datas"
GROUPS = (CLIENT, CONTRACT, TITLE, TITLES, COMPANY, DATES)
TABLE_EXAMPLE = "tabela com vencimento, valor e linha digitável de cada boleto"
DIGITS_EXAMPLE = "34191.79001 01043.510047 91020.150008 6 99990000011990"

CATALOGUE: tuple[Variable, ...] = (
    Variable(
        "saudacao",
        CLIENT,
        "Saudação conforme a hora do envio",
        "Bom dia",
        lambda f: wording.greeting(f.hour),
    ),
    Variable(
        "cliente_nome", CLIENT, "Nome ou razão social", "Maria da Silva", lambda f: f.client.name
    ),
    Variable(
        "cliente_primeiro_nome",
        CLIENT,
        "Primeiro nome (empresa: o nome todo)",
        "Maria",
        lambda f: wording.first_name(f.client.name, f.client.cpf_cnpj),
    ),
    Variable(
        "cliente_cpf_cnpj",
        CLIENT,
        "CPF ou CNPJ, em parte oculto",
        "***.456.789-**",
        lambda f: wording.masked_document(f.client.cpf_cnpj),
    ),
    Variable(
        "cliente_endereco",
        CLIENT,
        "Endereço em uma linha",
        "Rua das Flores, 10, Centro, Campinas - SP",
        _address,
    ),
    Variable(
        "contrato_numero",
        CONTRACT,
        "Número do contrato (vários: todos)",
        "1042",
        lambda f: wording.listed(contract.number for contract in f.contracts),
    ),
    Variable(
        "contrato_plano",
        CONTRACT,
        "Plano contratado",
        "FIBRA 300M",
        lambda f: wording.listed(contract.plan for contract in f.contracts),
    ),
    Variable("boleto_numero", TITLE, "Número do título", "20417", _title(lambda t: t.number)),
    Variable(
        "boleto_nosso_numero",
        TITLE,
        "Nosso número no banco",
        "109/00020417-3",
        _title(lambda t: t.nosso_numero),
    ),
    Variable(
        "boleto_valor", TITLE, "Valor", "R$ 119,90", _title(lambda t: wording.money(t.amount))
    ),
    Variable(
        "boleto_valor_atualizado",
        TITLE,
        "Valor no dia do envio: vencido, com multa e juros",
        "R$ 122,38",
        _title(lambda t: wording.money(t.to_pay)),
    ),
    Variable(
        "boleto_vencimento",
        TITLE,
        "Data de vencimento",
        "10/12/2026",
        _title(lambda t: wording.day(t.due_date)),
    ),
    Variable(
        "boleto_competencia",
        TITLE,
        "Mês a que se refere",
        "dezembro de 2026",
        _title(lambda t: wording.month(t.competence) if t.competence else ""),
    ),
    Variable(
        "boleto_linha_digitavel",
        TITLE,
        "Linha digitável",
        DIGITS_EXAMPLE,
        _title(lambda t: t.linha_digitavel),
    ),
    Variable(
        "boleto_situacao",
        TITLE,
        "Situação: vence em, vence hoje ou venceu em",
        "vence em 10/12/2026",
        _situation,
    ),
    Variable(
        "boletos_quantidade",
        TITLES,
        "Quantos boletos a mensagem leva",
        "2",
        lambda f: str(len(f.titles)),
    ),
    Variable("boletos_total", TITLES, "Soma dos valores", "R$ 239,80", _total),
    Variable(
        "boletos_total_atualizado",
        TITLES,
        "Soma no dia do envio: vencidos, com multa e juros",
        "R$ 242,28",
        lambda f: wording.money(sum((title.to_pay for title in f.titles), Decimal(0))),
    ),
    Variable(
        "boletos_tabela",
        TITLES,
        "Lista de todos os boletos",
        TABLE_EXAMPLE,
        titles_table.as_text,
        html=titles_table.as_html,
    ),
    Variable(
        "empresa_nome", COMPANY, "Nome da empresa", "Rede Exemplo LTDA", lambda f: f.company.name
    ),
    Variable(
        "empresa_cnpj",
        COMPANY,
        "CNPJ da empresa",
        "11.222.333/0001-81",
        lambda f: wording.document(f.company.cnpj),
    ),
    Variable(
        "empresa_telefone",
        COMPANY,
        "Telefone da empresa",
        "(11) 4000-0000",
        lambda f: f.company.phone,
    ),
    Variable(
        "empresa_email",
        COMPANY,
        "E-mail da empresa",
        "financeiro@example.com",
        lambda f: f.company.email,
    ),
    Variable("data_hoje", DATES, "Data do envio", "01/12/2026", lambda f: wording.day(f.today)),
)
BY_NAME = {variable.name: variable for variable in CATALOGUE}
# Replaced by whole blocks: in HTML outside of paragraphs, in text on lines of their own.
BLOCKS = frozenset(variable.name for variable in CATALOGUE if variable.html)


def grouped() -> list[tuple[str, list[Variable]]]:
    """The catalogue as the screen shows it: groups in order, each with its variables."""
    return [(group, [item for item in CATALOGUE if item.group == group]) for group in GROUPS]
