"""The proxy in front: who is asking, where a proxy of ours says so.

Without it every visitor has the proxy's own address, and one who guesses passwords keeps all
others out. What anybody else says in the same headers is not looked at.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.core.config import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class TrustedProxies:
    """Takes address and scheme from the last hop's headers, if the connection is a proxy's."""

    def __init__(
        self, app: "WSGIApplication", networks: Iterable[IPv4Network | IPv6Network]
    ) -> None:
        self._plain, self._fixed = app, ProxyFix(app, x_for=1, x_proto=1)
        self._networks = tuple(networks)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        app = self._fixed if self._trusts(environ.get("REMOTE_ADDR", "")) else self._plain
        return app(environ, start_response)

    def _trusts(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:  # a UNIX socket has none
            return False
        return any(address in network for network in self._networks)


def install(app: Flask) -> None:
    """Believe the proxies of PORTAL_TRUSTED_PROXIES; by default there are none."""
    settings: Settings = app.config["SETTINGS"]
    networks = [ip_network(name) for name in settings.trusted_proxies]
    if networks:
        app.wsgi_app = TrustedProxies(app.wsgi_app, networks)  # type: ignore[method-assign]
