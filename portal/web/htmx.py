"""One URL serves a page, or only its fragment when htmx asks for a part of it."""

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, request, url_for

from portal.web.paths import local_path


def wants_fragment() -> bool:
    """Whether htmx asks for a part of the page (it says `full` when the target is the body)."""
    return request.headers.get("HX-Request-Type") == "partial"


def is_htmx() -> bool:
    """Whether htmx made the request."""
    return request.headers.get("HX-Request") == "true"


def render(page: str, fragment: str | None = None, /, **context: Any) -> str:
    """The fragment template for htmx, the page that includes it for everyone else."""
    return render_template(fragment if fragment and wants_fragment() else page, **context)


def go_to(endpoint: str, message: str = "", **values: Any) -> Response:
    """After a success: 303 to a page of ours (204 + HX-Redirect for htmx), with a flash message."""
    if message:
        flash(message, "success")
    return go_to_url(url_for(endpoint, **values))


def go_to_url(url: str) -> Response:
    """As `go_to`, for a URL already made by `url_for`.

    A form that another page opened in place leads back to that page (`X-Opened-In`).
    """
    if is_htmx():
        response = make_response("", 204)
        url = local_path(request.headers.get("X-Opened-In")) or url
        response.headers["HX-Redirect"] = url
        return response
    return make_response(redirect(url, 303))
