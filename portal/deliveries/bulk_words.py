"""What the moves of many messages are called, and what a person is told before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.deliveries.bulk import RULES, Move
from portal.deliveries.cause_names import short
from portal.deliveries.forms import NOBODY, PERIODS, LogFilters
from portal.deliveries.labels import KINDS, STATES
from portal.deliveries.log_queries import Row, Total
from portal.deliveries.states import Kind
from portal.web.formatters import day, number


@dataclass(frozen=True, slots=True)
class Words:
    """`one` and `many` are the button with its number; `note` says what it means."""

    one: str
    many: str
    done_one: str
    done_many: str
    note: str
    warning: str = ""


WORDS: Mapping[Move, Words] = {
    Move.HOLD: Words(
        "Pausar o que espera",
        "Pausar os {n} que esperam",
        "1 e-mail pausado.",
        "{n} e-mails pausados.",
        "Ficam na fila e não saem até alguém retomar. O que está sendo enviado agora termina.",
    ),
    Move.RELEASE: Words(
        "Retomar o pausado",
        "Retomar os {n} pausados",
        "1 e-mail retomado.",
        "{n} e-mails retomados.",
        "Voltam a sair agora, no ritmo que os limites da conta deixam.",
    ),
    Move.CANCEL: Words(
        "Cancelar o que espera",
        "Cancelar os {n} que esperam",
        "1 e-mail cancelado.",
        "{n} e-mails cancelados.",
        "Saem da fila e não são enviados. O que está sendo enviado agora termina.",
        "Não há como desfazer: quem ainda precisa do boleto terá de recebê-lo por envio à mão.",
    ),
    Move.EXPIRE: Words(
        "Expirar o vencido",
        "Expirar os {n} vencidos",
        "1 e-mail expirado.",
        "{n} e-mails expirados.",
        "São os envios automáticos que ainda esperam e cujos boletos já venceram. Eles não saem "
        "mais; o que for preciso pode ser reenviado depois.",
    ),
    Move.RESEND: Words(
        "Reenviar o que falhou",
        "Reenviar os {n} que falharam",
        "1 e-mail está de novo na fila.",
        "{n} e-mails na fila de novo.",
        "Voltam à fila com os mesmos boletos, para o mesmo endereço de antes. Onde o cadastro do "
        "cliente mudou, envie o boleto à mão: ele vai para o endereço novo.",
    ),
    Move.RESEND_EXPIRED: Words(
        "Reenviar o expirado",
        "Reenviar os {n} expirados",
        "1 e-mail está de novo na fila.",
        "{n} e-mails na fila de novo.",
        "Voltam à fila com os mesmos boletos, mesmo que já tenham vencido.",
    ),
    Move.DELIVERED: Words(
        "Marcar o incerto como entregue",
        "Marcar os {n} incertos como entregues",
        "1 e-mail marcado como entregue.",
        "{n} e-mails marcados como entregues.",
        "O estado passa a Enviado, com o seu nome. Faça isso quando você sabe que chegaram: pelo "
        "painel do provedor ou pelos clientes.",
    ),
    Move.RESEND_UNCERTAIN: Words(
        "Reenviar o incerto",
        "Reenviar os {n} incertos",
        "1 e-mail incerto está de novo na fila.",
        "{n} e-mails incertos na fila de novo.",
        "Voltam à fila e são enviados outra vez.",
        "O servidor não confirmou, e estas mensagens podem ter chegado: cada cliente pode "
        "recebê-la duas vezes. Só reenvie se o painel do provedor mostra que não saíram.",
    ),
}


# As the log offers them: first what can be undone.
ORDER = (
    Move.RELEASE,
    Move.HOLD,
    Move.CANCEL,
    Move.EXPIRE,
    Move.RESEND,
    Move.RESEND_EXPIRED,
    Move.DELIVERED,
    Move.RESEND_UNCERTAIN,
)


MARKED = (
    Move.CANCEL,
    Move.RESEND,
    Move.RESEND_EXPIRED,
    Move.DELIVERED,
    Move.RESEND_UNCERTAIN,
)


def offered(totals: Mapping[Move, Total]) -> list[tuple[str, str]]:
    """(move, text of its button) of every move that concerns at least one message."""
    return [
        (move.value, button(move, None if total.more else total.count))
        for move in ORDER
        if (total := totals.get(move)) and (total.count or total.more)
    ]


def for_marked(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(move, text of its button) of what is possible with one of the rows, once it is marked."""
    states = {row.message.state for row in rows if row.message.kind != Kind.TEST}
    return [(move.value, button(move, None)) for move in MARKED if RULES[move].before in states]


def button(move: Move, count: int | None) -> str:
    """`Cancelar os 120 que esperam`; without the number where nobody counted them."""
    words = WORDS[move]
    if count is None:
        return words.many.replace(" {n}", "")
    return words.one if count == 1 else words.many.format(n=number(count))


def done(move: Move, count: int) -> str:
    """`120 e-mails cancelados.`"""
    words = WORDS[move]
    return words.done_one if count == 1 else words.done_many.format(n=number(count))


def described(filters: LogFilters, names: Mapping[str, str] | None = None) -> str:
    """The selection in words: `Filtros: geração nº 12; estado Na fila.`

    `names` may give the names of account (`conta`) and user (`usuario`).
    """
    parts = _parts(filters, names or {})
    return f"Filtros: {'; '.join(parts)}." if parts else "Sem filtro: o log inteiro."


def _parts(filters: LogFilters, names: Mapping[str, str]) -> list[str]:
    user = "linha de comando" if filters.user_id == NOBODY else f"nº {filters.user_id}"
    marked = len(filters.ids)
    found: list[tuple[str, object]] = [
        (f"{marked} {'marcado' if marked == 1 else 'marcados'} no log", filters.ids),
        (f"geração nº {filters.generation_id}", filters.generation_id),
        ("um envio à mão", filters.batch),
        (f"estado {STATES[filters.state].text if filters.state else ''}", filters.state),
        (f"causa {short(filters.cause)}", filters.cause),
        (f"origem {KINDS[filters.kind] if filters.kind else ''}", filters.kind),
        (f"conta {names.get('conta') or f'nº {filters.account_id}'}", filters.account_id),
        (f"usuário {names.get('usuario') or user}", filters.user_id is not None),
        (f"período {PERIODS[filters.period][0] if filters.period else ''}", filters.period),
        (f"de {day(filters.since)}", filters.since),
        (f"até {day(filters.until)}", filters.until),
        (f"texto “{filters.text}”", filters.text),
        (f"cliente nº {filters.client_id}", filters.client_id),
    ]
    return [text for text, given in found if given]
