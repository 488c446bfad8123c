"""The application log: one event, one line; no input can forge a line or colour a terminal."""

import logging
import re
import sys
import time

from flask import Flask, g, has_request_context

FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
OURS = ("portal", "jobs")  # these speak at INFO; libraries only warn
# C0 and C1 controls, Unicode's line separators, marks that turn the direction of text, and lone
# surrogates, which no output can encode.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def encode(text: str) -> str:
    """`text` on one line: control characters become `\\n`, `\\x1b`, `\\u2028`."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


class LineFormatter(logging.Formatter):
    """Encodes what is logged. A stack trace keeps its lines, each behind a bar of its own."""

    def format(self, record: logging.LogRecord) -> str:
        stack = ""
        if record.exc_info:
            stack = self.formatException(record.exc_info)
        if record.stack_info:
            stack = f"{stack}\n{self.formatStack(record.stack_info)}".strip("\n")
        record.message = encode(record.getMessage())
        moment = time.gmtime(record.created)
        record.asctime = f"{time.strftime('%Y-%m-%dT%H:%M:%S', moment)}.{int(record.msecs):03}Z"
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
        lines = [self.formatMessage(record), *(encode(line) for line in stack.split("\n") if line)]
        return "\n    | ".join(lines)


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """Ours, so that a second application of the same process does not add a second one."""


def install(app: Flask) -> None:
    """Log to stderr in the format above. Does nothing where it is installed already."""
    root = logging.getLogger()
    if not any(isinstance(handler, _Handler) for handler in root.handlers):
        handler = _Handler(sys.stderr)
        handler.setFormatter(LineFormatter(FORMAT))
        root.addHandler(handler)
    for name in (*OURS, app.logger.name):
        logging.getLogger(name).setLevel(logging.INFO)
