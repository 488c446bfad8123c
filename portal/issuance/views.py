"""Emissão de boletos: the report, the selection that survives its pages, the file."""

from flask import Blueprint, Flask, Response, current_app, make_response, request
from flask.typing import ResponseReturnValue

from portal.core import clock
from portal.issuance import export, labels, narrowing, picking, queries, title_panel
from portal.issuance.forms import MAX_SELECTED, IssuanceFilters, Key, parse_some_ids
from portal.receivables import labels as title_labels
from portal.receivables import panels
from portal.smtp import variables
from portal.web.context import portal_today
from portal.web.htmx import render
from portal.web.permissions import Permission, requires

bp = Blueprint("issuance", __name__)
SECTION = "issuance"


def register(app: Flask) -> None:
    """Add the pages, and the e-mails of a title to its own page."""
    from portal.issuance import ending_views, print_views, send_views  # noqa: F401 - their routes

    app.register_blueprint(bp)
    panels.add(title_panel.of)


@bp.get("/financeiro/emissao")
@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The report: titles by the filters of the URL, with what was printed and sent of them."""
    filters = IssuanceFilters.from_args(request.args)
    wanted = narrowing.conditions(filters)
    return _report(filters, wanted, Key.parse(request.args.get("depois", "")), [])


@bp.post("/financeiro/emissao")
@requires(Permission.DELIVER)
def choose() -> ResponseReturnValue:
    """Another page of the report with the selection kept, all of the filter, or none."""
    picking.only_reads()
    filters = IssuanceFilters.from_args(request.args)
    wanted = narrowing.conditions(filters)
    chosen, to = picking.some_ids(), request.form.get("ir", "")
    after = Key.parse(request.form.get("pagina", ""))
    if to == "todos":
        found = queries.ids(wanted, MAX_SELECTED + 1)
        chosen = parse_some_ids([str(receivable_id) for receivable_id in found])
    elif to == "nenhum":
        chosen = []
    elif to:
        after = Key.parse(to)
    return _report(filters, wanted, after, chosen)


@bp.post("/financeiro/emissao/selecao")
@requires(Permission.DELIVER)
def picked() -> ResponseReturnValue:
    """How many are chosen, and their sum."""
    picking.only_reads()
    total = queries.total_of(picking.some_ids())
    return render("issuance/picked.html", "issuance/_picked.html", section=SECTION, picked=total)


@bp.get("/financeiro/emissao/titulos.csv")
@requires(Permission.SEE)
def csv() -> Response:
    """All that the filters leave, as a file for spreadsheets."""
    filters = IssuanceFilters.from_args(request.args)
    settings, now = current_app.config["SETTINGS"], clock.now()
    content = export.export(filters, portal_today(settings, now), settings.timezone)
    response = make_response(content)
    response.mimetype = "text/csv"
    response.headers["Content-Disposition"] = 'attachment; filename="emissao-de-boletos.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/financeiro/emissao/variaveis")
@requires(Permission.SEE)
def variables_page() -> ResponseReturnValue:
    """Variáveis de E-mail - Emissão de Boletos."""
    return render("issuance/variables.html", section=SECTION, groups=variables.grouped())


def _report(
    filters: IssuanceFilters, wanted: narrowing.Conditions, after: Key | None, chosen: list[int]
) -> str:
    sheet = queries.search(wanted, after)
    here = {title.id for title in sheet.rows}
    counted = queries.glance(wanted)
    if "somar" in request.args and counted.total is None:
        counted = queries.Glance(queries.total(wanted, at_most=None))
    return render(
        "issuance/index.html",
        "issuance/_table.html",
        section=SECTION,
        filters=filters,
        sheet=sheet,
        after=after,
        total=counted.total,
        counted=counted,
        sendings=queries.sendings(list(here)),
        never=queries.NEVER,
        chosen=set(chosen),
        carried=",".join(str(key) for key in chosen if key not in here),
        picked=queries.total_of(chosen),
        kept=picking.kept(),
        wallets=queries.wallets(),
        limit=MAX_SELECTED,
        labels=title_labels,
        words=labels,
    )
