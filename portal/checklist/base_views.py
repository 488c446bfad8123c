"""Saúde da base: the counts, and the contracts behind each of them."""

from typing import Any

from flask import Blueprint, make_response, request
from flask.typing import ResponseReturnValue

from portal.checklist import base_labels
from portal.checklist.base_health import EMAILS, measure
from portal.checklist.base_lists import BaseList, ListFilters, export
from portal.contracts import queries as contracts
from portal.core import clock
from portal.web.htmx import render
from portal.web.pagination import after_key
from portal.web.permissions import Permission, requires

ADDRESS = "/checklist/base"
SECTION = "checklist"


def add_pages(bp: Blueprint) -> None:
    """Add the pages to the room's blueprint."""
    bp.add_url_rule(ADDRESS, "base", index, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/<code>", "base_list", base_list, methods=["GET"])
    bp.add_url_rule(f"{ADDRESS}/<code>/contratos.csv", "base_csv", base_csv, methods=["GET"])


@requires(Permission.SEE)
def index() -> ResponseReturnValue:
    """The counts as they stand now."""
    return render(
        "checklist/base.html",
        section=SECTION,
        health=measure(clock.now()),
        labels=base_labels,
        emails=EMAILS,
    )


@requires(Permission.SEE)
def base_list(code: str) -> ResponseReturnValue:
    """The contracts behind a count, with what can be corrected in them."""
    return list_page(ListFilters.from_args(code, request.args))


@requires(Permission.SEE)
def base_csv(code: str) -> ResponseReturnValue:
    """The whole list, as its filters leave it, for a spreadsheet."""
    content = export(BaseList(ListFilters.from_args(code, request.args), clock.now()))
    response = make_response(content)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="base-{code}.csv"'
    return response


def list_page(filters: ListFilters, problem: str = "", **chosen: Any) -> str:
    """The page of a list; `problem` is why a correction was not looked at."""
    found = BaseList(filters, clock.now())
    page, lines = found.page(after_key())
    return render(
        "checklist/base_list.html",
        "checklist/_base_list.html",
        section=SECTION,
        filters=filters,
        name=base_labels.name(filters.code),
        labels=base_labels,
        emails=EMAILS,
        page=page,
        lines=lines,
        total=found.total(),
        whole=found.whole,
        causes=found.causes(),
        wallets=[(wallet.id, wallet.name) for wallet in contracts.wallets() if wallet.active],
        problem=problem,
        chosen=chosen,
    )
