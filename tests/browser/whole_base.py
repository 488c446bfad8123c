"""The whole base, billed from the browser: every page and command tells the same numbers."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Page, expect

from portal.core.money import parse_amount
from tests.support.installation import Installation

MONTH = "2026-12"
CONTRACTS = re.compile(r"([\d.]+) contratos? = ([\d.]+) com título \+ ([\d.]+) sem título")
TITLES = re.compile(
    r"([\d.]+) títulos? = ([\d.]+) por e-mail \+ ([\d.]+) impressos? \+ ([\d.]+) não enviados?"
)


@dataclass(frozen=True)
class Numbers:
    """What a preview or a run says of itself."""

    contracts: int
    billed: int
    titles: int
    amount: Decimal
    by_email: int
    printed: int
    not_sent: int
    messages: int

    @classmethod
    def of_command(cls, said: Mapping[str, Any]) -> Self:
        """As `portal preview --json` and `portal generate --json` say them."""
        return cls(
            said["contracts"],
            said["contracts"] - sum(said["not_generated"].values()),
            said["receivables"],
            Decimal(said["amount"]),
            said["emails"],
            said["printed"],
            sum(said["not_sent"].values()),
            said["messages"],
        )

    @classmethod
    def of_simulation(cls, page: Page) -> Self:
        """As the page of the simulation says them."""
        contracts, billed, _ = found(CONTRACTS, words(page))
        messages = found(re.compile(r", em ([\d.]+) e-mails?"), figure(page, "Por e-mail", "small"))
        return cls(
            contracts,
            billed,
            number(figure(page, "Títulos")),
            parse_amount(figure(page, "Títulos", "small").removeprefix("R$").strip()),
            number(figure(page, "Por e-mail")),
            number(figure(page, "Impressos")),
            number(figure(page, "Não serão enviados")),
            *messages,
        )

    @classmethod
    def of_run(cls, page: Page) -> Self:
        """As the page of the run says them, once all of its e-mails ended."""
        text = words(page)
        contracts, billed, _ = found(CONTRACTS, text)
        titles, by_email, printed, not_sent = found(TITLES, text)
        amount = re.search(r"Soma R\$ ([\d.,]+)", text)
        assert amount
        ended, messages = found(re.compile(r"([\d.]+) de ([\d.]+) terminados"), text)
        assert ended == messages
        total = parse_amount(amount[1])
        return cls(contracts, billed, titles, total, by_email, printed, not_sent, messages)


def words(page: Page) -> str:
    """The text of the page's main part, blanks made one."""
    return " ".join(page.locator("main").inner_text().split())


def number(text: str) -> int:
    """`5.700` → 5700."""
    return int(text.replace(".", ""))


def found(pattern: re.Pattern[str], text: str) -> list[int]:
    """The numbers that the pattern finds."""
    match = pattern.search(text)
    assert match, (pattern.pattern, text)
    return [number(group) for group in match.groups()]


def figure(page: Page, name: str, part: str = "strong") -> str:
    """What a figure of that name shows."""
    of_name = page.locator("main .figure").filter(
        has=page.locator("span", has_text=re.compile(f"^{name}$"))
    )
    return " ".join(of_name.locator(part).inner_text().split())


def bill_the_whole_base(page: Page, installation: Installation, url: str, inbox: Path) -> None:
    """Simulate and generate the month for everyone who has none, wait until every e-mail was
    accepted, and compare what is told where."""
    earlier = installation.json("deliveries")["counts"]["sent"]
    commanded = Numbers.of_command(installation.json("preview", "--competence", MONTH))
    page.goto(f"{url}/financeiro/gerar")
    page.get_by_label(re.compile("Competência")).fill(MONTH)
    page.locator("input[name=quem][value=todos]").check()
    page.get_by_role("button", name="Simular").click()
    page.wait_for_url(re.compile("/simular"))
    simulated = Numbers.of_simulation(page)
    assert simulated == commanded
    page.get_by_role("button", name=re.compile(r"Gerar .* títulos? e enviar")).click()
    page.wait_for_url(re.compile(r"/financeiro/gerar/\d+"))
    run_url = page.url
    every = earlier + simulated.messages
    installation.wait_for(
        lambda: installation.counts()["sent"] == every, f"{every} e-mails accepted", 600
    )
    page.goto(run_url)
    expect(page.locator("#andamento")).not_to_have_attribute("hx-trigger", re.compile("every"))
    assert Numbers.of_run(page) == simulated
    check_log(page, installation, url, run_url.rpartition("/")[2], simulated.messages)
    check_inbox(installation, inbox)
    check_dashboard(page, installation, url)


def check_log(page: Page, installation: Installation, url: str, run: str, messages: int) -> None:
    """The log on screen, as the file that it exports, and from the command line."""
    counts = installation.json("deliveries")["counts"]
    assert sum(counts.values()) == counts["sent"]
    for filters, expected in (("estado=sent", counts["sent"]), (f"geracao={run}", messages)):
        page.goto(f"{url}/sistema/log-email?{filters}")
        said = page.locator("main").get_by_text(re.compile(r"^[\d.]+ e-mails?\.")).inner_text()
        assert number(said.partition(" ")[0]) == expected, filters
    page.goto(f"{url}/sistema/log-email?geracao={run}&estado=sent")
    address = page.get_by_role("link", name="Exportar").get_attribute("href")
    exported = page.request.get(f"{url}{address}").text()
    assert len(list(csv.reader(io.StringIO(exported), delimiter=";"))) == 1 + messages


def check_inbox(installation: Installation, inbox: Path) -> None:
    """What really arrived: each message of the log once, at its recipient."""
    parse = BytesHeaderParser().parse
    arrived = []
    for path in inbox.glob("*.eml"):
        with path.open("rb") as file:
            head = parse(file)
        arrived.append((head["Message-ID"].strip(), head["Delivered-To"].strip()))
    logged = installation.json("deliveries")["messages"]
    assert len(arrived) == len(set(arrived)) == len(logged)
    assert set(arrived) == {(item["message_id"], item["recipient"]) for item in logged}


def check_dashboard(page: Page, installation: Installation, url: str) -> None:
    """The figures of today on the first page."""
    page.goto(url)
    counts = installation.counts()
    assert number(figure(page, "Títulos gerados")) == installation.receivables()
    assert number(figure(page, "Enviados")) == counts["sent"]
    for name in ("Na fila", "Falharam", "Incertos"):
        assert number(figure(page, name)) == 0
