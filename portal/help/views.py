"""Ajuda: the manual's contents, its chapters and pictures, and a search in all of it."""

from flask import Blueprint, Flask, abort, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from portal.help import links, manual
from portal.help.search import search
from portal.web.htmx import render
from portal.web.permissions import Permission, requires

bp = Blueprint("help", __name__)
SECTION = "help"
PICTURE_AGE = 3600  # seconds; a new version may bring other pictures


def register(app: Flask) -> None:
    """Add the pages to the application, and the link of every page to its chapter."""
    app.register_blueprint(bp)
    app.jinja_env.globals["help_url"] = help_url


def help_url(section: str | None = None) -> str:
    """The address of what the manual says about the page being shown."""
    slug, _, anchor = links.chapter_for(request.endpoint, section).partition("#")
    if not slug:
        return url_for("help.index")
    return url_for("help.chapter", slug=slug, _anchor=anchor or None)


@bp.get("/ajuda")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The table of contents, or what a search finds."""
    wanted = request.args.get("q", "").strip()
    return render(
        "help/index.html",
        "help/_found.html",
        section=SECTION,
        wanted=wanted,
        chapters=manual.chapters().values(),
        hits=search(manual.chapters().values(), wanted),
    )


@bp.get("/ajuda/<slug>")
@requires(Permission.SEE)
def chapter(slug: str) -> ResponseReturnValue:
    """One chapter, with the way to its neighbours."""
    found = manual.chapters().get(slug)
    if found is None:
        abort(404)
    order = list(manual.chapters().values())
    place = order.index(found)
    return render(
        "help/chapter.html",
        section=SECTION,
        chapter=found,
        before=order[place - 1] if place else None,
        after=order[place + 1] if place + 1 < len(order) else None,
    )


@bp.get("/ajuda/imagens/<name>")
@requires(Permission.SEE)
def picture(name: str) -> ResponseReturnValue:
    """A picture of the manual. Only names of PNG files in that one folder are served."""
    if not name.endswith(".png"):
        abort(404)
    return send_from_directory(manual.PICTURES, name, mimetype="image/png", max_age=PICTURE_AGE)
