"""The pages of an import: upload, what is wrong, one confirmation, what came of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from flask import Blueprint, Response, current_app, make_response, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import FileStorage

from portal.clients import staging
from portal.clients.staging import Staged
from portal.core import clock
from portal.core.audit import Actor
from portal.core.csv_encoding import FileRefused
from portal.core.csv_reader import ON_SCREEN, Columns, Limits
from portal.core.csv_rows import Report
from portal.core.csv_writer import write_csv
from portal.core.db import end_read, reading
from portal.core.text import one_line
from portal.web.forms import PortalForm
from portal.web.htmx import go_to_url, render
from portal.web.permissions import Permission, requires

SHOWN = 200  # problems on the page; the CSV has all of them


@dataclass(frozen=True, slots=True)
class Importer:
    """What can be imported: its words, its columns, and the service's two calls."""

    kind: str  # the room, its blueprint and its menu section
    noun: str  # "clientes"
    url: str
    columns: Columns
    check: Callable[[Path, Limits], Report]
    run: Callable[[Path, Limits, str, Actor | None, datetime], Report]


class UploadForm(PortalForm):
    """One file."""

    file = FileField("Arquivo CSV", [FileRequired("Escolha um arquivo.")])


def add_import_pages(bp: Blueprint, importer: Importer) -> None:
    """Give the room its import pages, for those who may edit registers."""
    pages = _Pages(importer)
    allowed = requires(Permission.EDIT_REGISTERS)
    for rule, name, method, view in (
        ("", "import_start", "GET", pages.start),
        ("", "import_upload", "POST", pages.upload),
        ("/modelo.csv", "import_model", "GET", pages.model),
        ("/<token>", "import_report", "GET", pages.report),
        ("/<token>", "import_confirm", "POST", pages.confirm),
        ("/<token>/problemas.csv", "import_problems", "GET", pages.problems),
    ):
        bp.add_url_rule(importer.url + rule, name, allowed(view), methods=[method])


class _Pages:
    """The views, for one importer."""

    def __init__(self, importer: Importer) -> None:
        self.importer = importer

    def start(self) -> ResponseReturnValue:
        """Where to choose the file."""
        return self._start(UploadForm())

    def upload(self) -> ResponseReturnValue:
        """Keep the file and check it; nothing is written to the base."""
        form = UploadForm()
        if not form.validate():
            return self._start(form), 422
        try:
            staged = self._check(form.file.data)
        except FileRefused as error:
            form.file.errors = [str(error)]
            return self._start(form), 422
        return go_to_url(self._report_url(staged.token))

    def report(self, token: str) -> ResponseReturnValue:
        """What the file would do, or what it did."""
        staged = self._staged(token)
        result, check = staged.report("result"), staged.report("check")
        report = result or check
        return render(
            "clients/import_report.html",
            section=self.importer.kind,
            importer=self.importer,
            token=token,
            name=staged.facts()["name"],
            report=report,
            done=result is not None,
            running=result is None and not staged.path.exists(),
            kinds=_kinds(report) if report else [],
            shown=SHOWN,
        )

    def confirm(self, token: str) -> ResponseReturnValue:
        """Import the valid rows. A second click finds the file taken and changes nothing."""
        staged = self._staged(token)
        if staged.take():
            end_read()  # others may write while the file is read
            try:
                result = self.importer.run(
                    staged.taken, ON_SCREEN, staged.facts()["name"], current_user, clock.now()
                )
                staged.describe(result=result.to_dict())
            except BaseException:
                staged.put_back()
                raise
            staged.taken.unlink()
        return go_to_url(self._report_url(token))

    def problems(self, token: str) -> ResponseReturnValue:
        """Every error and warning, for a spreadsheet."""
        staged = self._staged(token)
        report = staged.report("result") or staged.report("check") or Report(0, 0, [], [])
        rows = [
            (kind, problem.line, problem.column, problem.code, problem.message)
            for kind, problems in (("recusada", report.errors), ("aviso", report.warnings))
            for problem in problems
        ]
        header = ("situação", "linha", "coluna", "código", "mensagem")
        return _download(write_csv(header, rows), f"problemas-{self.importer.noun}.csv")

    def model(self) -> ResponseReturnValue:
        """An empty file with the right header."""
        content = write_csv(self.importer.columns.all, [])
        return _download(content, f"modelo-{self.importer.noun}.csv")

    def _check(self, upload: FileStorage) -> Staged:
        home = current_app.config["SETTINGS"].home
        name = one_line(upload.filename or "")[:100] or "arquivo.csv"
        staged = staging.keep(home, self.importer.kind, current_user.id, name, clock.now())
        try:
            upload.save(staged.path)
            end_read()
            with reading():  # checking a big file must not keep others from writing
                staged.describe(check=self.importer.check(staged.path, ON_SCREEN).to_dict())
                end_read()
        except BaseException:
            staged.forget()
            raise
        return staged

    def _staged(self, token: str) -> Staged:
        home = current_app.config["SETTINGS"].home
        return staging.find(home, self.importer.kind, current_user.id, token)

    def _start(self, form: UploadForm) -> str:
        return render(
            "clients/import.html",
            section=self.importer.kind,
            importer=self.importer,
            form=form,
            limits=ON_SCREEN,
        )

    def _report_url(self, token: str) -> str:
        return url_for(f"{self.importer.kind}.import_report", token=token)


def _kinds(report: Report) -> list[tuple[str, str, str, int]]:
    """How often each kind of problem occurs: (error | warning, column, example, count)."""
    counts: dict[tuple[str, str, str], int] = {}
    examples: dict[tuple[str, str, str], str] = {}
    for kind, problems in (("error", report.errors), ("warning", report.warnings)):
        for problem in problems:
            key = (kind, problem.column, problem.code)
            counts[key] = counts.get(key, 0) + 1
            examples.setdefault(key, problem.message)
    return [(key[0], key[1], examples[key], count) for key, count in counts.items()]


def _download(content: bytes, name: str) -> Response:
    response = make_response(content)
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
