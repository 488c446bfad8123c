"""`portal doctor`: whether the installation stands, and what to do where it does not."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from portal.cli import cli, emit
from portal.core import clock
from portal.core.config import Settings

SIGNS = {"ok": "✓", "atenção": "!", "falha": "✕"}


@cli.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at everything: database, queue, processes, keys, disk, clocks, ports. Changes nothing.

    Exit 0: nothing fails (there may be advice), 1: something does.
    """
    from portal import create_app
    from portal.operations.doctor import Verdict, examine

    settings = Settings.from_env()
    with create_app(settings, web=False).app_context():  # not migrated: that is a finding
        findings = examine(settings, clock.now())
    healthy = not any(finding.verdict is Verdict.FAILURE for finding in findings)
    data = {"healthy": healthy, "findings": [asdict(finding) for finding in findings]}
    emit(data, as_json=as_json, say=_say)
    ctx.exit(0 if healthy else 1)


def _say(data: dict[str, Any]) -> Iterator[str]:
    for finding in data["findings"]:
        verdict = str(finding["verdict"])
        yield f"{SIGNS[verdict]} {verdict:<8} {finding['code']:<18} {finding['evidence']}"
        if finding["cure"]:
            yield f"{'':<11} {'':<18} → {finding['cure']}"
    counts = [str(finding["verdict"]) for finding in data["findings"]]
    fails, advice, fine = (counts.count(verdict) for verdict in ("falha", "atenção", "ok"))
    yield f"falhas: {fails}, avisos: {advice}, ok: {fine}"
