"""The titles that a person chose: ticked on this page, or carried from the others in the form."""

from typing import Any

from flask import request

from portal.core.db import end_read, set_reading
from portal.issuance import forms
from portal.receivables.models import Receivable
from portal.receivables.queries import by_ids


def only_reads() -> None:
    """This POST shows a page: let it take no write lock."""
    end_read()
    set_reading(True)


def some_ids() -> list[int]:
    """The chosen titles' numbers, maybe none. Raises InvalidValue."""
    return forms.parse_some_ids(_fields())


def ids() -> list[int]:
    """The chosen titles' numbers. Raises InvalidValue for none."""
    return forms.parse_ids(_fields())


def titles(*, slips: bool = False) -> list[Receivable]:
    """The chosen titles in the order of the report. Raises InvalidValue and NotFound."""
    return sorted(by_ids(ids(), slips=slips), key=lambda title: (title.due_date, title.id))


def kept() -> dict[str, Any]:
    """The filters of this URL, to come back to the same report."""
    return {name: request.args[name] for name in forms.ARGUMENTS if name in request.args}


def _fields() -> list[str]:
    return [*request.form.getlist("escolhidos"), *request.form.getlist("titulo")]
