"""Where a webhook may point: https, and never the inside of a network.

Before the portal has public names (a developer's machine), this machine itself may be called too,
and without encryption.
"""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from portal.core.addresses import Address, is_public, literal, look_up, unwrapped

MAX_URL = 500
MAX_ADDRESSES = 3  # tried one after the other
DNS_TIMEOUT = 5.0  # seconds
PORTS = {"https": 443, "http": 80}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
EXAMPLE = "https://sistema.exemplo.com/pontual"


class Refused(Exception):
    """The address must not be called; the text says why, in pt-BR."""


@dataclass(frozen=True, slots=True)
class Target:
    """A checked webhook: connect to these addresses only, in this order."""

    parts: SplitResult
    addresses: tuple[Address, ...]

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self.parts.port or PORTS[self.parts.scheme]

    @property
    def path(self) -> str:
        """Path and query, as a request line has them."""
        query = f"?{self.parts.query}" if self.parts.query else ""
        return (self.parts.path or "/") + query


def url_problem(url: str, *, production: bool) -> str | None:
    """Why `url` cannot be a webhook, with the cure; None if it can. Asks no name server."""
    if len(url) > MAX_URL:
        return f"O endereço é longo demais (máximo {MAX_URL} caracteres)."
    parts = _parts(url)
    if parts is None:
        return f"Informe o endereço completo, por exemplo {EXAMPLE}."
    if "@" in parts.netloc:
        return "Tire usuário e senha do endereço: a assinatura de cada chamada já prova quem chama."
    if production and parts.scheme != "https":
        return "Use https://: sem criptografia os dados dos clientes ficariam à vista."
    address = unwrapped(parts.hostname or "")
    if address is not None and not _may_call(address, production):
        return "Este endereço é de dentro de uma rede. Informe um endereço da internet."
    return None


def without_query(url: str) -> str:
    """The address as the audit trail keeps it: a query often holds a key of the receiver's."""
    return url.partition("?")[0]


def find(url: str, *, production: bool) -> Target:
    """The addresses of `url` that may be called. Raises Refused, OSError and TimeoutError."""
    problem = url_problem(url, production=production)
    if problem:
        raise Refused(problem)
    parts = urlsplit(url)
    found = look_up(parts.hostname or "", DNS_TIMEOUT)
    addresses = [address for address in map(unwrapped, found) if address is not None]
    allowed = [address for address in addresses if _may_call(address, production)]
    if parts.scheme == "http":  # only this machine is spoken to in clear
        allowed = [address for address in allowed if address.is_loopback]
    if not allowed:
        raise Refused("O nome deste endereço leva para dentro de uma rede: não chamamos.")
    return Target(parts, tuple(dict.fromkeys(allowed))[:MAX_ADDRESSES])


def _may_call(address: Address, production: bool) -> bool:
    return is_public(address) or (address.is_loopback and not production)


def _parts(url: str) -> SplitResult | None:
    if not (url.isascii() and url.isprintable()) or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    named = literal(host) is not None or all(map(_LABEL.fullmatch, host.rstrip(".").split(".")))
    fine = parts.scheme in PORTS and named and port != 0 and not parts.fragment
    return parts if fine else None
