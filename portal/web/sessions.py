"""The session cookie: signed, twelve hours from the last page, never on an asset."""

from datetime import timedelta

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

LIFETIME = timedelta(hours=12)  # without a request; each one starts it again


class PortalSessions(SecureCookieSessionInterface):
    """Flask's cookie sessions, kept off responses that every browser may share."""

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        return request.endpoint != "static" and super().should_set_cookie(app, session)


def install(app: Flask) -> None:
    """Use the sessions above."""
    app.config["PERMANENT_SESSION_LIFETIME"] = LIFETIME
    app.session_interface = PortalSessions()
