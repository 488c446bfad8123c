"""The application log: one event, one line; no input can forge a line or colour a terminal.

Lines for people on one's own machine, JSON once the portal answers to public names. Both pass the
same masking: no secret, no whole document, no whole address, not even in a stack trace.
"""

import json
import logging
import re
import secrets
import sys
import time
from typing import Any

from flask import Flask, Response, g, has_app_context, request
from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from portal.core.config import Settings
from portal.core.masking import mask

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
OURS = ("portal", "jobs")  # these speak at INFO; libraries only warn
QUIET = (
    "static",
    "health.live",
    "health.ready",
    "metrics.metrics",
)  # asked for too often to be worth a line
# C0 and C1 controls, Unicode's line separators, marks that turn the direction of text, and lone
# surrogates, which no output can encode.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")

log = logging.getLogger(__name__)


def encode(text: str) -> str:
    """`text` on one line: control characters become `\\n`, `\\x1b`, `\\u2028`."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def clean(text: str) -> str:
    """`text` as a log may hold it: on one line, masked."""
    return mask(encode(text))


class LineFormatter(logging.Formatter):
    """For people. A stack trace keeps its lines, each behind a bar of its own."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = clean(record.getMessage())
        record.asctime = _moment(record)
        record.request_id = _request_id()
        return "\n    | ".join([self.formatMessage(record), *_stack(self, record)])


class JsonFormatter(logging.Formatter):
    """For machines: one object a line, the facts of a request beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, Any] = {
            "time": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": _request_id(),
            "message": clean(record.getMessage()),
        }
        for name, value in getattr(record, "facts", {}).items():
            event[name] = clean(value) if isinstance(value, str) else value
        stack = _stack(self, record)
        if stack:
            event["stack"] = "\n".join(stack)
        return json.dumps(event, ensure_ascii=False)


def request_id(given: str | None) -> str:
    """The id that a proxy gave this request where it is a sane one, else a fresh one."""
    return given if given and _SANE_ID.fullmatch(given) else secrets.token_hex(6)


def install(app: Flask) -> None:
    """Log to stderr, and one line for each request. A second application changes the form only."""
    root = logging.getLogger()
    handler = next((item for item in root.handlers if isinstance(item, _Handler)), None)
    if handler is None:
        handler = _Handler(sys.stderr)
        root.addHandler(handler)
    settings: Settings = app.config["SETTINGS"]
    handler.setFormatter(JsonFormatter() if settings.production else LineFormatter(FORMAT))
    for name in (*OURS, app.logger.name):
        logging.getLogger(name).setLevel(logging.INFO)
    if _begin not in app.before_request_funcs.get(None, ()):
        app.before_request(_begin)
        app.after_request(_end)  # the first to be registered is the last to run


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, so that a second application of the same process does not add a second one."""


def _begin() -> None:
    g.request_id = request_id(request.headers.get("X-Request-ID"))
    g.began = time.monotonic()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "-")
    if request.endpoint not in QUIET:
        facts = {
            "method": request.method,
            "path": request.path,  # not the query: what people search for is nobody's business
            "status": response.status_code,
            "ms": round((time.monotonic() - g.get("began", time.monotonic())) * 1000),
            "user": _user_id(),
        }
        text = "%(method)s %(path)s %(status)s %(ms)s ms user=%(user)s"
        log.info(text, facts, extra={"facts": facts})
    return response


def _user_id() -> int | None:
    """Whoever is signed in, where the request came to ask; never a query of its own."""
    user = g.get("_login_user")
    if user is None or not getattr(user, "is_authenticated", False):
        return None
    try:
        identity = inspect(user).identity
    except SQLAlchemyError:  # not a row: another way of signing in
        return None
    return int(identity[0]) if identity else None


def _request_id() -> str:
    return str(g.get("request_id", "-")) if has_app_context() else "-"


def _moment(record: logging.LogRecord) -> str:
    moment = time.gmtime(record.created)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{int(record.msecs):03}Z"


def _stack(formatter: logging.Formatter, record: logging.LogRecord) -> list[str]:
    parts = []
    if record.exc_info:
        parts.append(formatter.formatException(record.exc_info))
    if record.stack_info:
        parts.append(formatter.formatStack(record.stack_info))
    return [clean(line) for part in parts for line in part.split("\n") if line]
