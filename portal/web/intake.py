"""What no browser of ours sends is refused before any view reads it: one place, every route."""

from urllib.parse import unquote_to_bytes

from flask import Flask, Request, abort, request

MAX_QUERY = 8 * 1024
MAX_HEADERS = 64 * 1024
MAX_ID = 2**31 - 1  # what the integer of an id column holds
_FORM = "application/x-www-form-urlencoded"


def install(app: Flask) -> None:
    """Register the check: 400 for NUL, broken UTF-8, huge headers and arguments that pages would
    hand on to url_for; 404 for impossible ids."""

    @app.before_request
    def check() -> None:
        if _too_large(request) or not all(map(is_text, _written(request))):
            abort(400)
        if any(name.startswith("_") or name == "endpoint" for name in request.args):
            abort(400)  # url_for reads these as its own: `_scheme=javascript` would make a link
        if any(isinstance(v, int) and v > MAX_ID for v in (request.view_args or {}).values()):
            abort(404)


def is_text(raw: bytes) -> bool:
    """Whether percent-encoded bytes are UTF-8 without NUL."""
    plain = unquote_to_bytes(raw)
    if b"\0" in plain:
        return False
    try:
        plain.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _too_large(request: Request) -> bool:
    if len(request.query_string) > MAX_QUERY:
        return True
    return sum(len(name) + len(value) for name, value in request.headers) > MAX_HEADERS


def _written(request: Request) -> list[bytes]:
    """Every text of the request, as bytes: path, query, form."""
    path = str(request.environ.get("PATH_INFO", "")).encode("latin-1")
    texts = [path.replace(b"%", b"%25"), request.query_string]
    if request.mimetype == _FORM:
        most = request.max_form_memory_size or 0
        if (request.content_length or 0) > most or len(form := request.get_data()) > most:
            abort(413)
        texts.append(form)
    elif request.mimetype == "multipart/form-data":
        fields = [value for _, value in request.form.items(multi=True)]
        names = [file.filename or "" for _, file in request.files.items(multi=True)]
        # The parser put U+FFFD where the bytes were not UTF-8; nobody types that character.
        whole = "\n".join([*fields, *names]).replace("\ufffd", "\0")
        texts.append(whole.replace("%", "%25").encode("utf-8", "replace"))
    return texts
