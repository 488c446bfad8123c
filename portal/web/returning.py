"""Sign-in and the way back: to pages of this portal only."""

from urllib.parse import urlsplit

from flask import Response, make_response, request, url_for

from portal.web.htmx import is_htmx
from portal.web.paths import local_path


def ask_to_sign_in() -> Response:
    """No session: 302 to the sign-in page, which leads back (htmx: 401 and HX-Redirect)."""
    login = url_for("users.login", next=_came_from())
    response = make_response("", 401 if is_htmx() else 302)
    response.headers["HX-Redirect" if is_htmx() else "Location"] = login
    return response


def _came_from() -> str | None:
    """The page to come back to: the one asked for, or the one whose form or part was sent."""
    if request.method == "GET" and not is_htmx():
        return local_path(request.full_path.rstrip("?"))
    page = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    if page.netloc != request.host:
        return None
    return local_path(page.path + (f"?{page.query}" if page.query else ""))
