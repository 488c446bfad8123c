"""The stages of handing one message to a mail server, in order, and what people call them."""

from enum import StrEnum


class Stage(StrEnum):
    """A failure names the stage that it stopped; a report names the stage that is done."""

    DNS = "dns"
    CONNECT = "connect"
    GREETING = "greeting"
    TLS = "tls"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"  # the body is handed over, up to and including the final dot
    ACCEPTED = "accepted"  # the server's answer to the final dot


LABELS: dict[Stage, str] = {
    Stage.DNS: "Endereço do servidor",
    Stage.CONNECT: "Conexão",
    Stage.GREETING: "Saudação do servidor",
    Stage.TLS: "TLS e certificado",
    Stage.LOGIN: "Login",
    Stage.MAIL: "Remetente",
    Stage.RCPT: "Destinatário",
    Stage.DATA: "Conteúdo entregue",
    Stage.ACCEPTED: "Confirmação do servidor",
}
BEFORE_SENDING = (Stage.DNS, Stage.CONNECT, Stage.GREETING, Stage.TLS, Stage.LOGIN)
SENDING = (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.ACCEPTED)


def order_of(security: str, *, sending: bool) -> tuple[Stage, ...]:
    """The stages of a connection, in the order in which they happen.

    With "ssl" the encryption comes before the server's first word. `sending` False stops
    after the login.
    """
    opening = list(BEFORE_SENDING)
    if security == "ssl":
        opening.remove(Stage.TLS)
        opening.insert(opening.index(Stage.GREETING), Stage.TLS)
    return (*opening, *(SENDING if sending else ()))
