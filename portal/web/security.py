"""Security headers, in one place. No inline script, no inline style, nothing from elsewhere."""

from flask import Flask, Response, request

from portal.core.config import Settings

CSP = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
HTTPS_ONLY = "max-age=31536000"  # one year, in seconds
FOR_EVER = "public, max-age=31536000, immutable"  # an asset's URL changes when its file does


def install(app: Flask) -> None:
    """Add the headers to every response, unless a view set a stricter one itself."""
    settings: Settings = app.config["SETTINGS"]

    @app.after_request
    def add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if settings.production:
            response.headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
        if request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "no-store")
        elif "v" in request.args and response.status_code in (200, 304):
            response.headers["Cache-Control"] = FOR_EVER
        return response
