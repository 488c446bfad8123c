"""`make screenshots`: pictures of the main pages over the demo company, into docs/screenshots/.

    python -m tests.browser.screenshots [--only NAME]… [--into FOLDER]

A portal of its own (temporary folder, free ports) is filled with three months of work: two in the
past, generated and sent with the clock moved back, and the next one, generated and sent now by
real workers to a mail server that refuses one client and leaves another one in doubt.
"""

import argparse
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import select

from portal import ROOT
from portal.api import service as tokens
from portal.cli.demo import load_demo
from portal.cli.up import web_answers, web_argv
from portal.core import clock
from portal.core.config import Settings
from portal.core.db import db
from portal.deliveries import reconcile, sender
from portal.generation import service as generation
from portal.generation.orders import Order
from portal.issuance import service as issuance
from portal.receivables import service as receivables
from portal.receivables.models import Receivable, ReceivableStatus
from portal.settings.models import DeliveryType
from portal.smtp.models import SmtpAccount
from portal.users import service as users
from portal.users.models import User
from tests.support.browser import launch
from tests.support.installation import Installation
from tests.support.ports import free_port
from tests.support.smtp_server import Fault, ScriptedServer

FOLDER = ROOT / "docs" / "screenshots"
COLOURS = 96  # of a picture: flat screens need few, and the files stay small
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
# Chromium may speak only English in its own parts: empty dates as a browser in pt-BR shows them.
IN_PORTUGUESE = """() => document.querySelectorAll('input[type=date]').forEach((field) => {
  if (field.value) return;
  field.style.width = field.offsetWidth + 'px';
  Object.assign(field, {type: 'text', placeholder: 'dd/mm/aaaa'});
})"""
PEOPLE = (
    ("Ana Prado", "ana@example.com", "admin"),
    ("Bruno Sales", "bruno@example.com", "financeiro"),
    ("Carla Nogueira", "carla@example.com", "consulta"),
)
FAULTS = (  # of two clients of the demo company
    Fault("rcpt", text="550 5.1.1 User unknown", recipient="^farmacia"),
    Fault("accepted", "drop", recipient="^escola"),
)
BLOCKED = "SELECT id FROM contracts WHERE code = '5012'"  # its wallet does not send on generation
SETTLED = 9  # of ten titles of the past months


@dataclass(frozen=True)
class Shot:
    """One page. `also` adds pictures: `escuro` (dark), `360` (a phone)."""

    name: str
    path: str
    also: tuple[str, ...] = ()
    height: int = DESK["height"]


SHOTS = (
    Shot("inicio", "/", ("escuro", "360"), 1000),
    Shot("checklist", "/checklist", ("escuro", "360")),
    Shot("saude-da-base", "/checklist/base"),
    Shot("clientes", "/clientes"),
    Shot("linha-do-tempo", "/clientes/2/historico"),
    Shot("contrato-envio", "/contratos/{blocked}/envio"),
    Shot("gerar-simulacao", "/financeiro/gerar/simular?competencia={after}&parcelas=1&quem=todos"),
    Shot("gerar-andamento", "/financeiro/gerar/3", ("360",)),
    Shot("emissao", "/financeiro/emissao", ("escuro", "360")),
    Shot("titulos", "/financeiro/titulos"),
    Shot("carteira", "/cadastros/carteiras/1"),
    Shot("smtp-conta", "/configuracoes/smtp/1"),
    Shot("smtp-mensagem", "/configuracoes/smtp/1/mensagem"),
    Shot("parametros-financeiro", "/configuracoes/parametros/financeiro"),
    Shot("log-de-e-mail", "/sistema/log-email", ("escuro", "360")),
    Shot("email-incerto", "/sistema/log-email/{uncertain}"),
    Shot("auditoria", "/sistema/auditoria"),
    Shot("integracoes", "/sistema/api"),
    Shot("filas", "/sistema/filas"),
    Shot("ajuda", "/ajuda/primeiro-dia"),
)


# --- the portal -----------------------------------------------------------------------------------
@contextmanager
def living_portal(home: Path) -> Iterator[tuple[str, str, dict[str, object]]]:
    """A filled portal that serves; gives its address, Ana's password, and what paths leave out."""
    with Installation(home) as portal:
        portal.env.update(PORT=str(free_port()), DEMO="1", PORTAL_SMTP_ALLOW_PRIVATE="")
        settings = Settings.from_env(portal.env)
        today = clock.local_date(clock.now(), settings.timezone)
        with ScriptedServer(port=settings.inbox_smtp_port) as mail:
            with portal.inside():
                password = fill(settings, today)
            mail.faults[:] = FAULTS
            start(portal)
            this_month(portal, today)
            values = {
                "uncertain": portal.sql("SELECT id FROM email_messages WHERE state = 'uncertain'"),
                "blocked": portal.sql(BLOCKED),
                "after": f"{month_after(today, 2):%m/%Y}",
            }
            yield f"http://127.0.0.1:{settings.port}", password, values


def start(portal: Installation) -> None:
    """Redis, workers, clock and web server."""
    portal.redis()
    for words in (("worker", "-n", "2"), ("cron",)):
        portal.portal_process(*words, log=words[0])
    settings = Settings.from_env(portal.env)
    portal.start(*web_argv(settings), log="web")
    portal.wait_for(lambda: web_answers(settings), "the web server answers")


def this_month(portal: Installation, today: date) -> None:
    """Generate the month that follows, and wait until its e-mails ended."""
    with portal.inside():
        ana, order = users.by_email(PEOPLE[0][1]), Order(month_after(today, 1))
        generation.run_now(order, today=today, actor=ana, now=clock.now())
    waiting = "SELECT count(*) FROM email_messages WHERE state IN ('queued', 'sending')"
    portal.wait_for(lambda: portal.sql(waiting) == 0, "all e-mails ended")


def fill(settings: Settings, today: date) -> str:
    """Company, people, a token, and two months of the past; returns Ana's password."""
    began = noon(month_after(today, -2), settings)
    load_demo(settings, began)
    made = [
        users.create({"name": name, "email": email, "role": role}, None, began)
        for name, email, role in PEOPLE
    ]
    (ana, password), (bruno, _), _ = made
    tokens.create("ERP", ["clients:write", "contracts:write", "generate"], None, ana, began)
    for months, days in ((-1, 55), (0, 25)):
        asked = noon(today - timedelta(days=days), settings)
        work_a_month(month_after(today, months), bruno, settings, asked)
    remind(ana, noon(today - timedelta(days=6), settings), today)
    return password


def work_a_month(competence: date, actor: User, settings: Settings, asked: datetime) -> None:
    """Generate it, send it, and settle most of it."""
    with at(asked):
        generation.run_now(Order(competence), today=asked.date(), actor=actor, now=asked)
        send_all()
    titles = db.session.scalars(
        select(Receivable.id).where(Receivable.competence == competence).order_by(Receivable.id)
    ).all()
    paid = [title for title in titles if title % 10 < SETTLED]
    day = min(competence + timedelta(days=11), clock.now().date())
    receivables.settle_many(paid, day, actor, noon(day, settings))


def remind(actor: User, asked: datetime, today: date) -> None:
    """Send the overdue titles once more, by hand."""
    overdue = select(Receivable.id).where(
        Receivable.status == ReceivableStatus.OPEN,
        Receivable.due_date < today,
        Receivable.delivery_type == DeliveryType.EMAIL,
        Receivable.not_sent_code == "",
    )
    with at(asked):
        issuance.send(db.session.scalars(overdue).all(), issuance.new_key(), actor, asked)
        send_all()


def send_all() -> None:
    """What a worker does, in this process."""
    reconcile.reconcile(clock.now())
    for account_id in db.session.scalars(select(SmtpAccount.id)).all():
        sender.drain(account_id)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The clock set back to `moment`; from there it goes on."""
    started = time.time()
    with patch.object(clock, "now", lambda: moment + timedelta(seconds=time.time() - started)):
        yield


def month_after(day: date, months: int) -> date:
    """The first of the month that many months later."""
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def noon(day: date, settings: Settings) -> datetime:
    """Twelve o'clock in the portal's timezone."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(settings.timezone))


# --- the pictures ---------------------------------------------------------------------------------
def take(page: Page, url: str, into: Path) -> None:
    """One picture of the page at rest, with few colours."""
    page.goto(url, wait_until="networkidle")
    page.evaluate(IN_PORTUGUESE)
    raw = page.screenshot(animations="disabled")
    picture = Image.open(io.BytesIO(raw)).convert("RGB")
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(into, optimize=True)
    print(f"{into.name}  {into.stat().st_size // 1024} KB")  # noqa: T201 - a program


def signed_in(browser: Browser, url: str, password: str) -> BrowserContext:
    """A browser in which Ana works."""
    context = browser.new_context(locale="pt-BR", timezone_id="America/Sao_Paulo", viewport=DESK)
    page = context.new_page()
    page.goto(f"{url}/entrar")
    page.get_by_label("E-mail").fill(PEOPLE[0][1])
    page.get_by_label("Senha").fill(password)
    page.get_by_role("button", name="Entrar").click()
    page.wait_for_url(lambda found: "/entrar" not in found)
    page.goto(f"{url}/configuracoes/smtp/1")
    page.get_by_role("button", name="Enviar e-mail de teste").click()
    page.get_by_text("Confirmação do servidor").wait_for()
    return context


def photograph(context: BrowserContext, url: str, shot: Shot, into: Path) -> None:
    """All pictures of one page."""
    page = context.pages[0]
    for kind in ("", *shot.also):
        page.emulate_media(color_scheme="dark" if kind == "escuro" else "light")
        page.set_viewport_size(PHONE if kind == "360" else {**DESK, "height": shot.height})
        take(page, url, into / f"{'-'.join(filter(None, (shot.name, kind)))}.png")


def main() -> None:
    """Take the pictures that the arguments name; all without arguments."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("--only", action="append", default=[], help="the name of a page; repeat")
    parser.add_argument("--into", type=Path, default=FOLDER)
    args = parser.parse_args()
    args.into.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory() as home,
        living_portal(Path(home)) as (url, password, values),
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        context = signed_in(browser, url, password)
        for shot in SHOTS:
            if not args.only or shot.name in args.only:
                photograph(context, url + shot.path.format(**values), shot, args.into)
        browser.close()


if __name__ == "__main__":
    main()
