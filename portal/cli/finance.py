"""Commands of the daily job: checklist, explain, preview, generate, deliveries, reconcile."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import click

from portal.cli import cli, emit, portal_app
from portal.core import clock
from portal.core.db import reading
from portal.deliveries.labels import REASONS, REQUIREMENTS, STATUSES
from portal.web.formatters import number
from portal.web.forms import parse_month

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


class Month(click.ParamType[date]):
    """`2026-12` or `12/2026`."""

    name = "month"

    def convert(self, value: Any, param: Any, ctx: Any) -> date:
        if isinstance(value, date):
            return value
        try:
            return parse_month(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def order_options(command: Any) -> Any:
    """The options that preview and generate share."""
    for option in reversed(
        (
            click.option("--competence", required=True, type=Month(), help="Month, 2026-12."),
            click.option("--installments", default=1, show_default=True, type=int),
            click.option("--contract", "contracts", multiple=True, help="Contract code; repeat."),
            click.option("--client", "clients", multiple=True, help="Client code; repeat."),
            click.option("--wallet", default="", help="Only contracts of this wallet."),
            click.option("--plan", default="", help="Only contracts of this plan."),
            click.option("--city", default="", help="Only clients of this city."),
            click.option("--due-day", type=click.IntRange(1, 31), help="Only this due day."),
            click.option("--pilot", type=click.IntRange(1), help="Pilot group: so many clients."),
            click.option("--rest", is_flag=True, help="Everyone but the pilot group."),
            click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Date of issue."),
            as_json_option,
        )
    ):
        command = option(command)
    return command


@cli.command()
@as_json_option
@click.pass_context
def checklist(ctx: click.Context, as_json: bool) -> None:
    """Probe every requirement of automatic sending. Exit 0 ready, 1 not."""
    from portal.checklist.probes import check

    with portal_app(), reading():
        result = check(clock.now())
    emit(result.to_dict(), as_json=as_json, say=_say_requirements)
    ctx.exit(0 if result.ready else 1)


@cli.command()
@click.argument("contract")
@click.option("--competence", type=Month(), help="Month; default: the next not generated.")
@as_json_option
def explain(contract: str, competence: date | None, as_json: bool) -> None:
    """Say whether the contract's boleto would be e-mailed, and why not."""
    from portal.deliveries.explain import explain_contract

    with portal_app(), reading():
        result = explain_contract(contract, competence, clock.now())
    emit(result, as_json=as_json, say=_say_requirements)


@cli.command()
@order_options
def preview(as_json: bool, **options: Any) -> None:
    """Show what `generate` would do; writes nothing."""
    from portal.generation.planning import make_plan

    with portal_app() as app, reading():
        now = clock.now()
        order, today = _order(options, app.config["SETTINGS"].timezone, now)
        plan = make_plan(order, today, now)
        data = plan.to_dict() | _eta(plan.account_id, plan.messages, now)
    emit(data, as_json=as_json, say=_say_counts)


@cli.command()
@order_options
def generate(as_json: bool, **options: Any) -> None:
    """Generate the financials of a month and queue their e-mails."""
    from portal.deliveries.forecast import forecast
    from portal.generation import service
    from portal.generation.queries import account_of, to_dict

    with portal_app() as app:
        now = clock.now()
        order, today = _order(options, app.config["SETTINGS"].timezone, now)
        generation = service.run_now(order, today=today, actor=None, now=now)
        data = to_dict(generation)
        account_id = account_of(generation.id)
        if account_id is not None:
            eta = forecast(account_id, 0, clock.now()).queue_ends
            data["eta"] = eta.isoformat() if eta else None
    emit(data, as_json=as_json, say=_say_counts)


@cli.command()
@click.option("--status", default="", help="Only messages in this state.")
@as_json_option
def deliveries(status: str, as_json: bool) -> None:
    """Count messages per state, then list them."""
    from portal.deliveries.queries import export

    with portal_app(), reading():
        data = export(status)
    emit(data, as_json=as_json, say=_say_deliveries)


@cli.command()
@as_json_option
def reconcile(as_json: bool) -> None:
    """Wake what is due and free what a dead process held, now."""
    from dataclasses import asdict

    from portal.operations import minute

    with portal_app():
        report = minute.run(clock.now())
    emit(asdict(report), as_json=as_json, say=lambda _: iter([str(report)]))


def _order(options: dict[str, Any], timezone: str, now: datetime) -> tuple[Any, date]:
    from portal.generation.orders import Order

    today: datetime | None = options["today"]
    order = Order(
        competence=options["competence"],
        installments=options["installments"],
        contract_codes=tuple(dict.fromkeys(options["contracts"])),
        wallet_name=options["wallet"],
        limit=options["pilot"],
        plan=options["plan"],
        city=options["city"],
        due_day=options["due_day"],
        client_codes=tuple(dict.fromkeys(options["clients"])),
        rest=options["rest"],
    )
    return order, today.date() if today else clock.local_date(now, timezone)


def _eta(account_id: int | None, messages: int, now: datetime) -> dict[str, Any]:
    from portal.deliveries.forecast import forecast

    if account_id is None or not messages:
        return {"eta": None}
    eta = forecast(account_id, messages, now).eta
    return {"eta": eta.isoformat() if eta else None}


def _say_requirements(data: dict[str, Any]) -> Iterator[str]:
    from portal.deliveries.eligibility import Status

    for item in data["requirements"]:
        label = STATUSES[Status(item["status"])]
        name = REQUIREMENTS[item["code"]]
        yield f"{label.sign} {name}: {item['evidence']}"
        if item["status"] != "ok":
            yield f"    {item['fix_url']}"
    yield "pronto" if data["ready"] else "não está pronto"


def _say_counts(data: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{number(data['contracts'])} contratos → {number(data['receivables'])} títulos,"
        f" R$ {data['amount']}"
    )
    yield (
        f"{number(data['emails'])} por e-mail · {number(data['printed'])} impressos ·"
        f" {number(sum(data['not_sent'].values()))} não enviados"
    )
    for title, counts in (("não enviados", "not_sent"), ("não gerados", "not_generated")):
        for code, count in data[counts].items():
            yield f"  {number(count)} {title}: {REASONS.get(code, code)}"
    if data.get("eta"):
        yield f"o último e-mail sai até {data['eta']}"


def _say_deliveries(data: dict[str, Any]) -> Iterator[str]:
    for state, count in data["counts"].items():
        yield f"{state:10} {number(count)}"
    for item in data["messages"]:
        yield (
            f"{item['id']:>7} {item['state']:10} {item['attempts']} {item['recipient']} "
            f"{item['reason']}"
        )
